"""State of the exchange at the end of a step: margin accounts, holdings, funds, depth and prices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from cascade.chain.local import address_of
from cascade.errors import RevertedCall
from cascade.observation import BlockView, MarginAccount
from cascade.observation.exchange_view import Balance
from cascade.recording.exchange_accounts import ExchangeAccounts
from cascade.recording.tables import BlockStamp, FundRow, HoldingRow, LiquidityRow, MarginCohortRow, MarginRow
from cascade.units import WAD
from cascade.vocabulary import DEPTH_WITHIN_BPS, AccountLevel, PositionEvent, PriceSource

__all__ = ["ExchangeState"]

_LEVELS = tuple(AccountLevel)
"""Levels of an account, in the order in which the margin engine numbers them."""

_OWN_COHORT = "exchange"
"""Cohort of the exchange's own accounts: they hold its cash and fees, and are no trader's position."""

_FUNDS = ("desk-insurance", "margin-insurance")
_FEED_DECIMALS = 8
_WORDS_PER_DEPTH = 4


class ExchangeState:
    """Make rows from views of the exchange, and remember what was recorded last.

    Parameters
    ----------
    accounts : ExchangeAccounts
        The exchange, and the names of its accounts.
    """

    def __init__(self, accounts: ExchangeAccounts) -> None:
        self._accounts = accounts
        self._levels: dict[str, int] = {}
        self._holdings: dict[tuple[str, str], int] = {}
        self._funds: dict[str, int] = {}
        self._depths: dict[str, tuple[int, ...]] = {}

    def prices(self, view: BlockView) -> Iterator[tuple[str, str, int | None]]:
        """Yield asset, source and price of every book, in dollars with 8 decimals, its stable valued at the oracle.

        The price is None where there is none.
        """
        exchange, spec = self._accounts.exchange, self._accounts.world.scenario.spec
        cash_e8 = view.oracle_price_e8(exchange.cash)
        for name, book in exchange.books.items():
            state = view.exchange.book(name)
            found = {PriceSource.BID: state.bid, PriceSource.ASK: state.ask, PriceSource.INDEX: state.index}
            # The book says 0 where there is none; a last price exists from the first trade on.
            if state.last:
                found[PriceSource.BOOK] = state.last
            for source, raw in found.items():
                yield book.base, source.of(name), raw * cash_e8 // book.cash_unit if raw and cash_e8 else None
            reference_e8 = view.exchange.reference_wad(name) * cash_e8 // WAD
            yield book.base, PriceSource.REFERENCE.of(name), reference_e8 or None
            # Where the scenario states a redemption price, the lending side has recorded it already.
            if name in exchange.redemption_feeds and book.base not in spec.redemption_price_usd:
                redemption_e8 = view.exchange.redemption_e8(name)
                yield book.base, PriceSource.REDEMPTION, redemption_e8 if redemption_e8 > 0 else None

    def liquidity(self, at: BlockStamp, view: BlockView) -> Iterator[LiquidityRow]:
        """Yield one row per distance of each book whose depth changed."""
        for name, book in self._accounts.exchange.books.items():
            depth = view.exchange.book(name).depth
            if self._depths.get(name) == depth:
                continue
            self._depths[name] = depth
            for i, distance in enumerate(DEPTH_WITHIN_BPS):
                bid_lots, _, ask_lots, _ = depth[_WORDS_PER_DEPTH * i : _WORDS_PER_DEPTH * (i + 1)]
                yield LiquidityRow(
                    **at,
                    venue=name,
                    within_bps=distance,
                    sell_raw=bid_lots * book.lot_raw,
                    buy_raw=ask_lots * book.lot_raw,
                )

    def margin(self, at: BlockStamp, view: BlockView, *, event: PositionEvent | None = None) -> Iterator[MarginRow]:
        """Yield one row per account whose level changed, or of every account where an event is named."""
        exchange = self._accounts.exchange
        if not self._can_value(view):
            return
        for address, cohort in exchange.accounts.items():
            if cohort == _OWN_COHORT:
                continue
            state = view.exchange.account(address)
            if event is None and self._levels.get(address, 0) == state.level:
                continue
            self._levels[address] = state.level
            actor = self._accounts.actor(address)
            yield MarginRow(
                **at,
                account=actor.name,
                role=actor.role,
                cohort=cohort,
                event=event or PositionEvent.CHANGED,
                level=_LEVELS[state.level],
                equity_raw=state.equity,
                adjusted_equity_raw=state.adjusted_equity,
                maintenance_raw=state.maintenance,
                uni_mmr_wad=state.uni_mmr_wad,
                leverage_wad=state.leverage_wad,
                debt_raw=state.debt,
                notional_raw=state.notional,
            )

    def margin_cohorts(self, at: BlockStamp, view: BlockView) -> Iterator[MarginCohortRow]:
        """Yield one row per cohort, over its accounts with debt, positions, or collateral other than the stable."""
        exchange = self._accounts.exchange
        # Gross holdings are valued with the stable's price.
        if not self._can_value(view) or not view.oracle_price_e8(exchange.cash):
            return
        prices = self._collateral_prices(view)
        members: dict[str, list[tuple[MarginAccount, int]]] = {}
        for address, cohort in exchange.accounts.items():
            if cohort == _OWN_COHORT:
                continue
            state = view.exchange.account(address)
            balances = {asset: view.exchange.balance(address, asset) for asset in prices}
            gross = _assets_raw(balances, prices) + state.notional
            if state.debt or gross:
                members.setdefault(cohort, []).append((state, gross))
        for cohort, found in members.items():
            states = [state for state, _ in found]
            at_level = Counter(_LEVELS[state.level] for state in states)
            ratios = sorted(state.uni_mmr_wad for state in states)
            yield MarginCohortRow(
                **at,
                cohort=cohort,
                accounts=len(states),
                free=at_level[AccountLevel.FREE],
                warning=at_level[AccountLevel.WARNING],
                reduce_only=at_level[AccountLevel.REDUCE_ONLY],
                liquidation=at_level[AccountLevel.LIQUIDATION],
                equity_raw=sum(state.equity for state in states),
                adjusted_equity_raw=sum(state.adjusted_equity for state in states),
                maintenance_raw=sum(state.maintenance for state in states),
                debt_raw=sum(state.debt for state in states),
                notional_raw=sum(state.notional for state in states),
                gross_raw=sum(gross for _, gross in found),
                # The lower of the middle two: a mean of them would not be the ratio of any account.
                median_uni_mmr_wad=ratios[(len(ratios) - 1) // 2],
                lowest_uni_mmr_wad=ratios[0],
            )

    def holdings(self, at: BlockStamp, view: BlockView) -> Iterator[HoldingRow]:
        """Yield one row per cohort and asset whose sum of balances changed."""
        exchange = self._accounts.exchange
        sums: dict[tuple[str, str], int] = {}
        for address, cohort in exchange.accounts.items():
            for asset in exchange.assets:
                held = view.exchange.balance(address, asset).total
                sums[cohort, asset] = sums.get((cohort, asset), 0) + held
        for (cohort, asset), amount in sums.items():
            if self._holdings.get((cohort, asset), 0) != amount:
                self._holdings[cohort, asset] = amount
                yield HoldingRow(**at, cohort=cohort, asset=asset, amount_raw=amount)

    def funds(self, at: BlockStamp, view: BlockView) -> Iterator[FundRow]:
        """Yield one row per fund whose balance changed: the two insurances, and the cash of desk and margin engine."""
        exchange = self._accounts.exchange
        balances = {fund: view.exchange.balance(address_of(fund), exchange.cash).total for fund in _FUNDS}
        for fund, amount in {**balances, **view.exchange.own_cash()}.items():
            if self._funds.get(fund, 0) != amount:
                self._funds[fund] = amount
                yield FundRow(**at, fund=fund, asset=exchange.cash, amount_raw=amount)

    def _can_value(self, view: BlockView) -> bool:
        exchange = self._accounts.exchange
        if exchange.margin is None or not exchange.accounts:
            return False
        try:
            view.exchange.account(next(iter(exchange.accounts)))
        except RevertedCall:
            # All accounts are read in one call, and a position in a market without a price makes it revert.
            return False
        return True

    def _collateral_prices(self, view: BlockView) -> dict[str, tuple[int, int]]:
        """Return, by collateral asset, the margin engine's price (dollars, 8 decimals) and the divisor to the stable.

        Balance times price over divisor is a value in smallest units of the stable.
        """
        exchange, spec = self._accounts.exchange, self._accounts.world.scenario.spec
        terms = exchange.spec.require_margin().collateral
        cash_e8, cash_decimals = view.oracle_price_e8(exchange.cash), spec.assets[exchange.cash].decimals
        found = {}
        for name in exchange.collateral:
            book = exchange.books[name]
            if terms[name].priced_at == "redemption":
                price_e8 = view.exchange.redemption_e8(name)
            else:
                price_e8 = view.exchange.book(name).index * cash_e8 // book.cash_unit
            decimals = spec.assets[book.base].decimals + _FEED_DECIMALS - cash_decimals
            found[book.base] = (max(price_e8, 0), 10**decimals)
        return found


def _assets_raw(balances: Mapping[str, Balance], prices: Mapping[str, tuple[int, int]]) -> int:
    # Each asset's value is rounded down on its own, as the margin engine rounds it.
    return sum(balances[asset].total * price_e8 // unit for asset, (price_e8, unit) in prices.items())
