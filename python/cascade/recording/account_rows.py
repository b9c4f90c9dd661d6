"""Rows of the accounts that a scenario takes from a file, and of debts that a liquidation writes off beside its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cascade.observation import BlockView
from cascade.positions.accounts.plan import AccountsPlan
from cascade.recording.mined import MinedTransaction
from cascade.recording.tables import AccountReserveRow, BlockStamp, Identity, OtherDeficitRow, StatedAccountRow
from cascade.units import value_e8_down, value_e8_up
from cascade.vocabulary import PositionEvent, Role
from cascade.world.world import Actor, World

__all__ = ["AccountRows", "other_deficit_rows", "stated_account_rows"]


def stated_account_rows(identity: Identity, plan: AccountsPlan) -> Iterator[StatedAccountRow]:
    """Yield one row per account of the file, in its order."""
    for planned in plan.planned:
        account, worth = planned.account, planned.worth
        yield StatedAccountRow(
            **identity,
            account=account.address,
            cohort=plan.entry,
            emode=account.emode,
            status=planned.status,
            obstacle=planned.obstacle or "",
            detail=planned.detail,
            supplied_base_e8=worth.supplied_e8,
            debt_base_e8=worth.debt_e8,
            # What is left out counts in the account's health, and nobody knows how much.
            health_factor_wad=None if account.left_out else worth.health_factor_wad,
        )


class AccountRows:
    """Make the rows of what accounts of the file hold.

    Parameters
    ----------
    world : World
        The deployed scenario.
    plan : AccountsPlan
        The accounts; none without a file.
    """

    def __init__(self, world: World, plan: AccountsPlan) -> None:
        self._world, self._cohort = world, plan.entry
        self._assets = {account.address: tuple(holding.asset for holding in account.holdings) for account in plan.built}

    def all(self, at: BlockStamp, view: BlockView, event: PositionEvent) -> Iterator[AccountReserveRow]:
        """Yield the rows of every account that stands, those without debt included."""
        for address in self._assets:
            yield from self._of(at, view, address, event)

    def changed(
        self, at: BlockStamp, view: BlockView, changed: Mapping[str, PositionEvent]
    ) -> Iterator[AccountReserveRow]:
        """Yield the rows of the accounts among some borrowers, by name, in the order of the file."""
        # Accounts are few among the changed, and many in the file: only a run with a file walks through it.
        if not self._assets.keys().isdisjoint(changed):
            for address in self._assets:
                if address in changed:
                    yield from self._of(at, view, address, changed[address])

    def _of(self, at: BlockStamp, view: BlockView, address: str, event: PositionEvent) -> Iterator[AccountReserveRow]:
        for held in view.holdings(address, self._assets[address]):
            price, decimals = view.oracle_price_e8(held.asset), self._world.scenario.spec.assets[held.asset].decimals
            yield AccountReserveRow(
                **at,
                borrower=address,
                cohort=self._cohort,
                event=event,
                asset=held.asset,
                supplied_raw=held.supplied_raw,
                borrowed_raw=held.borrowed_raw,
                used_as_collateral=held.is_collateral,
                liquidation_threshold_bps=held.threshold_bps,
                liquidation_bonus_bps=held.bonus_bps,
                supplied_base_e8=value_e8_down(held.supplied_raw, price, decimals) if price else None,
                borrowed_base_e8=value_e8_up(held.borrowed_raw, price, decimals) if price else None,
            )


def other_deficit_rows(world: World, view: BlockView, mined: Sequence[MinedTransaction]) -> Iterator[OtherDeficitRow]:
    """Yield one row per debt that a liquidation of a block wrote off beside the one that it repaid."""
    for one in mined:
        since = -1
        for call in (log for log in one.receipt.logs if log.event == "LiquidationCall"):
            user, repaid = call.arguments["user"], call.arguments["debtAsset"]
            borrower = world.actors.get(user, Actor(name=user, role=Role.UNKNOWN))
            for log in one.receipt.logs:
                # The pool emits what belongs to a liquidation before the event that ends it.
                is_other = log.event == "DeficitCreated" and log.arguments["debtAsset"] != repaid
                if is_other and since < log.log_index < call.log_index and log.arguments["user"] == user:
                    asset = world.symbol_of(log.arguments["debtAsset"])
                    yield OtherDeficitRow(
                        **one.stamp(log),
                        borrower=borrower.name,
                        cohort=borrower.cohort,
                        asset=asset,
                        deficit_raw=log.arguments["amountCreated"],
                        price_e8=view.oracle_price_e8(asset) or None,
                    )
            since = call.log_index
