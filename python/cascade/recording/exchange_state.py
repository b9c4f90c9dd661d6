"""What the exchange is at the end of a step: accounts by cohort, holdings, funds, depth, prices; from shared views."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cascade.chain.local import address_of
from cascade.errors import RevertedCall
from cascade.observation import BlockView, MarginAccount
from cascade.observation.exchange_view import DEPTH_BPS, Balance, BookState
from cascade.recording.exchange_accounts import ExchangeAccounts
from cascade.units import WAD

__all__ = ["LEVELS", "OWN_COHORT", "ExchangeState"]

LEVELS = ("free", "warning", "reduce-only", "liquidation")
"""Levels of an account, as the margin engine numbers them."""

OWN_COHORT = "exchange"
"""Cohort of the exchange's own accounts, which are nobody's position."""

_FUNDS = ("desk-insurance", "margin-insurance")
_FEED_DECIMALS = 8
_WORDS_A_DEPTH = 4

Row = dict[str, Any]


class ExchangeState:
    """Rows of what changed since the step before.

    Parameters
    ----------
    accounts : ExchangeAccounts
        The exchange and who is who.
    """

    def __init__(self, accounts: ExchangeAccounts) -> None:
        self._accounts = accounts
        self._levels: dict[str, int] = {}
        self._holdings: dict[tuple[str, str], int] = {}
        self._funds: dict[str, int] = {}
        self._depths: dict[str, tuple[int, ...]] = {}

    def prices(self, view: BlockView) -> Iterator[tuple[str, str, int]]:
        """Asset, source and price of every book, in dollars with 8 decimals: its stable at the oracle."""
        exchange, spec = self._accounts.exchange, self._accounts.world.scenario.spec
        cash_e8 = view.oracle_price_e8(exchange.cash)
        for name, book in exchange.books.items():
            state = view.exchange.book(name)
            found = {"bid": state.bid, "ask": state.ask, "index": state.index}
            if state.last:
                found["book"] = state.last
            for source, raw in found.items():
                yield book.base, f"{source}:{name}", raw * cash_e8 // book.cash_unit
            yield book.base, f"reference:{name}", view.exchange.reference_wad(name) * cash_e8 // WAD
            if name in exchange.redemption_feeds and book.base not in spec.redemption_price_usd:
                yield book.base, "redemption", view.exchange.redemption_e8(name)

    def liquidity(self, view: BlockView) -> Iterator[Row]:
        """Rows of `liquidity` of books whose depth changed."""
        for name, book in self._accounts.exchange.books.items():
            depth = view.exchange.book(name).depth
            if self._depths.get(name) == depth:
                continue
            self._depths[name] = depth
            for i, distance in enumerate(DEPTH_BPS):
                bid_lots, _, ask_lots, _ = depth[_WORDS_A_DEPTH * i : _WORDS_A_DEPTH * (i + 1)]
                yield {
                    "venue": name,
                    "within_bps": distance,
                    "sell_raw": bid_lots * book.lot_raw,
                    "buy_raw": ask_lots * book.lot_raw,
                }

    def margin(self, view: BlockView, *, event: str | None = None) -> Iterator[Row]:
        """Rows of `margin`: of every account with an event, or of those whose level changed."""
        exchange = self._accounts.exchange
        if not self._can_value(view):
            return
        for address, cohort in exchange.accounts.items():
            if cohort == OWN_COHORT:
                continue
            state = view.exchange.account(address)
            if event is None and self._levels.get(address, 0) == state.level:
                continue
            self._levels[address] = state.level
            actor = self._accounts.actor(address)
            yield {
                "account": actor.name,
                "role": actor.role,
                "cohort": cohort,
                "event": event or "changed",
                "level": LEVELS[state.level],
                "equity_raw": state.equity,
                "adjusted_equity_raw": state.adjusted_equity,
                "maintenance_raw": state.maintenance,
                "uni_mmr_wad": state.uni_mmr_wad,
                "leverage_wad": state.leverage_wad,
                "debt_raw": state.debt,
                "notional_raw": state.notional,
            }

    def margin_cohorts(self, view: BlockView) -> Iterator[Row]:
        """Rows of `margin_cohorts`."""
        exchange = self._accounts.exchange
        if not self._can_value(view):
            return
        prices = self._collateral_prices(view)
        members: dict[str, list[tuple[MarginAccount, int]]] = {}
        for address, cohort in exchange.accounts.items():
            if cohort == OWN_COHORT:
                continue
            state = view.exchange.account(address)
            balances = {asset: view.exchange.balance(address, asset) for asset in prices}
            gross = self._assets_raw(balances, prices) + state.notional
            if state.debt or gross:
                members.setdefault(cohort, []).append((state, gross))
        for cohort, found in members.items():
            states = [state for state, _ in found]
            levels = [state.level for state in states]
            ratios = sorted(state.uni_mmr_wad for state in states)
            yield {
                "cohort": cohort,
                "accounts": len(states),
                **{level.replace("-", "_"): levels.count(number) for number, level in enumerate(LEVELS)},
                "equity_raw": sum(state.equity for state in states),
                "adjusted_equity_raw": sum(state.adjusted_equity for state in states),
                "maintenance_raw": sum(state.maintenance for state in states),
                "debt_raw": sum(state.debt for state in states),
                "notional_raw": sum(state.notional for state in states),
                "gross_raw": sum(gross for _, gross in found),
                "median_uni_mmr_wad": ratios[(len(ratios) - 1) // 2],
                "lowest_uni_mmr_wad": ratios[0],
            }

    def holdings(self, view: BlockView) -> Iterator[Row]:
        """Rows of `holdings` that changed."""
        exchange = self._accounts.exchange
        sums: dict[tuple[str, str], int] = {}
        for address, cohort in exchange.accounts.items():
            for asset in exchange.assets:
                held = view.exchange.balance(address, asset).total
                sums[cohort, asset] = sums.get((cohort, asset), 0) + held
        for (cohort, asset), amount in sums.items():
            if self._holdings.get((cohort, asset), 0) != amount:
                self._holdings[cohort, asset] = amount
                yield {"cohort": cohort, "asset": asset, "amount_raw": amount}

    def funds(self, view: BlockView) -> Iterator[Row]:
        """Rows of `funds` that changed."""
        exchange = self._accounts.exchange
        balances = {fund: view.exchange.balance(address_of(fund), exchange.cash).total for fund in _FUNDS}
        for fund, amount in {**balances, **view.exchange.own_cash()}.items():
            if self._funds.get(fund, 0) != amount:
                self._funds[fund] = amount
                yield {"fund": fund, "asset": exchange.cash, "amount_raw": amount}

    def _can_value(self, view: BlockView) -> bool:
        exchange = self._accounts.exchange
        if exchange.margin is None or not exchange.accounts:
            return False
        try:
            view.exchange.account(next(iter(exchange.accounts)))
        except RevertedCall:
            # A position in a market without a price has no value, and no account is told of then.
            return False
        return True

    def _collateral_prices(self, view: BlockView) -> dict[str, tuple[int, int]]:
        """Of each asset that counts as collateral: what the margin values it at, and its units in one of the stable."""
        exchange, spec = self._accounts.exchange, self._accounts.world.scenario.spec
        assert exchange.spec.margin is not None
        cash_e8, cash_decimals = view.oracle_price_e8(exchange.cash), spec.assets[exchange.cash].decimals
        found = {}
        for name in exchange.collateral:
            book = exchange.books[name]
            if exchange.spec.margin.collateral[name].priced_at == "redemption":
                price_e8 = view.exchange.redemption_e8(name)
            else:
                state: BookState = view.exchange.book(name)
                price_e8 = state.index * cash_e8 // book.cash_unit
            decimals = spec.assets[book.base].decimals + _FEED_DECIMALS - cash_decimals
            found[book.base] = (max(price_e8, 0), 10**decimals)
        return found

    @staticmethod
    def _assets_raw(balances: Mapping[str, Balance], prices: Mapping[str, tuple[int, int]]) -> int:
        # As the margin engine rounds: each asset down.
        return sum(balances[asset].total * price_e8 // unit for asset, (price_e8, unit) in prices.items())
