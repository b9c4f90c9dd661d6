"""Mutation tests of the contracts: `make mutants`.

Each mutant is a contract with one small fault, and is killed when one of the contract's tests fails. The exit code is 1
when more than one mutant in twenty survives without a reason in `accepted.toml`, or when a reason there is of no
survivor; 0 otherwise.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path

from cascade.toolchain.paths import project_root

from .campaign import Campaign, Outcome
from .targets import TARGETS

ACCEPTED = Path(__file__).with_name("accepted.toml")
Key = tuple[str, str, str, str, int]
"""File, function, lines before and after, occurrence."""


def accepted_survivors(path: Path = ACCEPTED) -> dict[Key, str]:
    """The reason of each survivor that is meant to survive."""
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("accepted", [])
    return {
        (entry["file"], entry["function"], entry["before"], entry["after"], entry.get("occurrence", 0)): entry["reason"]
        for entry in entries
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--sample", type=int, default=25, help="mutants of each contract")
    parser.add_argument("--all", action="store_true", help="every mutant: hours")
    parser.add_argument("--seed", type=int, default=20251010, help="which mutants the sample has")
    parser.add_argument("--only", default="", help="contracts whose path has this, such as SpotBook or oracle/")
    options = parser.parse_args()

    accepted = accepted_survivors()
    campaign = Campaign(project_root(), seed=options.seed, most=0 if options.all else options.sample)
    outcomes, wrong = [], 0
    try:
        for file, tests in TARGETS.items():
            if options.only in file:
                outcome, mistakes = run_one(campaign, file, tests, accepted)
                outcomes.append(outcome)
                wrong += mistakes
    finally:
        campaign.close()
    return 1 if summarise(outcomes, accepted) or wrong else 0


def run_one(campaign: Campaign, file: str, tests: list[str], accepted: dict[Key, str]) -> tuple[Outcome, int]:
    """Try a file's mutants, print each survivor that is not explained as it is found, and count wrong explanations."""
    outcome, wrong = Outcome(file), 0
    for mutant, killed, now in campaign.run(file, tests):
        outcome = now
        key = (file, *mutant.key)
        if killed and key in accepted:
            wrong += 1
            print(f"error: {ACCEPTED.name}: explained, but killed: {' | '.join(map(str, key))}", file=sys.stderr)
        if not killed and key not in accepted:
            place = f"{file}: {mutant.function}" + (f" (occurrence {mutant.occurrence})" if mutant.occurrence else "")
            print(f"survives: {place}\n  - {mutant.before}\n  + {mutant.after}", flush=True)
    for key in accepted:
        if key[0] == file and key[1:] not in outcome.possible:
            wrong += 1
            print(f"error: {ACCEPTED.name}: no such mutant: {' | '.join(map(str, key))}", file=sys.stderr)
    print(line(outcome, accepted), flush=True)
    return outcome, wrong


def line(outcome: Outcome, accepted: dict[Key, str]) -> str:
    explained = sum((outcome.file, *mutant.key) in accepted for mutant in outcome.survivors)
    return (
        f"{outcome.file:36} {outcome.tried:4} of {len(outcome.possible):4} tried, {len(outcome.killed):4} killed, "
        f"{explained:3} explained, {len(outcome.survivors) - explained:3} not"
    )


def summarise(outcomes: list[Outcome], accepted: dict[Key, str]) -> bool:
    """Print the sums; return whether too many survive, or nothing was tried."""
    possible = sum(len(outcome.possible) for outcome in outcomes)
    tried = sum(outcome.tried for outcome in outcomes)
    killed = sum(len(outcome.killed) for outcome in outcomes)
    survivors = [(outcome.file, *mutant.key) for outcome in outcomes for mutant in outcome.survivors]
    unexplained = sum(key not in accepted for key in survivors)
    print(
        f"{len(outcomes)} contracts: {tried} mutants of {possible}, {killed} killed, "
        f"{len(survivors) - unexplained} survive with a reason, {unexplained} without"
    )
    if not tried:
        print("error: no mutant was tried", file=sys.stderr)
    return not tried or 20 * unexplained > tried


if __name__ == "__main__":
    sys.exit(main())
