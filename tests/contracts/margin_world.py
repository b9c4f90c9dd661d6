"""A margin engine over the exchange, which its tests share."""

from __future__ import annotations

from typing import Any

from cascade.chain.local import Contract, address_of

from ..conftest import Stage
from .exchange_world import (
    ALT,
    BUY,
    E8,
    EXCHANGE,
    FEES,
    INSURANCE,
    LOT,
    MAKER,
    TICK,
    USDT,
    WAD,
    Exchange,
    open_exchange,
    price,
)

OWNER, KEEPER, LENDER = address_of("margin-owner"), address_of("keeper"), address_of("lender")
LONG, SHORT, OTHER = address_of("long"), address_of("short"), address_of("other-short")
CAPITAL = 100_000 * USDT
ENDLESS = 2**128 - 1
NO_LIMIT = 2**128
INT_MAX = 2**255 - 1
FREE, WARNING, REDUCE_ONLY, LIQUIDATION = range(4)
MANY = 50
YEAR, RAY, EIGHT_HOURS = 365 * 86_400, 10**27, 8 * 3_600


def rules(*, slice_bps: int = 100_00, fee_bps: int = 0, pause: int = 0) -> tuple[int, ...]:
    return (15 * WAD // 10, 12 * WAD // 10, 105 * WAD // 100, WAD, slice_bps, fee_bps, pause)


class Margin:
    """Collateral ALT at 70 % and USDe at 95 %, sold in that order, and 10 % of margin for debt.

    A contract is 0.01 ETH, at 2,000 dollars an ETH, with 5 % of margin to 100,000 and 10 % beyond.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.exchange: Exchange = open_exchange(stage)
        self.vault, self.usdt, self.alt = self.exchange.vault, self.exchange.usdt, self.exchange.alt
        self.usde = stage.token("USDe", 18)
        arguments = (self.vault.address, self.usde.address, self.usdt.address, TICK, LOT, 0, 0, EXCHANGE)
        self.usde_book = stage.deploy("SpotBook", *arguments)
        self.feeds = {name: stage.deploy("PostedPriceFeed", name, E8, EXCHANGE) for name in ("ALT", "USDe", "ETH")}
        self.margin: Contract = stage.deploy(
            "UnifiedMargin", self.vault.address, self.usdt.address, INSURANCE, EXCHANGE
        )
        for operator in (self.usde_book, self.margin):
            stage.send(self.vault, "setOperator", operator.address, True, sender=EXCHANGE)
        stage.send(self.vault, "setGuard", self.margin.address, sender=EXCHANGE)
        self.own("addAsset", self.exchange.book.address, self.feeds["ALT"].address, [(ENDLESS, 70_00)])
        self.own("addAsset", self.usde_book.address, self.feeds["USDe"].address, [(ENDLESS, 95_00)])
        self.own("setLending", 0, [(ENDLESS, 10_00)])
        self.post("ETH", 2_000)
        self.tiers = [(100_000 * USDT, 5_00), (ENDLESS, 10_00)]
        self.own("addMarket", self.feeds["ETH"].address, WAD // 100, self.tiers)
        stage.fund(self.usdt, LENDER, CAPITAL, spender=self.vault)
        stage.send(self.vault, "deposit", self.usdt.address, CAPITAL, self.margin.address, sender=LENDER)

    def own(self, function: str, *arguments: Any) -> Any:
        return self.stage.send(self.margin, function, *arguments, sender=EXCHANGE)

    def act(self, function: str, *arguments: Any, sender: str, timestamp: int | None = None) -> Any:
        return self.stage.send(self.margin, function, *arguments, sender=sender, timestamp=timestamp)

    def refusal(self, function: str, *arguments: Any, sender: str) -> str:
        return str(self.stage.refusal(self.margin, function, *arguments, sender=sender))

    def view(self, function: str, *arguments: Any, timestamp: int | None = None) -> Any:
        return self.stage.view(self.margin, function, *arguments, timestamp=timestamp)

    def post(self, name: str, dollars: float) -> None:
        self.stage.send(self.feeds[name], "post", round(dollars * 10_000) * 10_000, sender=EXCHANGE)

    def give(self, account: str, **amounts: int) -> None:
        """Whole tokens, into the vault: usdt, alt, usde."""
        units = {"usdt": (self.usdt, USDT), "alt": (self.alt, ALT), "usde": (self.usde, ALT)}
        for name, amount in amounts.items():
            token, unit = units[name]
            self.exchange.give(account, token, amount * unit)

    def withdraw(self, account: str, amount: int) -> None:
        self.stage.send(self.vault, "withdraw", self.usdt.address, amount, sender=account)

    def cash(self, account: str | Contract) -> int:
        free, _ = self.exchange.balance(account, self.usdt)
        return free

    def account(self, account: str) -> dict[str, int]:
        names = (
            "cash",
            "assetValue",
            "collateralValue",
            "debt",
            "profit",
            "notional",
            "equity",
            "adjustedEquity",
            "maintenance",
            "uniMmrWad",
            "leverageWad",
            "level",
        )
        return dict(zip(names, self.view("accountOf", account), strict=True))

    def level(self, account: str) -> int:
        return int(self.view("level", account))

    def position(self, account: str) -> tuple[int, int]:
        size, entry, _ = self.view("positionOf", 0, account)
        return size, entry

    def pair(self, contracts: int, *, short: str = SHORT, long: str = LONG) -> Any:
        """The long buys from the short at the mark; the receipt of the purchase."""
        self.act("quotePerp", 0, 0, contracts, 0, sender=short)
        return self.act("tradePerp", 0, contracts, NO_LIMIT, MANY, sender=long)

    def bid(self, book: Contract, dollars: float, lots: int) -> None:
        """A bid of an account of its own, with money for it."""
        self.exchange.give(MAKER, self.usdt, 10**6 * USDT)
        self.stage.send(book, "placeLimit", BUY, price(dollars), lots, 0, sender=MAKER)

    def assert_conserved(self, capital: int = CAPITAL) -> None:
        """Cash of the clearing account, debts and entries are what came in, and positions cancel out."""
        accounts = (OWNER, LONG, SHORT, OTHER, MAKER)
        debt, interest, funding, bad_debt = self.view("totals")
        positions = [self.position(account) for account in accounts]
        assert sum(size for size, _ in positions) == 0
        entries = sum(entry for _, entry in positions)
        assert self.cash(self.margin) + debt + entries == capital + interest + funding - bad_debt
        assert debt == sum(self.view("debtOf", account) for account in accounts)
        ledger = sum(
            sum(self.exchange.balance(account, self.usdt))
            for account in (*accounts, self.margin, INSURANCE, FEES, address_of("second-maker"), address_of("taker"))
        )
        assert ledger == self.stage.balance(self.usdt, self.vault)


def indebted(margin: Margin, debt: int = 600) -> None:
    """1,000 ALT against a debt in cash that is gone."""
    margin.give(OWNER, alt=1_000)
    margin.act("borrow", debt * USDT, sender=OWNER)
    margin.withdraw(OWNER, debt * USDT)


def leveraged(margin: Margin) -> None:
    """500 contracts on 1,000 of cash, from two shorts: 300 on 2,000 and 200 on 400."""
    margin.give(LONG, usdt=1_000)
    margin.give(SHORT, usdt=2_000)
    margin.give(OTHER, usdt=400)
    margin.pair(300)
    margin.pair(200, short=OTHER)
