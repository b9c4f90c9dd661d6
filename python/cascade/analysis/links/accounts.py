"""Value a cohort's unified accounts step by step: effects of prices, trades and interest on equity."""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction
from functools import cached_property
from itertools import accumulate

from cascade.analysis.frames import Parameters
from cascade.analysis.links.depegs import redemption_usd
from cascade.analysis.links.evidence import Evidence, Place
from cascade.analysis.links.model import Feeder
from cascade.recording.store import rows_of
from cascade.recording.tables import ExchangeEventRow, MarginCohortRow
from cascade.units import BPS, E8
from cascade.vocabulary import ExchangeEvent, LinkKind, NoLink, Phase

__all__ = ["Accounts", "borrowing_cohorts"]

Effects = dict[Feeder, Fraction]
"""Dollars by feeder; negative where equity fell."""


def borrowing_cohorts(run: Evidence) -> list[Accounts]:
    """Return the cohorts that owed stables and held other assets when the crash began."""
    if not run.exchange.get("margin"):
        return []
    cohorts = dict.fromkeys(run.frames.margin_cohorts["cohort"].tolist())
    found = [Accounts(run, cohort) for cohort in cohorts]
    return [accounts for accounts in found if accounts.began and accounts.began.debt_raw and accounts.assets]


class Accounts:
    """The unified accounts of one cohort.

    Parameters
    ----------
    run : Evidence
        The run.
    cohort : str
        Its name.
    """

    def __init__(self, run: Evidence, cohort: str) -> None:
        self.run, self.cohort = run, cohort
        self._cash = run.cash
        self._cash_unit = 10 ** run.frames.decimals(self._cash)
        frame = run.frames.margin_cohorts
        rows = rows_of(frame[frame["cohort"] == cohort].sort_values("block_number", kind="stable"), MarginCohortRow)
        before = [row for row in rows if row.phase != Phase.CRASH]
        self.began: MarginCohortRow | None = before[-1] if before else None
        self.rows = before[-1:] + [row for row in rows if row.phase == Phase.CRASH]
        """One row per step, preceded by the last one before the crash."""
        self._sums: dict[tuple[str, int], tuple[list[Fraction], list[Fraction]]] = {}
        self._trades: dict[tuple[int, bool], Fraction] = {}
        self._books = {
            spec["base"]: (name, spec)
            for name, spec in run.books.items()
            if name in (run.exchange.get("margin") or {}).get("collateral", {})
        }

    @cached_property
    def assets(self) -> list[str]:
        """Collateral, other than the stable, that the cohort held when the crash began."""
        if self.began is None:
            return []
        block = self.began.block_number
        return sorted(asset for asset in self._held if asset in self._books and self.held(asset, block))

    @cached_property
    def _held(self) -> dict[str, tuple[list[int], list[int]]]:
        frame = self.run.frames.holdings
        rows = frame[frame["cohort"] == self.cohort].sort_values("block_number", kind="stable")
        found: dict[str, tuple[list[int], list[int]]] = {}
        columns = (rows[name].tolist() for name in ("asset", "block_number", "amount_raw"))
        for asset, block, amount in zip(*columns, strict=True):
            blocks, amounts = found.setdefault(asset, ([], []))
            blocks.append(block)
            amounts.append(amount)
        return found

    def held(self, asset: str, block: int) -> int:
        """Return the cohort's holding of an asset at the end of a block, in smallest units."""
        blocks, amounts = self._held.get(asset, ([], []))
        number = bisect_right(blocks, block)
        return amounts[number - 1] if number else 0

    @cached_property
    def first_liquidation(self) -> ExchangeEventRow | None:
        """First event at which the liquidation of one of the cohort's accounts started; None where none did."""
        started = [
            row
            for row in self.run.frames.rows(ExchangeEventRow)
            if row.kind == ExchangeEvent.LIQUIDATION_STARTED and row.cohort == self.cohort
        ]
        # Tables are in log order; `min` states it, so that a re-sorted table changes nothing.
        return min(started, key=lambda row: (row.block_number, row.log_index), default=None)

    @cached_property
    def untouched(self) -> list[MarginCohortRow]:
        """Rows before the first liquidation of one of the cohort's accounts."""
        first = self.first_liquidation
        return [row for row in self.rows if first is None or row.block_number < first.block_number]

    def haircut(self, asset: str) -> Fraction:
        """Return the share of its price at which an asset counts: the first tier's, less a remedy's add-on."""
        spec = self.run.exchange["margin"]["collateral"][self._books[asset][0]]
        # The first tier alone: holdings beyond it would need each account's size, and the cohort's sum hides it.
        return Fraction(spec["tiers"][0]["rate_bps"] - (spec.get("haircut_add_on_bps") or 0), BPS)

    def effects(
        self, last: int, *, at: Place | None = None, until: int | None = None, adjusted: bool = False
    ) -> Effects:
        """Return the effects on the cohort's equity from before the crash to row `last`, in dollars by feeder.

        They are holdings times each change of their price, step by step; trades, fees and repayments at those prices;
        and interest.

        Parameters
        ----------
        at : Place, optional
            A transaction of the next step, before which prices are read once more.
        until : int, optional
            Row up to which the cohort's own trades are followed; from there on the holdings of then count.
        adjusted : bool
            Whether assets count after haircuts.
        """
        until = last if until is None else min(until, last)
        found: Effects = {}
        for asset in self.assets:
            rate = self.haircut(asset) if adjusted else Fraction(1)
            for feeder, amount in self._of_price(asset, last, until, at).items():
                found[feeder] = found.get(feeder, Fraction(0)) + rate * amount
        if (until, adjusted) not in self._trades:
            self._trades[until, adjusted] = self._of_trades(until, adjusted=adjusted)
        found[NoLink.OTHERS, "trades and fees"] = self._trades[until, adjusted]
        found[NoLink.TIME, "interest"] = self._of_interest(until)
        return {feeder: amount for feeder, amount in found.items() if amount}

    def with_residual(self, effects: Effects, change: Fraction) -> Effects:
        """Return the effects with the part of the recorded change that they leave unexplained."""
        residual = change - sum(effects.values(), Fraction(0))
        return {**effects, (NoLink.RESIDUAL, "rounding, and what is not followed"): residual} if residual else effects

    def equity_change(self, last: int) -> Fraction:
        """Return the recorded change of the cohort's equity from before the crash to a row, in dollars."""
        return Fraction(self.rows[last].equity_raw - self.rows[0].equity_raw, self._cash_unit)

    def _of_price(self, asset: str, last: int, until: int, at: Place | None) -> Effects:
        name, spec = self._books[asset]
        prices, values = self._price_sums(asset, until)
        total, of_value, place = prices[last], values[last], (self.rows[last].block_number + 1, -1)
        if at is not None:
            place, block = at, self.rows[last].block_number
            held = self._tokens(asset, min(last, until))
            total += held * (self._price_at(asset, at) - self._price(asset, block))
            of_value += held * (self._value(spec, at[0]) - self._value(spec, block))
        if not spec.get("redemption"):
            # An effect is split like the fall of the book that caused it; where the price rose, like its rise.
            parts = self.run.book_fall(name, place, rise=total > 0)
            return {(link, f"{asset}: {through}"): total * share for (link, through), share in parts.shares.items()}
        return {
            (self._value_link(spec), f"{asset}: redemption value"): of_value,
            (LinkKind.EXCHANGE_DEPEG.of(asset), f"{asset}: discount"): total - of_value,
        }

    def _tokens(self, asset: str, number: int) -> Fraction:
        return Fraction(self.held(asset, self.rows[number].block_number), 10 ** self.run.frames.decimals(asset))

    def _price_sums(self, asset: str, until: int) -> tuple[list[Fraction], list[Fraction]]:
        """Return the cumulated effects of the changes of the index, and of the redemption value, by row."""
        if (asset, until) not in self._sums:
            spec = self._books[asset][1]
            blocks = [row.block_number for row in self.rows]
            held = [self._tokens(asset, min(number, until)) for number in range(len(blocks))]
            prices = [self._price(asset, block) for block in blocks]
            values = [self._value(spec, block) for block in blocks]
            self._sums[asset, until] = _worth(held, prices), _worth(held, values)
        return self._sums[asset, until]

    def _value(self, spec: Parameters, block: int) -> Fraction:
        value = redemption_usd(self.run, spec, block) if spec.get("redemption") else None
        return Fraction(0) if value is None else value

    def _price_at(self, asset: str, place: Place) -> Fraction:
        """Return the index before a transaction: own price and redemption value weighted, at least the floor."""
        name, spec = self._books[asset]
        own = self.run.own_price(name, place)
        if own is None or self._is_at_redemption(name):
            return self._price(asset, place[0])
        stable = self.run.prices.last(self._cash, "oracle", place[0])
        own *= Fraction(E8 if stable is None else stable, E8)
        # Computed as the contract does: the index between two transactions of a block stands in no table.
        index = spec.get("index") or {}
        weight = Fraction(index.get("redemption_weight_bps") or 0, BPS)
        mixed = own * (1 - weight) + self._value(spec, place[0]) * weight
        return max(mixed, Fraction(str(index.get("floor_price") or 0)))

    def _is_at_redemption(self, book: str) -> bool:
        return bool(self.run.exchange["margin"]["collateral"][book].get("priced_at") == "redemption")

    def _value_link(self, spec: Parameters) -> str:
        return LinkKind.MACRO_SHOCK if spec["redemption"]["asset"] in self.run.path_assets else NoLink.INPUT

    def _price(self, asset: str, block: int) -> Fraction:
        name, spec = self._books[asset]
        if self._is_at_redemption(name):
            return self._value(spec, block)
        price = self.run.prices.last(asset, f"index:{name}", block)
        return Fraction(price or 0, E8)

    def _of_trades(self, until: int, *, adjusted: bool) -> Fraction:
        total = Fraction(0)
        blocks = [row.block_number for row in self.rows[: until + 1]]
        for at in range(1, until + 1):
            for asset in self.assets:
                rate = self.haircut(asset) if adjusted else Fraction(1)
                bought = self.held(asset, blocks[at]) - self.held(asset, blocks[at - 1])
                if bought:
                    unit = 10 ** self.run.frames.decimals(asset)
                    total += rate * Fraction(bought, unit) * self._price(asset, blocks[at])
            paid = self.held(self._cash, blocks[at]) - self.held(self._cash, blocks[at - 1])
            # Debt that shrinks was repaid, and debt that grows was interest or a loan: no table holds the two apart.
            repaid = max(self.rows[at - 1].debt_raw - self.rows[at].debt_raw, 0)
            total += Fraction(paid + repaid, self._cash_unit)
        return total

    def _of_interest(self, until: int) -> Fraction:
        grown = sum(max(self.rows[at].debt_raw - self.rows[at - 1].debt_raw, 0) for at in range(1, until + 1))
        return -Fraction(grown, self._cash_unit)


def _worth(held: list[Fraction], prices: list[Fraction]) -> list[Fraction]:
    """Return the cumulated effect of a price's changes by row: each change times the holding before it."""
    # The holding before the change counts: what is bought at the new price has lost nothing yet.
    changes = (held[number - 1] * (prices[number] - prices[number - 1]) for number in range(1, len(prices)))
    return list(accumulate(changes, initial=Fraction(0)))
