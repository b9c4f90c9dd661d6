"""Made-up sights of an exchange of two books against USDC, for tests of its agents: no chain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

from cascade.agents.interface import Agent, Proposal
from cascade.chain.local import address_of
from cascade.observation import Balance, BlockView, BookState, MarginAccount, PerpPosition
from cascade.scenario.model import ExchangeSpec
from cascade.world.exchange import DeployedBook, DeployedExchange
from cascade.world.world import World

USDC, ALT, WAD = 10**6, 10**18, 10**18
LOT = 10**16
BLOCK_SECONDS = 12
UNIMMR_MAX = 2**255 - 1
DECIMALS = {"USDC": 6, "ALT": 18, "BETH": 18}

EMPTY = BookState(last=0, last_at=0, bid=0, bid_lots=0, ask=0, ask_lots=0, index=USDC, halted_until=0, depth=(0,) * 12)
SOUND = MarginAccount(
    equity=0, adjusted_equity=0, maintenance=0, uni_mmr_wad=UNIMMR_MAX, leverage_wad=0, debt=0, notional=0, level=0
)

SPEC: dict[str, Any] = {
    "cash": "USDC",
    "books": {
        name: {
            "base": base,
            "tick": 0.0001,
            "lot": 0.01,
            "initial_price": 1,
            "reference": {"kind": "fixed", "price": 1},
        }
        for name, base in (("alt", "ALT"), ("beth", "BETH"))
    },
    "margin": {
        "capital": 1,
        "collateral": {"alt": {"tiers": [{"rate_bps": 7000}]}},
        "markets": {"alt-perp": {"book": "alt", "contract_size": 10, "tiers": [{"rate_bps": 500}]}},
        "debt_tiers": [{"rate_bps": 3000}],
    },
}
"""A tick is 0.0001 USDC and a lot 0.01 tokens; a contract is 10 ALT."""


def price(dollars: str) -> int:
    """A price of up to four decimals, as a book tells it."""
    whole, _, digits = dollars.partition(".")
    assert len(digits) <= 4
    return int(whole) * USDC + int((digits + "000000")[:6])


def contract(name: str) -> Any:
    return SimpleNamespace(address=address_of(f"contract {name}"))


def exchange(*, maker_fee_bps: int = 0, margin: bool = True) -> DeployedExchange:
    books = {name: {**book, "maker_fee_bps": maker_fee_bps} for name, book in SPEC["books"].items()}
    spec = ExchangeSpec.model_validate({**SPEC, "books": books, "margin": SPEC["margin"] if margin else None})
    made = DeployedExchange(
        spec=spec,
        vault=contract("vault"),
        lens=contract("lens"),
        margin=contract("margin") if margin else None,
        markets={"alt-perp": 0},
    )
    for name, book in spec.books.items():
        made.books[name] = DeployedBook(name, book, contract(f"{name} book"), ALT, USDC, 100, LOT)
    return made


@dataclass
class SetUp:
    """A world that writes down what is minted and sent."""

    exchange: DeployedExchange
    mark: int = 10 * USDC
    fills: bool = True
    """Whether perpetuals that are asked for are there."""
    sent: list[tuple[str, str, tuple[Any, ...]]] = field(default_factory=list)
    minted: dict[tuple[str, str], int] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assets = {asset: SimpleNamespace(decimals=decimals) for asset, decimals in DECIMALS.items()}
        self.scenario = SimpleNamespace(
            spec=SimpleNamespace(assets=assets, timeline=SimpleNamespace()),
            file="made-up",
        )
        self.tokens = {asset: contract(asset) for asset in DECIMALS}
        self.chain = SimpleNamespace(call=self._call, call_in_chunks=self._positions)
        self.actors: dict[str, Any] = {}

    @property
    def as_world(self) -> World:
        """As agents take it: they ask only what is here."""
        return cast(World, self)

    def require_exchange(self) -> DeployedExchange:
        return self.exchange

    def enrol(self, *names: str, cohort: str) -> None:
        for name in names:
            self.actors[address_of(name)] = SimpleNamespace(name=name, cohort=cohort)

    def mint(self, asset: str, amounts: Iterable[tuple[str, int]]) -> None:
        for address, raw in amounts:
            self.minted[address, asset] = self.minted.get((address, asset), 0) + raw

    def setup(self, calls: Iterable[tuple[str, Any, str, tuple[Any, ...]]], *, intent: str, gas: int = 0) -> None:
        for sender, _, function, arguments in calls:
            self.sent.append((sender, function, arguments))
            if function == "tradePerp" and self.fills:
                self.sizes[sender] = self.sizes.get(sender, 0) + arguments[1]

    def sent_as(self, function: str) -> list[tuple[Any, ...]]:
        return [arguments for _, known, arguments in self.sent if known == function]

    def _call(self, _: Any, function: str, market: int) -> int:
        assert (function, market) == ("markPrice", 0)
        return self.mark

    def _positions(self, _: Any, function: str, *__: Any, each: Sequence[str]) -> list[int]:
        assert function == "positions"
        return [word % 2**256 for address in each for word in (self.sizes.get(address, 0), 0)]


@dataclass
class View:
    """What agents ask of a block view and of its exchange."""

    world: Any
    step: int = 0
    references: dict[str, int] = field(default_factory=lambda: {"alt": WAD, "beth": WAD})
    books: dict[str, BookState] = field(default_factory=dict)
    balances: dict[str, Balance] = field(default_factory=dict)
    """Of the one account that is looked at, by asset."""
    state: MarginAccount = SOUND
    positions: dict[str, PerpPosition] = field(default_factory=dict)
    mark: int = 10 * USDC
    pending: list[tuple[str, int, int]] = field(default_factory=list)
    frozen: bool = False

    @property
    def exchange(self) -> Any:
        return _At(self)

    @property
    def next_timestamp(self) -> int:
        return 1_000 + BLOCK_SECONDS * self.step

    @property
    def lane_timestamp(self) -> int:
        return self.next_timestamp - BLOCK_SECONDS // 2

    def book(self, name: str) -> BookState:
        return self.books.get(name, EMPTY)

    def reference_wad(self, name: str) -> int:
        return self.references[name]

    def account(self, address: str) -> MarginAccount:
        return self.state

    def position(self, market: str, address: str) -> PerpPosition:
        assert market == "alt-perp"
        return self.positions.get(address, PerpPosition(0, 0))

    def mark_raw(self, market: str) -> int:
        return self.mark

    def balance(self, address: str, asset: str) -> Balance:
        return self.balances.get(asset, Balance(0, 0))

    def unfinished(self, book: str) -> list[tuple[str, int, int]]:
        return self.pending

    def is_frozen(self, address: str) -> bool:
        return self.frozen


class _At:
    """An exchange view: everything of the view, and `exchange`."""

    def __init__(self, view: View) -> None:
        self._view = view
        self.exchange = view.world.exchange

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)


def book_at(bid: str = "", ask: str = "", *, last: str = "", halted_until: int = 0) -> BookState:
    return replace(
        EMPTY,
        bid=price(bid) if bid else 0,
        ask=price(ask) if ask else 0,
        last=price(last) if last else 0,
        halted_until=halted_until,
    )


def at_margin(uni_mmr: str, *, level: int = 0) -> MarginAccount:
    return replace(SOUND, uni_mmr_wad=price(uni_mmr) * 10**12, level=level)


def asked(agent: Agent, view: View) -> list[Proposal]:
    """Show an agent a made-up view, and return its proposals."""
    proposals = list(agent.propose(agent.see(cast(BlockView, view))))
    return [proposal for proposal in proposals if isinstance(proposal, Proposal)]
