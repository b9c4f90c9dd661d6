"""Who and what stands behind an address of the exchange."""

from __future__ import annotations

from cascade.deployment.exchange import DeployedBook, DeployedExchange
from cascade.deployment.world import Actor, World

__all__ = ["ExchangeAccounts"]


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
