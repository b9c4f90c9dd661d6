"""Measure gas by intent over finished runs on anvil: `python -m cascade.experiments.gas RUN...`."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence

from cascade.recording.tables import TransactionRow
from cascade.run.opened import Run
from cascade.vocabulary import Lane, Phase, TransactionStatus

__all__ = ["gas_per_intent", "main"]


def gas_per_intent(runs: Sequence[Run]) -> dict[tuple[str, bool], int]:
    """Return the mean gas of the crash phase's transactions on the chain's lane, by intent and success."""
    found: defaultdict[tuple[str, bool], list[int]] = defaultdict(list)
    for run in runs:
        for row in run.frames.rows(TransactionRow):
            is_mined = row.phase == Phase.CRASH and row.lane == Lane.CHAIN and row.status != TransactionStatus.REJECTED
            if is_mined and row.gas_used is not None:
                found[row.intent, row.status == TransactionStatus.OK].append(row.gas_used)
    return {key: sum(gas) // len(gas) for key, gas in sorted(found.items())}


def main(arguments: Sequence[str]) -> None:
    """Print one line per intent and outcome: mean gas."""
    for (intent, ok), gas in gas_per_intent([Run(folder) for folder in arguments]).items():
        sys.stdout.write(f"{intent} {'ok' if ok else 'reverted'}: {gas}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
