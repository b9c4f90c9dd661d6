"""Tell whether an account is being liquidated: it is frozen then, and its transactions revert."""

from __future__ import annotations

from cascade.observation import BlockView

__all__ = ["FrozenWatch"]

_LIQUIDATION = 3


class FrozenWatch:
    """Remembers that an account was liquidatable, until the vault says that it is not frozen.

    A liquidation goes on while its account is above the level that began it, so the level alone does not tell. The
    vault is asked only about an account that was seen at that level.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._suspected = False

    def is_out(self, view: BlockView) -> bool:
        """Return whether the account is liquidatable or frozen."""
        exchange = view.exchange
        if exchange.exchange.margin is None:
            return False
        if exchange.account(self.address).level == _LIQUIDATION:
            self._suspected = True
            return True
        if self._suspected:
            self._suspected = exchange.is_frozen(self.address)
        return self._suspected
