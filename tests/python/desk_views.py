"""A made-up sight of the exchange for tests of its engine, its desk's whales and its arbitrageur."""

from __future__ import annotations

from dataclasses import dataclass, field

from cascade.observation.exchange_view import Balance, BookState, DeskLoan, MarginAccount, PerpPosition
from cascade.scenario.model import BookSpec, DeskSpec, ExchangeSpec, MarginSpec
from cascade.units import WAD
from cascade.world.exchange import DeployedBook, DeployedExchange

from .agent_views import USDC, USDE, contract

LANE = 1_000
"""Time of the exchange's next block."""

SOUND = MarginAccount(
    equity=1, adjusted_equity=1, maintenance=1, uni_mmr_wad=2 * WAD, leverage_wad=0, debt=1, notional=0, level=0
)


def deployed_book(name: str, base: str, *, taker_fee_bps: int = 0) -> DeployedBook:
    """A tick of 0.0001 and a lot of one token."""
    spec = BookSpec.model_validate(
        {
            "base": base,
            "tick": 0.0001,
            "lot": 1,
            "initial_price": 1,
            "taker_fee_bps": taker_fee_bps,
            "reference": {"kind": "fixed", "price": 1},
        }
    )
    return DeployedBook(name, spec, contract(f"book {name}"), USDE, USDC, 100, USDE)


def book_state(*, bid: float = 0, ask: float = 0, halted_until: int = 0) -> BookState:
    """Prices in dollars; 0 is an empty side. The index is the bid, or 1."""
    return BookState(
        last=0,
        last_at=0,
        bid=round(bid * USDC),
        bid_lots=10,
        ask=round(ask * USDC),
        ask_lots=10,
        index=round(bid * USDC) or USDC,
        halted_until=halted_until,
        depth=(),
    )


@dataclass
class ExchangeSight:
    """What agents ask of `view.exchange`."""

    states: dict[str, BookState] = field(default_factory=dict)
    accounts: dict[str, MarginAccount] = field(default_factory=dict)
    balances: dict[tuple[str, str], Balance] = field(default_factory=dict)
    loans: dict[str, DeskLoan] = field(default_factory=dict)
    offers: dict[str, int] = field(default_factory=dict)
    """Lots that a liquidation of each one's loan would offer."""
    ladders: dict[tuple[str, int], list[tuple[int, int]]] = field(default_factory=dict)
    pending: dict[str, list[tuple[str, int, int]]] = field(default_factory=dict)
    index_e8_: dict[str, int] = field(default_factory=dict)
    degraded: bool = False
    lane_timestamp: int = LANE
    taker_fee_bps: int = 0
    slice_bps: int = 5000

    def __post_init__(self) -> None:
        tiers = [{"rate_bps": 10_000}]
        books = {
            name: deployed_book(name, base, taker_fee_bps=self.taker_fee_bps)
            for name, base in (("alt", "WETH"), ("usde", "USDe"))
        }
        spec = ExchangeSpec.model_construct(
            cash="USDC",
            books={name: book.spec for name, book in books.items()},
            desk=DeskSpec.model_validate({"capital": 1, "lines": {"alt": {}}}),
            margin=MarginSpec.model_validate(
                {
                    "capital": 1,
                    "collateral": {"alt": {"tiers": tiers}, "usde": {"tiers": tiers}},
                    "debt_tiers": tiers,
                    "rules": {"slice_bps": self.slice_bps},
                }
            ),
        )
        self.exchange = DeployedExchange(
            spec=spec,
            books=books,
            lines={"alt": 3},
            collateral={"alt": 0, "usde": 1},
            markets={},
            desk=contract("desk"),
            margin=contract("margin"),
            vault=contract("vault"),
            lens=contract("lens"),
            engine=contract("engine"),
            accounts=dict.fromkeys([*self.accounts, *self.loans], "cohort"),
        )

    def book(self, name: str) -> BookState:
        return self.states.get(name, book_state(bid=1, ask=1.0001))

    def account(self, address: str) -> MarginAccount:
        return self.accounts.get(address, SOUND)

    def balance(self, address: str, asset: str) -> Balance:
        return self.balances.get((address, asset), Balance(0, 0))

    def position(self, market: str, address: str) -> PerpPosition:
        return PerpPosition(0, 0)

    def loan(self, line: str, address: str) -> DeskLoan:
        assert line == "alt"
        return self.loans.get(address, DeskLoan(0, 0, 0, 0))

    def sale_lots(self, line: str, address: str) -> int:
        return self.offers[address]

    def levels(self, name: str, side: int) -> list[tuple[int, int]]:
        return self.ladders.get((name, side), [])

    def unfinished(self, name: str) -> list[tuple[str, int, int]]:
        return self.pending.get(name, [])

    def index_e8(self, name: str) -> int:
        return self.index_e8_.get(name, 10**8)

    def is_transfer_degraded(self) -> bool:
        return self.degraded
