"""Compare what the harness computes by itself with what the contracts say, at intervals of every run.

Accounts of the lending pool and balances of tokens are folded from events; health factors, possible liquidations, and
the depth, trades to a price and exit curves of stable pools are computed from what was folded or read. Nothing computed
so is trusted: a difference of one unit ends the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple

from cascade.chain.chain import Chain
from cascade.chain.local import Contract
from cascade.errors import MirrorDiffers
from cascade.observation.records import BookEntry, LiquidationPreview, grouped_by_pair
from cascade.observation.view import BlockView
from cascade.units import BPS, WAD
from cascade.vocabulary import DEPTH_WITHIN_BPS
from cascade.world.venues import StableSwapPool
from cascade.world.world import World

__all__ = ["DEFAULT_EVERY", "ContractChecks"]

DEFAULT_EVERY = 100
"""Steps from one comparison to the next at the latest."""
_LEAST = 20
"""Steps between two comparisons that a new low calls for."""
_TARGETS_BPS = (9_000, 9_950, 10_050, 11_000)
"""Prices that trades are compared for, as shares of the present one in 1e-4."""
_SALES_PPM = (1, 1_000, 50_000, 500_000)
"""Sales that are compared, as shares of the balance in millionths."""
_ACCOUNT_WORDS, _PREVIEW_WORDS, _PREVIEW_FIGURES, _LOAN_WORDS = 5, 10, 7, 5
_COVERED_AT = 3
"""Place of the debt to cover among the words of a possible liquidation; 0 where there is none."""


class ContractChecks:
    """Compare every so many steps, and at each new low of a pool's price or of an asset's price at the oracle.

    Parameters
    ----------
    world : World
        The deployed scenario.
    every : int
        Steps from one comparison to the next at the latest; 1 compares after every step.

    Attributes
    ----------
    compared : int
        Number of figures compared so far.
    """

    def __init__(self, world: World, *, every: int = DEFAULT_EVERY) -> None:
        self._world, self._every = world, every
        self._pools = [venue for venue in world.venues.values() if isinstance(venue, StableSwapPool)]
        self._lowest: dict[str, int] = {}
        self._last_step = -every
        self.compared = 0

    def after_block(self, view: BlockView, *, is_last: bool) -> None:
        """Compare where the interval is over, a price is lower than ever, or the run ends.

        Parameters
        ----------
        view : BlockView
            The view of the block: its answers are what agents and tables were given.

        Raises
        ------
        MirrorDiffers
            For the first figure that differs.
        """
        low = False
        for name, price in self._prices(view):
            low = low or price < self._lowest.get(name, price)
            self._lowest[name] = min(price, self._lowest.get(name, price))
        since = view.step - self._last_step
        if is_last or since >= self._every or (low and since >= _LEAST):
            self._last_step = view.step
            self.compare(view)

    def compare(self, view: BlockView) -> None:
        """Compare every mirror with the contracts, as of a view of the latest block.

        Raises
        ------
        MirrorDiffers
            For the first figure that differs.
        """
        for pool in self._pools:
            self._compare_pool(pool, self._world.chain, self._world.lens)
        self._compare_balances()
        if self._world.exchange is not None:
            self._world.exchange_rows.compare(self._same)
            self._compare_loans(view)
            self._compare_margin(view)
        for (collateral, debt), members in grouped_by_pair(view.book).items():
            self._compare_positions(view, collateral, debt, members)
            self._compare_previews(view, collateral, debt, members)
        self._compare_further_pairs(view)

    def _prices(self, view: BlockView) -> Iterator[tuple[str, int]]:
        for pool in self._pools:
            yield pool.name, view.spot_price_wad(pool.name)
        for asset in self._world.scenario.spec.oracle:
            price_e8 = view.oracle_price_e8(asset)
            # A price that the oracle refuses is no low.
            if price_e8:
                yield f"oracle.{asset}", price_e8

    def _compare_pool(self, pool: StableSwapPool, chain: Chain, lens: Contract) -> None:
        address, state, where = pool.contract.address, pool.state(chain, lens), f"venues.{pool.name}"
        self._same(f"{where}: price", [state.spot_price_wad], [chain.call(pool.contract, "get_p", 0)])
        said = list(chain.call(lens, "stableSwapDepth", address, list(DEPTH_WITHIN_BPS)))
        self._same(f"{where}: depth", state.depth(DEPTH_WITHIN_BPS), said)
        targets = [state.spot_price_wad * share // BPS for share in _TARGETS_BPS]
        said = list(chain.call(lens, "stableSwapTradesToPrices", address, targets))
        found = [word for target in targets for word in state.trade_to_price(target)]
        self._same(f"{where}: trade to a price", found, said)
        for sold in (0, 1):
            sales = [max(state.balances[sold] * share // 10**6, 1) for share in _SALES_PPM]
            said = [chain.call(pool.contract, "get_dy", sold, 1 - sold, amount) for amount in sales]
            self._same(f"{where}: proceeds of a sale", [state.pays(sold, amount) for amount in sales], said)

    def _compare_balances(self) -> None:
        """Compare the balances of everyone who has a name: agents, borrowers, lenders and funds."""
        world, tokens = self._world, self._world.tokens
        holders = list(world.actors)
        addresses = [token.address for token in tokens.values()]
        said = world.chain.call_in_chunks(world.lens, "balances", addresses, each=holders)
        for number, (symbol, token) in enumerate(tokens.items()):
            for place, holder in enumerate(holders):
                mine = world.balances.balance_of(token, holder)
                self._same(f"balance of {symbol} of {holder}", [mine], [said[place * len(tokens) + number]])

    def _compare_loans(self, view: BlockView) -> None:
        """Compare the loans of every account, those of accounts that the desk has never named too."""
        exchange, chain = self._world.require_exchange(), self._world.chain
        accounts = list(exchange.accounts)
        for line, number in exchange.lines.items():
            said = chain.call_in_chunks(exchange.require_desk(), "loans", number, each=accounts)
            for place, account in enumerate(accounts):
                row = said[place * _LOAN_WORDS : (place + 1) * _LOAN_WORDS]
                self._same(f"loan on {line} of {account}", astuple(view.exchange.loan(line, account)), row)

    def _compare_margin(self, view: BlockView) -> None:
        """Compare every unified account with what the contract says of it."""
        if self._world.require_exchange().margin is None:
            return
        accounts = list(self._world.require_exchange().accounts)
        for account, said in view.exchange.asked_accounts(accounts).items():
            mine = view.exchange.account(account)
            self._same(
                f"margin account {account}", [int(one) for one in astuple(mine)], [int(one) for one in astuple(said)]
            )

    def _compare_positions(self, view: BlockView, collateral: str, debt: str, members: Sequence[BookEntry]) -> None:
        said = self._words("accounts", collateral, debt, members)
        for place, entry in enumerate(members):
            state = view.position(entry.borrower)
            row = said[place * _ACCOUNT_WORDS : (place + 1) * _ACCOUNT_WORDS]
            self._same(f"position of {entry.borrower}", state[1:], row)

    def _compare_previews(self, view: BlockView, collateral: str, debt: str, members: Sequence[BookEntry]) -> None:
        # Of a price that the oracle refuses in the next block, the contract says nothing: it reverts.
        weak = [entry for entry in members if view.position(entry.borrower).health_factor_wad < WAD]
        if not weak or not view.is_valued_next(collateral, debt):
            return
        said = self._words("previewLiquidations", collateral, debt, weak, timestamp=view.next_timestamp)
        found = {preview.entry: preview for preview in view.unhealthy()}
        for place, entry in enumerate(weak):
            row = said[place * _PREVIEW_WORDS :][:_PREVIEW_FIGURES]
            what = f"liquidation of {entry.borrower}"
            if entry in found:
                self._same(what, _figures(found[entry]), row)
            else:
                self._same(what, [0], [row[_COVERED_AT]])

    def _compare_further_pairs(self, view: BlockView) -> None:
        """Compare liquidations of accounts in several reserves, for pairs beside the one that they are watched by."""
        watched, found = set(view.book), view.unhealthy()
        further: dict[tuple[str, str], list[LiquidationPreview]] = {}
        for preview in found:
            if preview.entry not in watched:
                further.setdefault((preview.entry.collateral, preview.entry.debt), []).append(preview)
        for (collateral, debt), previews in further.items():
            entries = [preview.entry for preview in previews]
            said = self._words("previewLiquidations", collateral, debt, entries, timestamp=view.next_timestamp)
            for place, preview in enumerate(previews):
                row = said[place * _PREVIEW_WORDS :][:_PREVIEW_FIGURES]
                self._same(f"liquidation of {preview.entry.borrower}", _figures(preview), row)

    def _words(
        self, function: str, collateral: str, debt: str, members: Sequence[BookEntry], *, timestamp: int | None = None
    ) -> list[int]:
        world = self._world
        return world.chain.call_in_chunks(
            world.lens,
            function,
            world.pool.address,
            world.tokens[collateral].address,
            world.tokens[debt].address,
            each=[entry.address for entry in members],
            timestamp=timestamp,
        )

    def _same(self, what: str, found: Sequence[int], said: Sequence[int]) -> None:
        self.compared += len(said)
        for mine, theirs in zip(found, said, strict=True):
            if mine != theirs:
                block = self._world.chain.block_number
                raise MirrorDiffers(f"{what} at block {block}", computed=mine, contract=theirs)


def _figures(preview: LiquidationPreview) -> list[int]:
    return [
        preview.health_factor_wad,
        preview.debt_raw,
        preview.collateral_raw,
        preview.debt_to_cover_raw,
        preview.collateral_to_liquidator_raw,
        preview.protocol_fee_raw,
        preview.bonus_bps,
    ]
