"""Handles of a deployed exchange: its contracts, its books, and the accounts in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from cascade.chain.local import Contract
from cascade.errors import MissingPart
from cascade.scenario.model import BookSpec, ExchangeSpec
from cascade.units import WAD

__all__ = ["BUY", "SELL", "DeployedBook", "DeployedExchange"]

BUY, SELL = 0, 1
"""Sides of an order, as the contract of a book numbers them."""


@dataclass(frozen=True)
class DeployedBook:
    """The book of one pair.

    Attributes
    ----------
    base_unit, cash_unit : int
        Smallest units in a token of the base, and of the stable.
    tick_raw : int
        Step of prices, in smallest units of the stable a whole token of the base.
    lot_raw : int
        Step of sizes, in smallest units of the base.
    """

    name: str
    spec: BookSpec
    contract: Contract
    base_unit: int
    cash_unit: int
    tick_raw: int
    lot_raw: int

    @property
    def base(self) -> str:
        """Symbol of the asset that is traded."""
        return self.spec.base

    def price_raw(self, price_wad: int, *, up: bool = False) -> int:
        """Return a price in the stable (1e18 scale) on the book's grid, rounded down or up; at least one tick."""
        raw = price_wad * self.cash_unit
        ticks = -(-raw // (WAD * self.tick_raw)) if up else raw // (WAD * self.tick_raw)
        # A price of zero is not on the grid: the book refuses it, however far the reference has fallen.
        return max(ticks, 1) * self.tick_raw

    def price_wad(self, price_raw: int) -> int:
        """Return a price of the book in the stable at the 1e18 scale."""
        return price_raw * WAD // self.cash_unit

    def lots(self, base_raw: int) -> int:
        """Return the whole lots in an amount of the base, rounded down."""
        return base_raw // self.lot_raw

    def value_raw(self, lots: int, price_raw: int) -> int:
        """Return the value of some lots at a price of the grid, in smallest units of the stable; exact."""
        return lots * self.lot_raw * price_raw // self.base_unit


@dataclass
class DeployedExchange:
    """The contracts of an exchange, and the accounts in it.

    Attributes
    ----------
    books : dict of str to DeployedBook
        By name.
    lines : dict of str to int
        Numbers of the desk's lines, by book.
    collateral : dict of str to int
        Numbers of the margin's assets, by book, in the order in which a liquidation sells them.
    markets : dict of str to int
        Numbers of perpetuals, by name.
    index_feeds : dict of str to Contract
        The exchange's own index of each book, in dollars.
    redemption_feeds : dict of str to Contract
        Redemption value by book, where it has an issuer.
    engine : Contract, optional
        What the exchange's keeper acts through, where there is one.
    accounts : dict of str to str
        Cohort by address of everyone who has an account.
    """

    spec: ExchangeSpec
    vault: Contract
    lens: Contract
    books: dict[str, DeployedBook] = field(default_factory=dict)
    desk: Contract | None = None
    margin: Contract | None = None
    engine: Contract | None = None
    lines: dict[str, int] = field(default_factory=dict)
    collateral: dict[str, int] = field(default_factory=dict)
    markets: dict[str, int] = field(default_factory=dict)
    index_feeds: dict[str, Contract] = field(default_factory=dict)
    redemption_feeds: dict[str, Contract] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)

    def require_desk(self) -> Contract:
        """Return the loan desk.

        Raises
        ------
        MissingPart
            When the exchange has none.
        """
        return _required(self.desk, "exchange.desk")

    def require_margin(self) -> Contract:
        """Return the contract of unified margin accounts.

        Raises
        ------
        MissingPart
            When the exchange has none.
        """
        return _required(self.margin, "exchange.margin")

    def require_engine(self) -> Contract:
        """Return the contract that the exchange's keeper acts through.

        Raises
        ------
        MissingPart
            When the scenario has no such keeper.
        """
        return _required(self.engine, "agent of kind exchange-keeper")

    @property
    def cash(self) -> str:
        """Symbol of the stable."""
        return self.spec.cash

    def is_own(self, address: object) -> bool:
        """Return whether a contract is a book, desk, margin or engine: calls to it are mined in the exchange's lane.

        The vault is not among them: a deposit or a withdrawal is a transaction of the chain.
        """
        found = [*(book.contract for book in self.books.values()), self.desk, self.margin, self.engine]
        return any(contract is not None and contract.address == address for contract in found)

    @property
    def assets(self) -> list[str]:
        """The stable, then the base of every book, each once."""
        return list(dict.fromkeys([self.cash, *(book.base for book in self.books.values())]))

    def book_of(self, base: str) -> DeployedBook | None:
        """Return the book in which an asset is traded."""
        return next((book for book in self.books.values() if book.base == base), None)

    def enrol(self, address: str, cohort: str) -> None:
        """Register an account, so that views and tables include it."""
        self.accounts[address] = cohort

    def members(self, cohort: str) -> list[str]:
        """Return the accounts of a cohort, in the order in which they were enrolled."""
        return [address for address, known in self.accounts.items() if known == cohort]


def _required(contract: Contract | None, part: str) -> Contract:
    if contract is None:
        raise MissingPart(part)
    return contract
