"""Names for the addresses of the exchange: who has an account, and which contract is which book."""

from __future__ import annotations

from collections.abc import Mapping

from cascade.chain.local import Transaction
from cascade.errors import MissingPart
from cascade.vocabulary import Intent, Role
from cascade.world.exchange import DeployedBook, DeployedExchange
from cascade.world.world import Actor, World

__all__ = ["ExchangeAccounts"]


class ExchangeAccounts:
    """Look up accounts and books by address.

    Parameters
    ----------
    world : World
        The deployed scenario, whose actors have names and roles.
    exchange : DeployedExchange
        Its exchange, which knows the cohort of each account.
    """

    def __init__(self, world: World, exchange: DeployedExchange) -> None:
        self.world, self.exchange = world, exchange
        self._books: dict[str, DeployedBook] = {}

    @property
    def addresses(self) -> set[str]:
        """Addresses, in lower case, of the contracts whose events are recorded: books, desk, margin and vault."""
        exchange = self.exchange
        found = [exchange.vault, exchange.desk, exchange.margin, *(book.contract for book in exchange.books.values())]
        return {contract.address.lower() for contract in found if contract is not None}

    @property
    def books(self) -> Mapping[str, DeployedBook]:
        """Books by the address of their contract."""
        # Books are deployed one by one while blocks are already recorded.
        if len(self._books) != len(self.exchange.books):
            self._books = {book.contract.address: book for book in self.exchange.books.values()}
        return self._books

    def book_of(self, asset: str) -> DeployedBook:
        """Return the book in which an asset is traded.

        Raises
        ------
        MissingPart
            When no book trades the asset.
        """
        book = self.exchange.book_of(asset)
        if book is None:
            raise MissingPart(f"exchange.books of {asset}")
        return book

    def forced_sale(self, transaction: Transaction) -> Intent | None:
        """Return the intent of a transaction's sales where the margin engine or the desk makes them, else None.

        Anyone may call the two contracts directly; the exchange's own keeper calls them through its `engine` contract.
        """
        margin, desk, engine = self.exchange.margin, self.exchange.desk, self.exchange.engine
        if margin is not None and transaction.to == margin.address:
            return Intent.ACCOUNT_LIQUIDATION
        if desk is not None and transaction.to == desk.address:
            return Intent.DESK_LIQUIDATION
        if engine is not None and transaction.to == engine.address:
            functions = engine.interface.functions
            if transaction.data.startswith(functions["liquidateAccount"].selector):
                return Intent.ACCOUNT_LIQUIDATION
            if transaction.data.startswith(functions["liquidateLoan"].selector):
                return Intent.DESK_LIQUIDATION
        return None

    def actor(self, address: str) -> Actor:
        """Return the actor at an address, with the cohort under which its account was enrolled at the exchange."""
        known = self.world.actors.get(address)
        if known is None:
            known = Actor(name=self.world.contract_names.get(address, address), role=Role.UNKNOWN)
        return Actor(known.name, known.role, self.exchange.accounts.get(address, known.cohort))
