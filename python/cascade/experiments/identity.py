"""Identify a run by everything that decides its outcome, so that an outcome is never taken for that of other inputs."""

from __future__ import annotations

import hashlib
import json

from cascade.agents.custom import load_own_agents
from cascade.chain.artifacts import load_artifacts
from cascade.deployment.lending import engine_artifacts
from cascade.deployment.own_contracts import load_own_contracts
from cascade.run.inputs import RunInputs
from cascade.scenario.load import Scenario
from cascade.toolchain.sources import package_sha256
from cascade.toolchain.versions import tool_versions

__all__ = ["identity_of", "inputs_of", "tools_text"]

_ID_DIGITS = 16


def inputs_of(scenario: Scenario, like: Scenario | None = None) -> RunInputs:
    """Return the inputs of a run: scenario, contracts, the user's own code, and the baseline whose positions stand."""
    artifacts = {**load_artifacts(), **engine_artifacts(scenario.spec.lending.engine)}
    own = load_own_contracts(scenario, artifacts)
    artifacts |= {reference: found.artifact for reference, found in own.items()}
    return RunInputs(scenario, artifacts, load_own_agents(scenario), own, built_like=like)


def identity_of(scenario: Scenario, like: Scenario | None = None, *, tools: str | None = None) -> str:
    """Return a hash over a run's inputs, the versions of its tools, and the source of this package.

    Parameters
    ----------
    tools : str, optional
        What `tools_text` returned; None asks it.
    """
    text = tools_text(scenario) if tools is None else tools
    return hashlib.sha256(f"{inputs_of(scenario, like).sha256}\n{text}".encode()).hexdigest()[:_ID_DIGITS]


def tools_text(scenario: Scenario) -> str:
    """Return the versions of the tools that a run of a scenario uses, and the hash over this package's source."""
    versions = tool_versions(in_process=scenario.spec.chain.engine == "revm")
    return json.dumps({**versions, "cascade": package_sha256()}, sort_keys=True)
