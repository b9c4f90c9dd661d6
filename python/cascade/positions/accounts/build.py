"""Build the accounts of a file by transactions: mode, supply, collateral, borrow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain as joined

from cascade.account_files import Account
from cascade.chain.local import Block, Contract, Transaction
from cascade.errors import RevertedCall
from cascade.observation import BookEntry
from cascade.positions.accounts.plan import AccountsPlan
from cascade.positions.accounts.pool_rules import threshold_bps
from cascade.positions.loops import BuildFailed, require_time_left
from cascade.scenario.load import Scenario
from cascade.scenario.sources import initial_price_usd
from cascade.vocabulary import Intent, Role
from cascade.world.world import World

__all__ = ["account_entries", "build_accounts"]

_MOST_PER_BLOCK = 100
"""Transactions of a block: the node keeps batches up to this size in order."""
_GAS = 600_000
_VARIABLE_RATE = 2


def build_accounts(world: World, plan: AccountsPlan, *, progress: Callable[[int], None] = lambda _: None) -> None:
    """Build every account that stands, under lending lines that allow it (`scenario_to_build`).

    Each account enters its mode, receives its supplies, switches its collateral on or off, and borrows. Supplies are
    paid for by the deployer on the account's behalf, as endowments of loops are. All accounts take one step before any
    takes the next, and an account's debts are borrowed in one block.

    Raises
    ------
    BuildFailed
        Naming the account and its line of the file when a transaction reverts.
    """
    if plan.built:
        _AccountsBuilder(world, plan).build(progress)


def account_entries(scenario: Scenario, plan: AccountsPlan) -> list[BookEntry]:
    """Return the accounts with debt, in the order of the file: they are watched from the start of the crash."""
    prices = {asset: initial_price_usd(scenario.spec, asset) for asset in scenario.spec.lending.reserves}
    units = {asset: 10 ** scenario.spec.assets[asset].decimals for asset in prices}
    lending = scenario.spec.lending

    def main(amounts: dict[str, int]) -> str:
        # The name decides between equal values, so that the order of the rows does not.
        return min(amounts, key=lambda asset: (-amounts[asset] * prices[asset] / units[asset], asset))

    entries = []
    for account in plan.borrowers:
        secures = {h.asset: h.supplied_raw for h in account.holdings if threshold_bps(lending, h, account.emode)}
        owes = {h.asset: h.borrowed_raw for h in account.holdings if h.borrowed_raw}
        pair = main(secures), main(owes)
        reserves = tuple(asset for asset in lending.reserves if asset in secures or asset in owes)
        entries.append(BookEntry(account.address, account.address, plan.entry, *pair, reserves))
    return entries


class _AccountsBuilder:
    def __init__(self, world: World, plan: AccountsPlan) -> None:
        self._world, self._plan, self._accounts = world, plan, plan.built
        self._by_address = {account.address: account for account in self._accounts}
        self._funder = world.deployer

    def build(self, progress: Callable[[int], None]) -> None:
        world, accounts = self._world, self._accounts
        for account in accounts:
            world.enlist(account.address, role=Role.ACCOUNT, cohort=self._plan.entry)
        world.chain.fund([account.address for account in accounts])
        self._mine(
            [self._own(account, Intent.ENTER_EMODE, "setUserEMode", account.emode)]
            for account in accounts
            if account.emode
        )
        switched = self._supply()
        self._mine(self._switches(account, switched.get(account.address, set())) for account in accounts)
        for account in accounts:
            if not account.has_debt:
                progress(1)
        self._mine(self._borrows(account) for account in accounts)
        progress(sum(account.has_debt for account in accounts))

    def _supply(self) -> dict[str, set[str]]:
        """Supply everything; return the assets that became collateral by it, by account."""
        world = self._world
        totals = self._plan.supplied_raw()
        # In the order of the listing, so that the same accounts are built alike whatever their order.
        for asset in world.scenario.spec.lending.reserves:
            if totals[asset]:
                world.mint(asset, [(self._funder, totals[asset])])
                world.setup(
                    [(self._funder, world.tokens[asset], "approve", (world.pool.address, totals[asset]))],
                    intent=Intent.APPROVE,
                )
        blocks = self._mine(
            [
                self._transaction(
                    self._funder,
                    Intent.SUPPLY,
                    "supply",
                    self._token(h.asset).address,
                    h.supplied_raw,
                    account.address,
                    0,
                )
            ]
            for account in self._accounts
            for h in account.holdings
            if h.supplied_raw
        )
        switched: dict[str, set[str]] = {}
        for block in blocks:
            for log in joined.from_iterable(receipt.logs for receipt in block.receipts):
                if log.event == "ReserveUsedAsCollateralEnabled":
                    switched.setdefault(log.arguments["user"], set()).add(world.symbol_of(log.arguments["reserve"]))
        return switched

    def _switches(self, account: Account, switched: set[str]) -> list[Transaction]:
        """Return the calls that let exactly the stated supplies secure debts."""
        lending, calls = self._world.scenario.spec.lending, []
        # Off before on: isolated collateral is switched on beside no other.
        for holding in sorted(account.holdings, key=lambda h: threshold_bps(lending, h, account.emode) > 0):
            # An asset without a threshold secures nothing, whatever its switch.
            wanted = threshold_bps(lending, holding, account.emode) > 0
            if holding.supplied_raw and wanted != (holding.asset in switched):
                calls.append(
                    self._own(
                        account,
                        Intent.SET_COLLATERAL,
                        "setUserUseReserveAsCollateral",
                        self._token(holding.asset).address,
                        wanted,
                    )
                )
        return calls

    def _borrows(self, account: Account) -> list[Transaction]:
        return [
            self._own(
                account,
                Intent.BORROW,
                "borrow",
                self._token(h.asset).address,
                h.borrowed_raw,
                _VARIABLE_RATE,
                0,
                account.address,
            )
            for h in account.holdings
            if h.borrowed_raw
        ]

    def _token(self, asset: str) -> Contract:
        return self._world.tokens[asset]

    def _own(self, account: Account, intent: Intent, function: str, *arguments: object) -> Transaction:
        return self._transaction(account.address, intent, function, *arguments)

    def _transaction(self, sender: str, intent: Intent, function: str, *arguments: object) -> Transaction:
        pool = self._world.pool
        return Transaction(sender, pool.address, pool.encode(function, *arguments), _GAS, intent=intent)

    def _mine(self, groups: Iterable[Sequence[Transaction]]) -> list[Block]:
        """Mine groups of transactions, as many per block as it takes; no group is divided over two blocks."""
        return [self._mine_block(block) for block in _packed(groups)]

    def _mine_block(self, transactions: Sequence[Transaction]) -> Block:
        chain = self._world.chain
        require_time_left(self._world)
        block = chain.mine(transactions, timestamp=chain.timestamp + 1)
        for transaction, receipt in zip(transactions, block.receipts, strict=True):
            if not receipt.ok:
                raise self._failure(transaction, receipt.revert_reason)
        return block

    def _failure(self, transaction: Transaction, reason: str) -> BuildFailed:
        account = self._by_address.get(transaction.sender)
        who = f"{account.where}: {account.address}: " if account is not None else ""
        error = RevertedCall(what=str(transaction.intent), reason=reason)
        return BuildFailed(f"{self._plan.file}: {who}{error}, although it was found possible: please report this")


def _packed(groups: Iterable[Sequence[Transaction]]) -> Iterator[list[Transaction]]:
    block: list[Transaction] = []
    for group in groups:
        if block and len(block) + len(group) > _MOST_PER_BLOCK:
            yield block
            block = []
        block.extend(group)
    if block:
        yield block
