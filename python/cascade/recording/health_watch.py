"""Since when each position is unhealthy, and which transaction's price made it so."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.observation import BlockView, BookEntry
from cascade.recording.tables import PriceMoveRow
from cascade.scenario.sources import assets_read
from cascade.units import WAD
from cascade.world.world import World

__all__ = ["HealthWatch", "UnhealthySince"]


@dataclass(frozen=True)
class UnhealthySince:
    """The step and the transaction that took a position's health factor under 1.

    Attributes
    ----------
    step : int
        Step at the end of whose block it was first seen under 1.
    triggered_by : str
        Hash of the transaction that last lowered the price of the collateral in that block; empty where none did.
    """

    step: int
    triggered_by: str


class HealthWatch:
    """Follow health factors from block to block, and the falls of prices within a block.

    Parameters
    ----------
    world : World
        The deployed scenario, whose oracle tree says which prices an asset is priced by.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._last_falls: dict[str, str] = {}
        self._unhealthy: dict[str, UnhealthySince] = {}

    def forget_falls(self) -> None:
        """Forget the falls so far; called before each step, whose own falls alone can be its trigger."""
        self._last_falls = {}

    def note_move(self, move: PriceMoveRow) -> None:
        """Remember the transaction of a move that lowered the price of its asset."""
        if move.price_after_wad < move.price_before_wad:
            self._last_falls[move.asset] = move.tx_hash

    def observe(self, view: BlockView, *, step: int) -> None:
        """Note every position whose health factor has fallen under 1, and forget those that are healthy again."""
        for state in view.positions():
            borrower = state.entry.borrower
            # While the oracle refuses a price, nobody can be liquidated, and what was unhealthy before stays so.
            if not view.is_valued(state.entry):
                continue
            if state.health_factor_wad >= WAD:
                self._unhealthy.pop(borrower, None)
            elif borrower not in self._unhealthy:
                self._unhealthy[borrower] = UnhealthySince(step, self._last_fall_of(state.entry))

    def of(self, borrower: str, *, step: int) -> UnhealthySince:
        """Return since when a borrower liquidated in a step has been unhealthy.

        A position that was healthy after the block before became unhealthy and was liquidated in one block: it is
        unhealthy since this step, without a trigger that was seen.
        """
        return self._unhealthy.get(borrower, UnhealthySince(step, ""))

    def _last_fall_of(self, entry: BookEntry) -> str:
        """Return the transaction that last lowered the price of a collateral, or of another that it is priced by.

        Of an account with several collaterals, the first of them whose price fell counts, the largest one first.
        """
        spec = self._world.scenario.spec
        for asset in (entry.collateral, *entry.reserves):
            priced_by = assets_read(spec, spec.oracle[asset])
            found = next((self._last_falls[name] for name in (asset, *priced_by) if name in self._last_falls), "")
            if found:
                return found
        return ""
