"""Write docs/OCTOBER.md: a walk through October, in which every figure stands beside the command that prints it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cascade.analysis.published.facts import ACCOUNT, RECORD
from cascade.errors import CascadeError
from cascade.run.figure import figure_of
from cascade.run.opened import Run

__all__ = ["STOPS", "Stop", "walk"]


@dataclass(frozen=True)
class Stop:
    """One stop of the walk.

    Attributes
    ----------
    title : str
        What happens there.
    text : str
        The story, with a place `{name}` per figure.
    figures : dict
        Path in the summary and format of each figure by its name: a format of numbers, `time`, or `text`.
    scenario : str
        The run that the figures are of.
    """

    title: str
    text: str
    figures: Mapping[str, tuple[str, str]]
    scenario: str = ACCOUNT


STOPS: Sequence[Stop] = (
    Stop(
        title="The shock comes from outside",
        text=(
            "ETH falls from 4,395.57 to {eth} dollars. This path, with those of BTC and SOL, is all that is put "
            "in. What follows is made by contracts and actors."
        ),
        figures={"eth": ("trough.WETH.path", ",.2f")},
    ),
    Stop(
        title="Whales are called, and unwind",
        text=(
            "Whales have pledged ETH and altcoins, and looped USDe with what they borrowed. The loan desk makes "
            "{calls} margin calls. Borrowers meet {met} of them, by unwinding loops into a thin pool, and {sold} end "
            "with a sale. It sells pledges of {borrowers} borrowers; those sales make {share} % of the altcoin's fall "
            "before the first maker is taken over."
        ),
        figures={
            "calls": ("exchange.margin_calls", ",.0f"),
            "met": ("exchange.margin_calls_met", ",.0f"),
            "sold": ("exchange.margin_calls_sold", ",.0f"),
            "borrowers": ("exchange.desk_borrowers", ",.0f"),
            "share": ("exchange.desk_spirals.ALT-USDC.share_of_fall_pct", ".0f"),
        },
    ),
    Stop(
        title="USDe loses its peg on chain, and loops are liquidated",
        text=(
            "The pool that the lending oracle reads falls to {spot} dollars. Keepers make {liquidations} "
            "liquidations, which repay {covered} M dollars of debt; lenders lose {deficit} M."
        ),
        figures={
            "spot": ("trough.USDe.spot:usde-usdc", ".4f"),
            "liquidations": ("liquidations", ",.0f"),
            "covered": ("debt_covered_usd", "millions"),
            "deficit": ("deficit_usd", "millions"),
        },
    ),
    Stop(
        title="Makers grow in leverage without a trade",
        text=(
            "Makers of the exchange hold altcoins, USDe, wBETH and BNSOL against debt. What they hold falls, and "
            "their leverage grows from {start} to {peak}. The engine takes over the first of {accounts} accounts "
            "at {first} and the last at {last}; {busiest} % of them go in the busiest minute."
        ),
        figures={
            "start": ("exchange.leverage.makers.start", ".2f"),
            "peak": ("exchange.leverage.makers.peak", ".2f"),
            "accounts": ("exchange.takeovers.makers.accounts", ",.0f"),
            "first": ("exchange.takeovers.makers.first_at", "time"),
            "last": ("exchange.takeovers.makers.last_at", "time"),
            "busiest": ("exchange.takeovers.makers.busiest_minute_pct", ".0f"),
        },
    ),
    Stop(
        title="The altcoin falls through an empty book",
        text=(
            "With the makers go their quotes: bids and asks within 2 % fall by {depth} %. The engine sells what "
            "the makers held, and the altcoin falls by {fall} % within five minutes, to {low} dollars at {at}: "
            "the price of an order that somebody forgot."
        ),
        figures={
            "depth": ("exchange.books.ALT-USDC.depth_fall_pct", ".0f"),
            "fall": ("exchange.books.ALT-USDC.five_minute_fall_pct", ".0f"),
            "low": ("exchange.books.ALT-USDC.low", ".2f"),
            "at": ("exchange.books.ALT-USDC.low_at", "time"),
        },
    ),
    Stop(
        title="The way back",
        text=(
            "Ten minutes after its low the altcoin stands at {back} % of its price at the start. Its bids within "
            "2 % are back at a tenth at {tenth}. Redemption of USDe reopens at {reopened}, and arbitrage brings its "
            "price back."
        ),
        figures={
            "back": ("exchange.books.ALT-USDC.after_10_minutes_pct", ".0f"),
            "tenth": ("exchange.books.ALT-USDC.depth_tenth_at", "time"),
            "reopened": ("events.redemption-reopens.made_at", "time"),
        },
    ),
    Stop(
        title="The record, on the same day",
        text=(
            "With Aave's oracle, deep pools and open redemption the exchange prints USDe at {book} dollars, the "
            "pool on chain holds {spot}, and {liquidations} loops are liquidated there."
        ),
        figures={
            "book": ("trough.USDe.book:USDe-USDC", ".4f"),
            "spot": ("trough.USDe.spot:usde-usdc", ".4f"),
            "liquidations": ("liquidations", ",.0f"),
        },
        scenario=RECORD,
    ),
)
"""The walk, in the order of the account."""

_HEAD = """# A walk through October

Two commands make the runs of this page, each a minute or two long:

```sh
cascade replay october-2025 --out runs
cascade replay october-2025-record --out runs
```

Under each stop stand the commands that print its figures; the number in the text is the printed one, rounded.
`python -m cascade.commands.calibration` writes this page anew, and [CALIBRATION.md](CALIBRATION.md) compares the runs
with what was published of the day. The page of each run (`report.html`) shows the same, minute by minute.
"""


def walk(runs: Mapping[str, Run]) -> str:
    """Return the text of docs/OCTOBER.md, of the account's run and the record's.

    Raises
    ------
    CascadeError
        When a run does not have a figure of the walk.
    """
    return "\n".join([_HEAD, *(_stop(number, stop, runs[stop.scenario]) for number, stop in enumerate(STOPS, 1))])


def _stop(number: int, stop: Stop, run: Run) -> str:
    printed = {name: figure_of(run.folder, path) for name, (path, _) in stop.figures.items()}
    shown = {name: _shown(printed[name], form, path=path) for name, (path, form) in stop.figures.items()}
    commands = [
        f"cascade figure runs/{stop.scenario}-1-* {path}  # {json.dumps(printed[name])}"
        for name, (path, _) in stop.figures.items()
    ]
    return "\n".join([f"## {number}. {stop.title}", "", stop.text.format(**shown), "", "```sh", *commands, "```", ""])


def _shown(figure: object, form: str, *, path: str) -> str:
    if form == "time" and isinstance(figure, str):
        return f"{datetime.fromisoformat(figure):%H:%M:%S}"
    if isinstance(figure, (int, float)):
        return f"{figure / 1e6:,.1f}" if form == "millions" else f"{figure:{form}}"
    raise CascadeError(f"the walk through October: {path} is {json.dumps(figure)}")
