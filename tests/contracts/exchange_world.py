"""An exchange of one pair, which the tests of the exchange's contracts share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cascade.chain.local import Contract, Receipt, address_of

from ..conftest import Stage

EXCHANGE, FEES, INSURANCE = address_of("exchange"), address_of("fees"), address_of("insurance")
MAKER, SECOND_MAKER, TAKER = address_of("maker"), address_of("second-maker"), address_of("taker")
OUTSIDER = address_of("outsider")
ALT, USDT, E8, WAD = 10**18, 10**6, 10**8, 10**18
TICK, LOT = 100, 10**16
"""A tick is 0.0001 USDT an ALT, a lot 0.01 ALT: one lot at one tick is worth one unit of USDT."""

BUY, SELL = 0, 1
GTC, IOC, POST_ONLY = 0, 1, 2


def price(dollars: float) -> int:
    """On the grid, in USDT's units an ALT; exact for up to four decimals."""
    ticks = round(dollars * 10_000)
    assert abs(ticks / 10_000 - dollars) < 1e-9
    return ticks * TICK


def value(lots: int, at: int) -> int:
    """USDT's units that so many lots are worth at a price; exact by the grid's choice."""
    units, rest = divmod(lots * LOT * at, ALT)
    assert rest == 0
    return units


@dataclass(frozen=True)
class Exchange:
    """A vault and the book of ALT against USDT; balances are in the vault."""

    stage: Stage
    vault: Contract
    book: Contract
    alt: Contract
    usdt: Contract

    def act(self, function: str, *arguments: Any, sender: str, timestamp: int | None = None) -> Receipt:
        receipt: Receipt = self.stage.send(self.book, function, *arguments, sender=sender, timestamp=timestamp)
        return receipt

    def own(self, contract: Contract, function: str, *arguments: Any) -> Receipt:
        receipt: Receipt = self.stage.send(contract, function, *arguments, sender=EXCHANGE)
        return receipt

    def limit(self, sender: str, side: int, at: int, lots: int, kind: int = GTC) -> int:
        """Place it; the identifier of what rests, or 0."""
        receipt = self.act("placeLimit", side, at, lots, kind, sender=sender)
        placed = [log.arguments["orderId"] for log in receipt.logs if log.event == "OrderPlaced"]
        return placed[0] if placed else 0

    def refusal(self, function: str, *arguments: Any, sender: str) -> str:
        return str(self.stage.refusal(self.book, function, *arguments, sender=sender))

    def view(self, function: str, *arguments: Any) -> Any:
        return self.stage.view(self.book, function, *arguments)

    def top(self) -> tuple[int, int, int]:
        """Last price, best bid, best ask."""
        last, _, bid, _, ask, _, _, _ = self.view("top")
        return last, bid, ask

    def give(self, account: str, token: Contract, amount: int) -> None:
        """Deposit newly made tokens."""
        self.stage.fund(token, account, amount, spender=self.vault)
        self.stage.send(self.vault, "deposit", token.address, amount, account, sender=account)

    def balance(self, account: str | Contract, token: Contract) -> tuple[int, int]:
        """Free and locked."""
        holder = account.address if isinstance(account, Contract) else account
        free, locked = self.stage.view(self.vault, "balanceOf", holder, token.address)
        return free, locked

    def wallets(self, *accounts: str) -> dict[str, tuple[tuple[int, int], tuple[int, int]]]:
        """ALT and USDT of each, free and locked."""
        return {account: (self.balance(account, self.alt), self.balance(account, self.usdt)) for account in accounts}


def open_exchange(stage: Stage, *, maker_fee_bps: int = 0, taker_fee_bps: int = 0) -> Exchange:
    """A vault with one operator, the book, and three funded accounts: 1,000 ALT and 1,000 USDT each."""
    alt, usdt = stage.token("ALT", 18), stage.token("USDT", 6)
    vault = stage.deploy("ExchangeVault", FEES, EXCHANGE)
    book = stage.deploy(
        "SpotBook", vault.address, alt.address, usdt.address, TICK, LOT, maker_fee_bps, taker_fee_bps, EXCHANGE
    )
    stage.send(vault, "setOperator", book.address, True, sender=EXCHANGE)
    exchange = Exchange(stage, vault, book, alt, usdt)
    for account in (MAKER, SECOND_MAKER, TAKER):
        exchange.give(account, alt, 1_000 * ALT)
        exchange.give(account, usdt, 1_000 * USDT)
    return exchange


def events(receipt: Receipt, name: str) -> list[dict[str, Any]]:
    """Arguments of all events of that name, in order."""
    return [dict(log.arguments) for log in receipt.logs if log.event == name]


def error(name: str, *arguments: Any) -> str:
    """A custom error as a receipt tells it: addresses in lower case."""
    return f"{name}({', '.join(str(argument).lower() for argument in arguments)})"
