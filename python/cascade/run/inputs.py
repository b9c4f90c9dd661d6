"""The inputs of a run: everything that decides its tables, and hence its identity."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from cascade.agents.custom import OwnAgent
from cascade.chain.artifacts import Artifact
from cascade.deployment.own_contracts import OwnContract
from cascade.recording.manifest import NetworkPlace
from cascade.recording.tables import RunRow
from cascade.scenario.load import Scenario

__all__ = ["RunInputs", "contracts_sha256"]

_ID_DIGITS = 10


def contracts_sha256(hashes: Mapping[str, str]) -> str:
    """Return one hash over the bytecode of several contracts, from the hash of each by name."""
    lines = [f"{name} {digest}" for name, digest in sorted(hashes.items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@dataclass(frozen=True)
class RunInputs:
    """A scenario, with the code of every contract and agent that takes part in its run.

    Attributes
    ----------
    scenario : Scenario
        The scenario that is run.
    artifacts : mapping of str to Artifact
        The compiled contracts by name.
    own_agents : mapping of str to OwnAgent
        The user's own agents by their entry in the scenario.
    own_contracts : mapping of str to OwnContract
        The user's own contracts by reference; they are among the artifacts too.
    built_like : Scenario, optional
        The baseline whose positions stand in the run; None where the run builds the scenario's own.
    network : NetworkPlace, optional
        Where the run plays, if on a chain that others use too; None on a chain of its own.
    """

    scenario: Scenario
    artifacts: Mapping[str, Artifact] = field(repr=False)
    own_agents: Mapping[str, OwnAgent]
    own_contracts: Mapping[str, OwnContract] = field(default_factory=dict)
    built_like: Scenario | None = None
    network: NetworkPlace | None = None

    @cached_property
    def run_id(self) -> str:
        """`<scenario>-<seed>-<hash>`, the hash over all parameters, price paths, contracts and own sources."""
        return f"{self.scenario.spec.name}-{self.scenario.seed}-{self.sha256[:_ID_DIGITS]}"

    @cached_property
    def sha256(self) -> str:
        """The hash that the id begins, in full."""
        scenario, digest = self.scenario, hashlib.sha256()
        # Ids of existing runs depend on the order of these parts.
        parts = [scenario.parameters_json(), scenario.path_json(), self.contracts_sha256]
        parts += [f"{name} {agent.sha256}" for name, agent in self.own_agents.items()]
        parts += scenario.account_texts().values()
        # Beside the bytecode, which a compiler need not change with every change of the source.
        parts += [f"{reference} {own.sha256}" for reference, own in self.own_contracts.items()]
        if self.built_like is not None:
            parts += [self.built_like.parameters_json(), self.built_like.path_json()]
            parts += self.built_like.account_texts().values()
        if self.network is not None:
            # No two runs on such a chain are the same.
            parts.append(f"{self.network.chain_id} {self.network.account} {self.network.first_block}")
        for part in parts:
            digest.update(part.encode())
        return digest.hexdigest()

    @cached_property
    def bytecode_sha256(self) -> dict[str, str]:
        """Hash of the creation bytecode of every contract of the world, by name in alphabetical order."""
        return {
            name: artifact.bytecode_sha256
            for name, artifact in sorted(self.artifacts.items())
            # Interfaces have no bytecode. Harness contracts are deployed by tests alone: they change no run.
            if artifact.bytecode != "0x" and not artifact.is_harness
        }

    @property
    def contracts_sha256(self) -> str:
        """One hash over the bytecode of all contracts."""
        return contracts_sha256(self.bytecode_sha256)

    def row(self, *, positions: int, times: Sequence[int] = ()) -> RunRow:
        """Return the row of the table `runs`.

        Parameters
        ----------
        positions : int
            Number of positions that were built.
        times : sequence of int
            Unix times of the crash blocks, on a chain with a time of its own; the scenario's timeline has them else.
        """
        spec, parameters = self.scenario.spec, self.scenario.parameters_json()
        return RunRow(
            run_id=self.run_id,
            seed=self.scenario.seed,
            scenario=spec.name,
            engine=spec.lending.engine,
            start_timestamp=times[0] if times else spec.timeline.start_timestamp,
            block_seconds=_mean_interval(times) if times else spec.timeline.block_seconds,
            chain_engine=spec.chain.engine if self.network is None else "network",
            positions=positions,
            counterfactual=spec.counterfactual or "",
            parameters=parameters,
            scenario_sha256=hashlib.sha256(parameters.encode()).hexdigest(),
            contracts_sha256=self.contracts_sha256,
        )


def _mean_interval(times: Sequence[int]) -> int:
    """Return the mean time between blocks, rounded to seconds, and no less than one."""
    return max(round((times[-1] - times[0]) / max(len(times) - 1, 1)), 1)
