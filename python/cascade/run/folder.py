"""A run on disk: tables, summary, manifest and report, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from cascade.agents.custom import OwnAgent
from cascade.analysis.frames import Frames
from cascade.analysis.lending.accounting import check_liquidations
from cascade.analysis.links import link_rows
from cascade.analysis.summary import summarise
from cascade.chain.artifacts import Artifact
from cascade.recording.manifest import AgentSource, Manifest, ScenarioText
from cascade.recording.store import table_sha256, write_derived, write_tables
from cascade.recording.tables import LinkRow, Row, RunRow
from cascade.run.expectation import judge
from cascade.run.progress import Progress
from cascade.scenario.load import Scenario
from cascade.toolchain.versions import tool_versions

__all__ = ["describe_run", "run_id_of", "write_run"]


def run_id_of(
    scenario: Scenario,
    artifacts: Mapping[str, Artifact],
    own_agents: Mapping[str, OwnAgent],
    *,
    built_like: Scenario | None = None,
) -> str:
    """`<scenario>-<seed>-<hash>`: over every parameter, the price path, the contracts' code and own agents' source.

    Parameters
    ----------
    built_like : Scenario, optional
        The baseline whose positions stand in the run: its parameters count too.
    """
    digest = hashlib.sha256()
    parts = [scenario.parameters_json(), scenario.path_json(), _contracts_sha256(artifacts)]
    parts += [f"{name} {agent.sha256}" for name, agent in own_agents.items()]
    if built_like is not None:
        parts += [built_like.parameters_json(), built_like.path_json()]
    for part in parts:
        digest.update(part.encode())
    return f"{scenario.spec.name}-{scenario.seed}-{digest.hexdigest()[:10]}"


def describe_run(scenario: Scenario, artifacts: Mapping[str, Artifact], *, run_id: str, positions: int) -> RunRow:
    """Return the row of the table `runs`.

    Parameters
    ----------
    positions : int
        Number of positions built.
    """
    spec = scenario.spec
    parameters = scenario.parameters_json()
    return RunRow(
        run_id=run_id,
        seed=scenario.seed,
        scenario=spec.name,
        engine=spec.lending.engine,
        start_timestamp=spec.timeline.start_timestamp,
        block_seconds=spec.timeline.block_seconds,
        positions=positions,
        counterfactual=spec.counterfactual or "",
        parameters=parameters,
        scenario_sha256=hashlib.sha256(parameters.encode()).hexdigest(),
        contracts_sha256=_contracts_sha256(artifacts),
    )


def _bytecode_hashes(artifacts: Mapping[str, Artifact]) -> dict[str, str]:
    return {
        name: artifact.bytecode_sha256
        for name, artifact in sorted(artifacts.items())
        if artifact.bytecode != "0x" and not artifact.is_harness
    }


def _contracts_sha256(artifacts: Mapping[str, Artifact]) -> str:
    lines = [f"{name} {digest}" for name, digest in _bytecode_hashes(artifacts).items()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def write_run(
    scenario: Scenario,
    artifacts: Mapping[str, Artifact],
    rows: Iterable[Row],
    *,
    own_agents: Mapping[str, OwnAgent],
    out: Path,
    wall_seconds: Callable[[], float],
    not_hashed: Mapping[str, float],
    progress: Progress,
    built_like: Scenario | None = None,
    draw: Callable[[Path], object] | None = None,
) -> Path:
    """Write everything under a temporary name, and give the folder its own once it is whole.

    Parameters
    ----------
    not_hashed : mapping
        Figures of the machine for the summary: memory and times.
    draw : callable, optional
        Draws the page into the folder while it still has its temporary name; null leaves the page out.

    Returns
    -------
    Path
        `out/RUN_ID`; an earlier run of the same id is replaced.

    Raises
    ------
    AccountingViolation
        When a liquidation does not add up; no folder is left then.
    """
    run_id = run_id_of(scenario, artifacts, own_agents, built_like=built_like)
    partial = out / f".partial-{run_id}-{os.getpid()}"
    try:
        with progress.stage("writing tables"):
            write_tables(partial / "tables", rows)
            frames = Frames(partial)
            check_liquidations(frames)
            write_derived(partial / "tables", LinkRow, link_rows(frames))
            summary = summarise(frames, wall_seconds=round(wall_seconds(), 3))
            summary.update(not_hashed)
            manifest = Manifest(
                **_text_of(scenario),
                run_id=run_id,
                scenario_name=scenario.spec.name,
                scenario_file=scenario.file,
                built_like=None if built_like is None else ScenarioText(**_text_of(built_like)),
                seed=scenario.seed,
                overrides=tuple(scenario.overrides),
                tools=tool_versions(),
                contracts=_bytecode_hashes(artifacts),
                agents={
                    name: AgentSource(agent=agent.reference, sha256=agent.sha256, source=agent.source)
                    for name, agent in own_agents.items()
                },
                tables=table_sha256(partial / "tables"),
                expectation=judge(scenario.spec.expect, frames),
            )
            _write_json(partial / "summary.json", summary)
            (partial / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")
        if draw is not None:
            with progress.stage("drawing the report"):
                draw(partial)
        return _put_in_place(partial, out / run_id)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _text_of(scenario: Scenario) -> dict[str, str]:
    return {
        "scenario_text": scenario.text,
        "price_path_file": Path(scenario.spec.prices.path).name,
        "price_path_text": scenario.path_text,
    }


def _write_json(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def _put_in_place(partial: Path, final: Path) -> Path:
    if final.exists():
        previous = final.with_name(f".partial-old-{final.name}-{os.getpid()}")
        final.rename(previous)
        partial.rename(final)
        shutil.rmtree(previous)
    else:
        partial.rename(final)
    return final
