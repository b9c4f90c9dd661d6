"""Published figures of 10 October 2025 and of 10 March 2026, each with the figure of a run that it is compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from cascade.analysis.published import measures
from cascade.analysis.published.measures import Played

__all__ = ["ACCOUNT", "GROWTH_CAP", "OCTOBER", "RECORD", "Band", "Fact", "Figure", "Part", "facts_of"]

Figure = float | datetime | None
"""A figure of a run: a number, a time, or None where the run has none."""
Part = Literal["input", "target", "free", "otherwise"]
"""Part that a figure plays in a run: `input` is put in; `target` should come out within the band; `free` is a size that
is chosen, in a stated proportion to the published one; `otherwise` is one that the run sets out to have otherwise."""


@dataclass(frozen=True)
class Band:
    """Bounds of what counts as met; None leaves a side open.

    Attributes
    ----------
    low, high : float or datetime, optional
        The bounds, which count as within.
    """

    low: float | datetime | None = None
    high: float | datetime | None = None

    def holds(self, figure: Figure) -> bool:
        """Return whether a figure lies within; one that the run does not have lies outside."""
        if figure is None:
            return False
        # A band and its figure are both numbers or both times.
        above = self.low is None or figure >= self.low  # type: ignore[operator]
        return above and (self.high is None or figure <= self.high)  # type: ignore[operator]


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A published figure.

    Attributes
    ----------
    name : str
        What it is a figure of.
    published : str
        The figure as published.
    source : str
        Who published it.
    measure : callable
        Returns the figure of a run.
    shown : str
        Format of a number; times are shown to the minute.
    band : Band
        What counts as met.
    parts : dict
        The part that it plays, by scenario.
    why : dict
        Reason why a target is missed, or why a figure is free or otherwise, by scenario.
    """

    name: str
    published: str
    source: str
    measure: Callable[[Played], Figure]
    shown: str
    band: Band
    parts: dict[str, Part]
    why: dict[str, str] = field(default_factory=dict)

    @property
    def band_words(self) -> str:
        """The band in words; a dash where it is open on both sides."""
        low, high = (None if bound is None else self.words(bound) for bound in (self.band.low, self.band.high))
        if low is None and high is None:
            return "\u2013"
        return str(low) if low == high else f"{low} to {high}"

    def words(self, figure: Figure) -> str:
        """Return a figure in words; `none` where the run has none."""
        if figure is None:
            return "none"
        return f"{figure:%H:%M}" if isinstance(figure, datetime) else f"{figure:{self.shown}}"

    def verdict(self, figure: Figure, scenario: str) -> str:
        """Return `met` or `missed` for a target, and the part that it plays for every other figure."""
        part = self.parts[scenario]
        if part != "target":
            return part
        return "met" if self.band.holds(figure) else "missed"


ACCOUNT, RECORD, CAP = "october-2025", "october-2025-record", "capo-2026-03"
_BOOK, _BOOK_PRICE, _POOL_PRICE = "USDe-USDC", "book:USDe-USDC", "spot:usde-usdc"
_CHAIN_PRICE = (
    "the pool is thin and redemption closed while it falls in this account: USDe loses its peg on chain, which it did "
    "not that day"
)
_FORGOTTEN = "the price of a forgotten order, which the scenario states"
_NO_ASKS = (
    "spreads are taken from resting orders, and once the makers' quotes are gone hardly anybody asks: holders sell at "
    "the market"
)
_INSURED = (
    "the first liquidations are those of the shock, which the insurance fund bears; deleveraging begins with the "
    "takeover of makers"
)
_ONE_PERPETUAL = (
    "the run has one perpetual, on the altcoin; three quarters of the day's liquidations were of perpetuals on many "
    "assets, the majors among them, which are left out"
)


def _at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2025-10-10T{clock}:00+00:00")


def _both(part: Part) -> dict[str, Part]:
    return {ACCOUNT: part, RECORD: part}


OCTOBER: tuple[Fact, ...] = (
    Fact(
        name="BTC before, dollars",
        published="116,500",
        source="Chaos Labs, Anthias",
        measure=lambda run: measures.path_start(run, "BTC"),
        shown=",.0f",
        band=Band(116_500, 116_500),
        parts=_both("input"),
    ),
    Fact(
        name="BTC at its low, dollars",
        published="102,700",
        source="Chaos Labs, Anthias",
        measure=lambda run: measures.path_low(run, "BTC"),
        shown=",.0f",
        band=Band(102_700, 102_700),
        parts=_both("input"),
    ),
    Fact(
        name="ETH at its low, dollars",
        published="3,460.22",
        source="Anthias",
        measure=lambda run: measures.path_low(run, "WETH"),
        shown=",.2f",
        band=Band(3460.22, 3460.22),
        parts=_both("input"),
    ),
    Fact(
        name="SOL at its low, dollars",
        published="169 to 174",
        source="HyperAnalyzeADL",
        measure=lambda run: measures.path_low(run, "SOL"),
        shown=",.2f",
        band=Band(169, 174),
        parts=_both("input"),
    ),
    Fact(
        name="Low of the majors, UTC",
        published="21:20 to 21:21",
        source="Binance's statement",
        measure=lambda run: measures.path_time(run, "WETH"),
        shown="",
        band=Band(_at("21:20"), _at("21:21")),
        parts=_both("input"),
    ),
    Fact(
        name="USDe's low on the exchange, dollars",
        published="0.6567",
        source="PANews/yq",
        measure=lambda run: measures.book_low(run, _BOOK),
        shown=".4f",
        band=Band(0.62, 0.69),
        parts=_both("target"),
    ),
    Fact(
        name="USDe's low on the exchange, UTC",
        published="about 21:43, within 21:36 to 22:16",
        source="Binance's statement, yq",
        measure=lambda run: measures.low_time(run, _BOOK),
        shown="",
        band=Band(_at("21:36"), _at("22:16")),
        parts=_both("target"),
    ),
    Fact(
        name="USDe under 0.98 on the exchange, minutes",
        published="about 90 (0.75 to 0.98)",
        source="PANews/yq, ArkStream",
        measure=lambda run: measures.minutes_below(run, "USDe", _BOOK_PRICE, 0.98),
        shown=".0f",
        band=Band(40, 100),
        parts=_both("target"),
    ),
    Fact(
        name="USDe back at 0.985 on the exchange, UTC",
        published="about 0.99 by 22:45",
        source="ArkStream",
        measure=lambda run: measures.recovered_time(run, "USDe", _BOOK_PRICE, 0.985),
        shown="",
        band=Band(_at("22:16"), _at("22:45")),
        parts=_both("target"),
    ),
    Fact(
        name="USDe on chain, lowest hourly median, dollars",
        published="0.9976",
        source="wuxiaoyuan11",
        measure=lambda run: measures.hourly_median_low(run, "USDe", _POOL_PRICE),
        shown=".4f",
        band=Band(0.99, 1.0),
        parts={ACCOUNT: "otherwise", RECORD: "target"},
        why={ACCOUNT: _CHAIN_PRICE},
    ),
    Fact(
        name="wBETH's low on the exchange, dollars",
        published="430.65",
        source="edgen",
        measure=lambda run: measures.book_low(run, "wBETH-USDC"),
        shown=".2f",
        band=Band(425, 435),
        parts=_both("input"),
        why={ACCOUNT: _FORGOTTEN, RECORD: _FORGOTTEN},
    ),
    Fact(
        name="BNSOL's low on the exchange, dollars",
        published="34.90",
        source="CoinDesk",
        measure=lambda run: measures.book_low(run, "BNSOL-USDC"),
        shown=".2f",
        band=Band(34.5, 35.5),
        parts=_both("input"),
        why={ACCOUNT: _FORGOTTEN, RECORD: _FORGOTTEN},
    ),
    Fact(
        name="Fall of altcoins, per cent",
        published="53 (ATOM), 70 (SUI), 64.5 (ENJ); about 200 coins over 80",
        source="Cointelegraph, Coin Metrics, ltrd",
        measure=lambda run: measures.fall_pct(run, "ALT-USDC"),
        shown=".0f",
        band=Band(53, 90),
        parts=_both("target"),
    ),
    Fact(
        name="Book of USDe, smallest over the start, per cent",
        published="2.2 (89 M dollars to 2 M at 21:54)",
        source="Rena Labs",
        measure=lambda run: measures.depth_left_pct(run, _BOOK),
        shown=".1f",
        band=Band(0, 5),
        parts=_both("target"),
    ),
    Fact(
        name="Book of USDe at the start, tokens within 2 %",
        published="89 M dollars, two-sided",
        source="Rena Labs",
        measure=lambda run: measures.depth_start_tokens(run, _BOOK, 18),
        shown=",.0f",
        band=Band(),
        parts=_both("free"),
        why={ACCOUNT: "chosen with the sizes of accounts", RECORD: "chosen with the sizes of accounts"},
    ),
    Fact(
        name="Widest spread of USDe, per cent",
        published="22",
        source="Rena Labs",
        measure=lambda run: measures.widest_spread_pct(run, "USDe", _BOOK),
        shown=".1f",
        band=Band(11, 44),
        parts=_both("target"),
        why={ACCOUNT: _NO_ASKS},
    ),
    Fact(
        name="Liquidated before USDe traded under 0.97, per cent",
        published="about 75 (before the deviations of the exchange's prices)",
        source="Binance's statement",
        measure=lambda run: measures.share_before_pct(run, "USDe", _BOOK_PRICE, 0.97),
        shown=".0f",
        band=Band(60, 90),
        parts=_both("target"),
        why={ACCOUNT: _ONE_PERPETUAL, RECORD: _ONE_PERPETUAL},
    ),
    Fact(
        name="First liquidation to first deleveraging, seconds",
        published="61.7 (Hyperliquid)",
        source="HyperAnalyzeADL",
        measure=measures.adl_delay_seconds,
        shown=".0f",
        band=Band(30, 120),
        parts=_both("target"),
        why={
            ACCOUNT: _INSURED,
            RECORD: _INSURED,
        },
    ),
    Fact(
        name="Deficit over debt liquidated on chain, per cent",
        published="0.22 (0.4 M of 180 M, all of Aave)",
        source="Aave's governance",
        measure=measures.deficit_pct,
        shown=".2f",
        band=Band(0, 0.5),
        parts={ACCOUNT: "otherwise", RECORD: "otherwise"},
        why={ACCOUNT: _CHAIN_PRICE, RECORD: "nothing is liquidated on chain in it: other collaterals are left out"},
    ),
    Fact(
        name="Liquidated against USDe on chain, dollars",
        published="50,000",
        source="Ethena's forum, t/706",
        measure=lambda run: measures.liquidated_usd(run, "USDe"),
        shown=",.0f",
        band=Band(0, 100_000),
        parts={ACCOUNT: "otherwise", RECORD: "target"},
        why={ACCOUNT: _CHAIN_PRICE},
    ),
)
"""Figures of the day, in the order of the account."""


def _ether(run: Played, usd: float | None) -> float | None:
    price = measures.path_start(run, "WETH")
    return None if usd is None or price is None else usd / price


GROWTH_CAP: tuple[Fact, ...] = (
    Fact(
        name="Accounts liquidated",
        published="34",
        source="Chaos Labs",
        measure=lambda run: float(run.summary.liquidated_positions),
        shown=".0f",
        band=Band(34, 34),
        parts={CAP: "input"},
    ),
    Fact(
        name="wstETH liquidated",
        published="10,938",
        source="Chaos Labs",
        measure=lambda run: measures.seized_tokens(run, "wstETH"),
        shown=",.1f",
        band=Band(10_935, 10_941),
        parts={CAP: "input"},
    ),
    Fact(
        name="Price under the rate, per cent",
        published="2.85",
        source="Chaos Labs",
        measure=lambda run: measures.fall_of_oracle_pct(run, "wstETH"),
        shown=".2f",
        band=Band(2.84, 2.86),
        parts={CAP: "input"},
    ),
    Fact(
        name="Loss of borrowers, ETH",
        published="512.48 (382.76 by the price, 129.72 by the bonus)",
        source="Aave's proposal 458",
        measure=lambda run: _ether(run, run.summary.regret.loss_usd),
        shown=".2f",
        band=Band(507, 518),
        parts={CAP: "target"},
    ),
    Fact(
        name="Profit of liquidators, ETH",
        published="499",
        source="Chaos Labs",
        measure=lambda run: _ether(run, run.summary.keepers.gross_profit_usd),
        shown=".2f",
        band=Band(494, 504),
        parts={CAP: "target"},
    ),
    Fact(
        name="Fee of the protocol at the rate, ETH",
        published="13.32",
        source="Aave's proposal 458",
        measure=lambda run: _ether(run, measures.fee_at_the_end_usd(run)),
        shown=".2f",
        band=Band(13.1, 13.5),
        parts={CAP: "target"},
    ),
    Fact(
        name="Deficit, dollars",
        published="0",
        source="Chaos Labs",
        measure=lambda run: run.summary.deficit_usd,
        shown=",.0f",
        band=Band(0, 0),
        parts={CAP: "target"},
    ),
)
"""Figures of the second event."""


def facts_of(scenario: str) -> tuple[Fact, ...]:
    """Return the facts that a scenario's runs are compared with; none for most scenarios."""
    return tuple(fact for fact in (*OCTOBER, *GROWTH_CAP) if scenario in fact.parts)
