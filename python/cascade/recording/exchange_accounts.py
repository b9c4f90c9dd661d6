"""Who and what stands behind an address of the exchange."""

from __future__ import annotations

from cascade.chain.local import Transaction
from cascade.world.exchange import DeployedBook, DeployedExchange
from cascade.world.world import Actor, World

__all__ = ["ACCOUNT_LIQUIDATION", "DESK_LIQUIDATION", "ExchangeAccounts"]

ACCOUNT_LIQUIDATION, DESK_LIQUIDATION = "account-liquidation", "desk-liquidation"
"""What a sale by the margin engine, and by the desk, is for."""


class ExchangeAccounts:
    """Names, classes and cohorts of accounts; books by address.

    Parameters
    ----------
    world : World
        With an exchange.
    """

    def __init__(self, world: World) -> None:
        assert world.exchange is not None
        self.world, self.exchange = world, world.exchange
        self._books: dict[str, DeployedBook] = {}

    @property
    def addresses(self) -> set[str]:
        """Books, desk, margin and vault, in lower case: contracts whose events are read."""
        exchange: DeployedExchange = self.exchange
        found = [exchange.vault, exchange.desk, exchange.margin, *(book.contract for book in exchange.books.values())]
        return {contract.address.lower() for contract in found if contract is not None}

    def book_at(self, address: str) -> DeployedBook | None:
        """The book at an address, if it is one's."""
        if len(self._books) != len(self.exchange.books):
            self._books = {book.contract.address: book for book in self.exchange.books.values()}
        return self._books.get(address)

    def forced(self, transaction: Transaction) -> str | None:
        """What a transaction's sales are for where margin engine or desk make them; None for others.

        They are called directly, or through the contract that the exchange's keeper acts through.
        """
        margin, desk, engine = self.exchange.margin, self.exchange.desk, self.exchange.engine
        if margin is not None and transaction.to == margin.address:
            return ACCOUNT_LIQUIDATION
        if desk is not None and transaction.to == desk.address:
            return DESK_LIQUIDATION
        if engine is not None and transaction.to == engine.address:
            functions = engine.interface.functions
            if transaction.data.startswith(functions["liquidateAccount"].selector):
                return ACCOUNT_LIQUIDATION
            if transaction.data.startswith(functions["liquidateLoan"].selector):
                return DESK_LIQUIDATION
        return None

    def actor(self, address: str) -> Actor:
        """Who has an account; its cohort is the one that it was enrolled with."""
        known = self.world.actors.get(address)
        if known is None:
            known = Actor(name=self.world.contract_names.get(address, address), role="unknown")
        return Actor(known.name, known.role, self.exchange.accounts.get(address, known.cohort))

    def party(self, column: str, address: str) -> dict[str, str]:
        """Name, class and cohort under a column's name."""
        actor = self.actor(address)
        return {column: actor.name, f"{column}_role": actor.role, f"{column}_cohort": actor.cohort}
