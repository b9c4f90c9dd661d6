"""View the exchange at a block: books, accounts and loans; each question is asked once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass

from cascade.chain.abi import signed_word
from cascade.chain.local import Contract, address_of
from cascade.observation.once import Once
from cascade.scenario.model import FixedReference, PathReference, TransfersEvent
from cascade.units import WAD
from cascade.vocabulary import DEPTH_WITHIN_BPS
from cascade.world.exchange import DeployedBook
from cascade.world.mirror import MarginFigures
from cascade.world.world import World

__all__ = ["Balance", "BookState", "DeskLoan", "ExchangeView", "MarginAccount", "PerpPosition"]

_TOP_WORDS, _DEPTH_WORDS, _ACCOUNT_WORDS, _LOAN_WORDS = 8, 4, 10, 5
_MOST_LEVELS = 1000
_FEE_ACCOUNT = "exchange-fees"
"""Receives the fees of every trade, of which no event names it."""
_E8_TO_WAD = 10**10


@dataclass(frozen=True)
class BookState:
    """A book after the latest block.

    Prices are smallest units of the stable per whole base token; 0 where there is none.

    Attributes
    ----------
    last, last_at : int
        Last price, and Unix time of its trade.
    bid, bid_lots, ask, ask_lots : int
        Best prices, and lots there.
    index : int
        The exchange's index.
    halted_until : int
        Unix time at which orders meet again.
    depth : tuple of int
        For each distance of `DEPTH_WITHIN_BPS`: lots bid, their value, lots asked, their value.
    """

    last: int
    last_at: int
    bid: int
    bid_lots: int
    ask: int
    ask_lots: int
    index: int
    halted_until: int
    depth: tuple[int, ...]


@dataclass(frozen=True)
class MarginAccount(MarginFigures):
    """A unified account, with the state of its liquidation.

    Attributes
    ----------
    is_liquidating : bool
        Frozen, and sold until its margin is free again or nothing is left.
    paused_until : int
        Unix time before which its liquidation does not go on.
    """

    is_liquidating: bool = False
    paused_until: int = 0


@dataclass(frozen=True)
class PerpPosition:
    """A position in a perpetual: contracts (negative is short), and their entry value, of the same sign."""

    size: int
    entry: int


@dataclass(frozen=True)
class Balance:
    """An account's balance of an asset in the vault, free and locked by orders."""

    free: int
    locked: int

    @property
    def total(self) -> int:
        """Free and locked balance."""
        return self.free + self.locked


@dataclass(frozen=True)
class DeskLoan:
    """A loan of the desk; `ltv_bps` is 0 without debt, `deadline` 0 without a call.

    It is not liquidated again before `paused_until`.
    """

    pledged: int
    debt: int
    ltv_bps: int
    deadline: int
    paused_until: int = 0


class ExchangeView:
    """The exchange after the latest block, read-only.

    Attributes
    ----------
    exchange : DeployedExchange
        Contracts and accounts.
    """

    def __init__(self, world: World, *, next_timestamp: int, spot_price_wad: Callable[[str], int]) -> None:
        self.world = world
        self.exchange = world.require_exchange()
        self.next_timestamp = next_timestamp
        self._spot_price_wad = spot_price_wad
        self._once = Once()

    def book(self, name: str) -> BookState:
        """Return best prices, index and depth of a book."""
        return self._once("books", self._read_books)[name]

    def reference_wad(self, name: str) -> int:
        """Return the price elsewhere of a book's base, in the stable (1e18 scale)."""
        return self._once(("reference", name), lambda: self._reference_wad(name))

    def redemption_e8(self, name: str) -> int:
        """Return the price that the issuer pays for a book's base, in dollars with 8 decimals; 0 without an issuer."""
        feed = self.exchange.redemption_feeds.get(name)
        if feed is None:
            return 0
        return self._answer(feed)

    def index_e8(self, name: str) -> int:
        """Return the index of a book that desk and margin see, in dollars with 8 decimals; 0 without a price."""
        feed = self.exchange.index_feeds[name]
        return max(self._answer(feed), 0)

    def account(self, address: str) -> MarginAccount:
        """Return a unified account."""
        return self._once("accounts", self._read_accounts)[address]

    def position(self, market: str, address: str) -> PerpPosition:
        """Return an account's position in a perpetual."""
        return self._once(("positions", market), lambda: self._read_positions(market))[address]

    def mark_raw(self, market: str) -> int:
        """Return the mark price of a perpetual, in smallest units of the stable per contract."""
        margin, number = self.exchange.require_margin(), self.exchange.markets[market]
        return self._once(("mark", market), lambda: int(self.world.chain.call(margin, "markPrice", number)))

    def balance(self, address: str, asset: str) -> Balance:
        """Return an account's balance of an asset."""
        return self._once("balances", self._read_balances)[address][asset]

    def own_cash(self) -> dict[str, int]:
        """Return the stable in the own accounts of the desk and of the margin engine, by name."""
        return self._once("own-cash", self._read_own_cash)

    def loan(self, line: str, address: str) -> DeskLoan:
        """Return an account's loan on a line of the desk."""
        return self._once(("loans", line), lambda: self._read_loans(line))[address]

    def unfinished(self, book: str) -> list[tuple[str, int, int]]:
        """Return the market orders that are to be continued: account, side, lots."""
        return self._once(("unfinished", book), lambda: self._read_remainders(self.exchange.books[book]))

    def levels(self, book: str, side: int) -> list[tuple[int, int]]:
        """Return prices and lots of the levels of a side, the best first."""
        contract = self.exchange.books[book].contract

        def read() -> list[tuple[int, int]]:
            words = self.world.chain.call(contract, "levels", side, _MOST_LEVELS)
            return list(zip(words[::2], words[1::2], strict=True))

        return self._once(("levels", book, side), read)

    def sale_lots(self, line: str, address: str) -> int:
        """Return the lots that a liquidation of a loan would offer in the next block; 0 where the loan is sound."""
        desk, number = self.exchange.require_desk(), self.exchange.lines[line]
        return self._once(
            ("sale", line, address),
            lambda: int(self.world.chain.call(desk, "saleLots", number, address, timestamp=self.lane_timestamp)),
        )

    @property
    def lane_timestamp(self) -> int:
        """Unix time of the exchange's next block."""
        return self.next_timestamp - self.world.scenario.spec.timeline.exchange_lead_seconds

    def is_transfer_degraded(self) -> bool:
        """Whether deposits and withdrawals are refused at the next block's time."""
        if any(isinstance(event, TransfersEvent) for event in self.world.scenario.spec.events.values()):
            # As of the latest block: nobody foresees an event, and what is sent into its block fails.
            vault = self.exchange.vault
            return self._once("transfers-closed", lambda: not self.world.chain.call(vault, "depositsOpen"))
        transfers = self.exchange.spec.transfers
        # The window includes its beginning and excludes its end.
        return transfers is not None and transfers.window[0] <= self.next_timestamp < transfers.window[1]

    def is_frozen(self, address: str) -> bool:
        """Return whether an account is being liquidated."""
        return self._once(
            ("frozen", address), lambda: bool(self.world.chain.call(self.exchange.vault, "isFrozen", address))
        )

    def _reference_wad(self, name: str) -> int:
        # A reference on the path is of the next block; one at a pool is of the latest, since nobody knows its next
        # price.
        reference = self.exchange.books[name].spec.reference
        if isinstance(reference, FixedReference):
            return int(reference.price * WAD)
        if isinstance(reference, PathReference):
            price_e8 = self.world.scenario.path.price_e8(reference.asset, self.next_timestamp)
            return int(price_e8 * _E8_TO_WAD * reference.ratio)
        return self._spot_price_wad(reference.venue)

    def _read_books(self) -> dict[str, BookState]:
        books = self.exchange.books
        contracts = [book.contract.address for book in books.values()]
        words = self.world.chain.call(self.exchange.lens, "books", contracts, list(DEPTH_WITHIN_BPS))
        row = _TOP_WORDS + _DEPTH_WORDS * len(DEPTH_WITHIN_BPS)
        found = {}
        for i, name in enumerate(books):
            top, depth = words[row * i :][:_TOP_WORDS], words[row * i + _TOP_WORDS : row * (i + 1)]
            found[name] = BookState(
                last=top[0],
                last_at=top[1],
                bid=top[2],
                bid_lots=top[3],
                ask=top[4],
                ask_lots=top[5],
                index=top[6],
                halted_until=top[7],
                depth=tuple(depth),
            )
        return found

    def _read_accounts(self) -> dict[str, MarginAccount]:
        addresses, mirror = list(self.exchange.accounts), self.world.margin
        marks = self._marks()
        if mirror.terms is None or not all(marks.values()):
            # The contract alone knows: of terms that were changed, or that a price is missing.
            return self.asked_accounts(addresses)
        for at, accrued in mirror.accrued(addresses).items():
            # At the time at which it was brought up to date, a debt is what the contract stores.
            for address, account in self.asked_accounts(accrued, timestamp=at).items():
                mirror.keep_debt(address, account.debt)
        for address in mirror.settled(addresses):
            mirror.keep_funding(address, {market: self._settled_at(market, address) for market in marks})
        frozen = [address for address in addresses if address.lower() in mirror.frozen]
        found = self.asked_accounts(frozen)
        answers = {asset.symbol: self._answer(asset.feed) for asset in mirror.terms.assets}
        for address in addresses:
            if address not in found:
                found[address] = self._computed_account(address, answers, marks)
        return found

    def _computed_account(self, address: str, answers: Mapping[str, int], marks: Mapping[str, int]) -> MarginAccount:
        """Return an account as its balances, debt and positions make it."""
        held = {asset: self.balance(address, asset).total for asset in self.exchange.assets}
        positions = {market: self.position(market, address) for market in marks}
        figures = self.world.margin.figures(
            address,
            timestamp=self.world.chain.timestamp,
            cash=held[self.exchange.cash],
            held=held,
            answers=answers,
            positions={market: (one.size, one.entry) for market, one in positions.items()},
            marks=marks,
        )
        return MarginAccount(*astuple(figures))

    def asked_accounts(self, addresses: Sequence[str], *, timestamp: int | None = None) -> dict[str, MarginAccount]:
        """Return accounts as the contract says, at the latest block's time or another one."""
        words = self.world.chain.call_in_chunks(
            self.exchange.lens, "accounts", self.exchange.require_margin().address, each=addresses, timestamp=timestamp
        )
        found = {}
        for i, address in enumerate(addresses):
            row = words[_ACCOUNT_WORDS * i : _ACCOUNT_WORDS * (i + 1)]
            signed = [signed_word(word) for word in row]
            found[address] = MarginAccount(
                equity=signed[0], adjusted_equity=signed[1], maintenance=row[2], uni_mmr_wad=signed[3],
                leverage_wad=row[4], debt=row[5], notional=row[6], level=row[7],
                is_liquidating=bool(row[8]), paused_until=row[9],
            )  # fmt: skip
        return found

    def _marks(self) -> dict[str, int]:
        """Return the mark price of every perpetual; 0 without a price."""
        mirror = self.world.margin
        markets = mirror.terms.markets if mirror.terms is not None else ()
        return {market.name: mirror.mark(market, self._answer(market.feed)) for market in markets}

    def _settled_at(self, market: str, address: str) -> int:
        """Return the funding index that a position was last settled at."""
        margin, number = self.exchange.require_margin(), self.exchange.markets[market]
        _, _, funding_wad = self.world.chain.call(margin, "positionOf", number, address)
        return int(funding_wad)

    def _answer(self, feed: Contract) -> int:
        return self._once(("answer", feed.address), lambda: int(self.world.chain.call(feed, "latestAnswer")))

    def _read_positions(self, market: str) -> dict[str, PerpPosition]:
        addresses = list(self.exchange.accounts)
        margin = self.exchange.require_margin().address
        rows = self.world.exchange_rows.rows(
            f"position in {market}",
            [margin],
            addresses,
            lambda each: self._in_chunks("positions", margin, self.exchange.markets[market], each=each),
        )
        return {address: PerpPosition(*map(signed_word, rows[address])) for address in addresses}

    def _read_balances(self) -> dict[str, dict[str, Balance]]:
        addresses, assets = list(self.exchange.accounts), self.exchange.assets
        tokens = [self.world.tokens[asset].address for asset in assets]
        vault = self.exchange.vault.address
        # The vault tells of deposits and moves; trades and locks are told by the books that settle them.
        rows = self.world.exchange_rows.rows(
            "balances at the exchange",
            [vault, *self._own_contracts],
            addresses,
            lambda each: self._in_chunks("balances", vault, tokens, each=each),
            always=[address_of(_FEE_ACCOUNT)],
        )
        return {
            address: {asset: Balance(*rows[address][2 * i : 2 * i + 2]) for i, asset in enumerate(assets)}
            for address in addresses
        }

    def _read_own_cash(self) -> dict[str, int]:
        found = {"desk": self.exchange.desk, "margin": self.exchange.margin}
        lenders = {name: contract.address for name, contract in found.items() if contract is not None}
        cash = [self.world.tokens[self.exchange.cash].address]
        words = self._in_chunks("balances", self.exchange.vault.address, cash, each=list(lenders.values()))
        return {name: words[2 * i] + words[2 * i + 1] for i, name in enumerate(lenders)}

    def _read_loans(self, line: str) -> dict[str, DeskLoan]:
        desk = self.exchange.require_desk()
        addresses = list(self.exchange.accounts)
        # Debts grow in every second and LTVs follow the index; whom the desk has never named has no loan.
        borrowers = self.world.exchange_rows.ever_named(desk.address, addresses)
        words = self.world.chain.call_in_chunks(desk, "loans", self.exchange.lines[line], each=borrowers)
        found = dict.fromkeys(addresses, DeskLoan(*[0] * _LOAN_WORDS))
        for i, address in enumerate(borrowers):
            found[address] = DeskLoan(*words[_LOAN_WORDS * i : _LOAN_WORDS * (i + 1)])
        return found

    def _read_remainders(self, book: DeployedBook) -> list[tuple[str, int, int]]:
        addresses, address_of_book = list(self.exchange.accounts), book.contract.address
        rows = self.world.exchange_rows.rows(
            f"market order at {book.name}",
            [address_of_book],
            addresses,
            lambda each: self._in_chunks("remainders", address_of_book, each=each),
        )
        return [(address, side, lots) for address in addresses for side, lots in (rows[address],) if lots]

    @property
    def _own_contracts(self) -> list[str]:
        exchange = self.exchange
        own = [*(book.contract for book in exchange.books.values()), exchange.desk, exchange.margin]
        return [contract.address for contract in own if contract is not None]

    def _in_chunks(self, function: str, *fixed: object, each: Sequence[str]) -> list[int]:
        return self.world.chain.call_in_chunks(self.exchange.lens, function, *fixed, each=each)
