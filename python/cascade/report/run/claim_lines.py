"""What a scenario claims under `expect`, beside the figures of its run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cascade.analysis.expectation import judged_claims
from cascade.analysis.frames import Frames
from cascade.report.run.words import Parameter
from cascade.scenario.model import ExpectSpec

__all__ = ["ClaimLine", "claim_lines"]


@dataclass(frozen=True)
class ClaimLine:
    """A row of the section: the claim's path, what it states, the run's figure, whether it holds, and its source."""

    path: str
    stated: str
    found: str
    is_met: bool
    status: str
    source: str


def claim_lines(frames: Frames, parameters: Mapping[str, Sequence[Parameter]]) -> list[ClaimLine]:
    """Return every claim that the scenario states, in its order; none where it states nothing of its own."""
    expect = frames.parameters.get("expect")
    if not expect:
        return []
    known = {row.path: row for row in parameters.get("expect", ())}
    lines = []
    for judged in judged_claims(ExpectSpec.model_validate(_with_numbers(expect)), frames):
        path = f"expect.{judged.claim}"
        # A list has one row of parameters for all of its entries.
        row = known.get(path) or known.get(path.rpartition(".")[0])
        status, source = (row.status, row.source) if row else ("", "")
        lines.append(ClaimLine(path, judged.stated, judged.found, judged.missed is None, status, source))
    return lines


def _with_numbers(value: object, key: str = "") -> object:
    """Return claims as the model reads them: the table of runs holds their exact decimals as text."""
    if isinstance(value, dict):
        return {name: _with_numbers(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_numbers(inner) for inner in value]
    return Decimal(value) if isinstance(value, str) and ("at_least" in key or "at_most" in key) else value
