"""ConstantProductPair against Uniswap V2's own bytecode: same random calls to both, same outcome to the unit."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from cascade.chain.abi import Interface
from cascade.chain.anvil import Anvil
from cascade.chain.artifacts import Artifact, load_artifacts
from cascade.chain.local import Contract, LocalChain, Receipt, Transaction, address_of
from cascade.toolchain.paths import project_root

ADMIN = address_of("admin")
ACTORS = [address_of(name) for name in ("provider", "trader", "arbitrageur")]
GENESIS_TIMESTAMP = 1_760_000_000
GAS_LIMIT = 3_000_000
STEPS = 600
NOBODY = "0x" + "0" * 40
LOCKED_LP = {"theirs": NOBODY, "ours": "0x000000000000000000000000000000000000dEaD"}
"""Who holds the first 1,000 units: OpenZeppelin's token does not mint to address zero."""

BUILD = project_root() / "node_modules" / "@uniswap" / "v2-core" / "build"


def uniswap_artifact(name: str) -> Artifact:
    built = json.loads((BUILD / f"{name}.json").read_text(encoding="utf-8"))
    code = built["evm"]["bytecode"]["object"]
    return Artifact(name=name, interface=Interface(name=name, abi=built["abi"]), bytecode="0x" + code)


class Twins:
    """One pair of Uniswap's and one of ours, over two tokens each that behave alike."""

    def __init__(self, chain: LocalChain) -> None:
        self.chain = chain
        artifacts = load_artifacts()
        self.tokens: dict[str, list[Contract]] = {}
        self.pairs: dict[str, Contract] = {}
        self.borrowers: dict[str, Contract] = {}
        for side in ("theirs", "ours"):
            tokens = [chain.deploy(artifacts["MockERC20"], "T", "T", 18, sender=ADMIN) for _ in range(2)]
            tokens.sort(key=lambda token: int(token.address, 16))  # Uniswap's factory sorts
            self.tokens[side] = tokens
            self.borrowers[side] = chain.deploy(artifacts["FlashSwapBorrower"], sender=ADMIN)
        self.pairs["theirs"] = self._uniswap_pair(*self.tokens["theirs"])
        self.pairs["ours"] = chain.deploy(
            artifacts["ConstantProductPair"], *(token.address for token in self.tokens["ours"]), sender=ADMIN
        )

    def _uniswap_pair(self, token0: Contract, token1: Contract) -> Contract:
        factory = self.chain.deploy(uniswap_artifact("UniswapV2Factory"), ADMIN, sender=ADMIN)
        creation = factory.encode("createPair", token0.address, token1.address)
        self.chain.execute(
            [Transaction(ADMIN, factory.address, creation, 10_000_000)], timestamp=self.chain.timestamp + 1
        )
        address = self.chain.call(factory, "getPair", token0.address, token1.address)
        pair = Contract(address, uniswap_artifact("UniswapV2Pair").interface)
        self.chain.know(pair)
        return pair

    def send(self, sender: str, call: tuple[Any, ...], timestamp: int) -> tuple[Receipt, Receipt]:
        """The same call on both sides, in one block: `(what, function, *arguments)`, addresses by role."""
        transactions = []
        for side in ("theirs", "ours"):
            what, function, *arguments = call
            target = self.contract(side, what)
            given = [
                self.contract(side, value[1:]).address if isinstance(value, str) and value[0] == "@" else value
                for value in arguments
            ]
            transactions.append(Transaction(sender, target.address, target.encode(function, *given), GAS_LIMIT))
        theirs, ours = self.chain.mine(transactions, timestamp=timestamp).receipts
        return theirs, ours

    def contract(self, side: str, what: str) -> Contract:
        found = {"pair": self.pairs[side], "borrower": self.borrowers[side]}
        return found[what] if what in found else self.tokens[side][int(what[-1])]

    def state(self, side: str) -> dict[str, Any]:
        """Reserves, cumulative prices, and what everybody holds of both tokens and of the pair's."""
        pair, views = self.pairs[side], self.chain.call
        holders = [*ACTORS, pair.address, self.borrowers[side].address, LOCKED_LP[side]]
        return {
            "reserves": views(pair, "getReserves"),
            "cumulative": [views(pair, f"price{k}CumulativeLast") for k in range(2)],
            "supply": views(pair, "totalSupply"),
            "held": [[views(token, "balanceOf", holder) for holder in holders] for token in (*self.tokens[side], pair)],
        }

    def events(self, side: str, receipt: Receipt) -> list[tuple[str, list[Any]]]:
        """Name and values, each address by its role; the locked part is nobody's on both sides."""
        roles = {
            self.pairs[side].address: "pair",
            self.borrowers[side].address: "borrower",
            NOBODY: "nobody",
            LOCKED_LP[side]: "nobody",
            **{token.address: f"token{k}" for k, token in enumerate(self.tokens[side])},
        }
        return [
            (
                f"{roles[log.address]}.{log.event}",
                [roles.get(value, value) if isinstance(value, str) else value for value in log.arguments.values()],
            )
            for log in receipt.logs
        ]


@pytest.fixture(scope="module")
def twins() -> Iterator[Twins]:
    with Anvil(timestamp=GENESIS_TIMESTAMP) as anvil:
        chain = LocalChain(anvil.rpc)
        chain.fund([ADMIN, *ACTORS])
        yield Twins(chain)


class Script:
    """Random calls, of which most succeed; each sees the reserves before it."""

    def __init__(self, twins: Twins, seed: int) -> None:
        self.twins = twins
        self.draw = random.Random(seed)

    def next_calls(self) -> list[tuple[Any, ...]]:
        kinds = ["mint", "burn", "swap", "swap", "swap", "flash", "skim", "sync", "odd", "donate"]
        kind = self.draw.choice(kinds)
        reserves = self.twins.chain.call(self.twins.pairs["theirs"], "getReserves")[:2]
        return list(getattr(self, f"_{kind}")(max(reserves[0], 10**6), max(reserves[1], 10**6)))

    def _size(self, high: int) -> int:
        """Of each order of magnitude alike."""
        return min(high, int(10 ** self.draw.uniform(0, len(str(high)))))

    def _mint(self, reserve0: int, reserve1: int) -> Iterator[tuple[Any, ...]]:
        amount = self._size(reserve0)
        second = amount * reserve1 // reserve0 if self.draw.random() < 0.5 else self._size(reserve1)
        yield "token0", "mint", "@pair", amount
        yield "token1", "mint", "@pair", second
        yield "pair", "mint", self.draw.choice([*ACTORS, "@pair"])

    def _burn(self, *_: int) -> Iterator[tuple[Any, ...]]:
        provider = self.draw.choice(ACTORS)
        held = self.twins.chain.call(self.twins.pairs["theirs"], "balanceOf", provider)
        if held:
            yield "as", provider, "pair", "transfer", "@pair", self._size(held)
        yield "pair", "burn", self.draw.choice(ACTORS)

    def _swap(self, reserve0: int, reserve1: int) -> Iterator[tuple[Any, ...]]:
        """What Uniswap pays for an input, or one unit more, or any amount."""
        reserve_in, reserve_out = (reserve0, reserve1) if (first := self.draw.random() < 0.5) else (reserve1, reserve0)
        paid = self._size(reserve_in)
        most = 997 * paid * reserve_out // (1000 * reserve_in + 997 * paid)
        out = self.draw.choice([most, most, most + 1, self._size(reserve_out), 0])
        other = self.draw.choice([0, 0, 0, 1])
        yield f"token{0 if first else 1}", "mint", "@pair", paid
        to = self.draw.choice([*ACTORS, *ACTORS, "@token0", "@pair"])
        yield "pair", "swap", *((other, out) if first else (out, other)), to, b""

    def _flash(self, reserve0: int, reserve1: int) -> Iterator[tuple[Any, ...]]:
        amount = self._size(reserve0)
        least = -(-1000 * amount // 997)
        repayment = least + self.draw.choice([-1, 0, 0, 1, amount])
        second = self.draw.choice([0, 0, 0, self._size(reserve1)])
        yield "token0", "mint", "@borrower", repayment
        yield "borrower", "borrow", "@pair", amount, second, repayment
        yield "borrower", "reenter", "@pair"

    def _skim(self, *_: int) -> Iterator[tuple[Any, ...]]:
        yield "pair", "skim", self.draw.choice([*ACTORS, "@pair"])

    def _sync(self, *_: int) -> Iterator[tuple[Any, ...]]:
        yield "pair", "sync"

    def _donate(self, reserve0: int, reserve1: int) -> Iterator[tuple[Any, ...]]:
        yield "token0", "mint", "@pair", self._size(reserve0)
        yield "token1", "mint", "@pair", self._size(reserve1)

    def _odd(self, reserve0: int, _: int) -> Iterator[tuple[Any, ...]]:
        """Nothing paid in, everything asked for, more than a reserve can count."""
        yield "pair", "mint", ACTORS[0]
        yield "pair", "swap", reserve0, 0, ACTORS[0], b""
        yield "pair", "swap", 0, 0, ACTORS[0], b""
        yield "pair", "sync"
        yield "pair", "swap", 1, 0, ACTORS[0], b""
        if self.draw.random() < 0.2:
            yield "token0", "mint", "@pair", 2**112 - reserve0
            yield "pair", "sync"
            yield "pair", "skim", ACTORS[2]


def outcome(receipt: Receipt) -> str:
    """Uniswap's own errors by their text; arithmetic, whose text is each compiler's own, as one."""
    if receipt.ok:
        return "ok"
    reason = receipt.revert_reason
    return reason if "UniswapV2" in reason else "arithmetic"


def run_script(twins: Twins, seed: int, steps: int) -> Counter[str]:
    """Run random calls and compare each receipt, and the whole state every tenth call."""
    script, seen = Script(twins, seed), Counter[str]()
    step = 0
    while step < steps:
        for drawn in script.next_calls():
            sender, call = (drawn[1], drawn[2:]) if drawn[0] == "as" else (ACTORS[step % len(ACTORS)], drawn)
            elapsed = script.draw.choice([1, 1, 12, 3600, 86_400])
            theirs, ours = twins.send(sender, call, twins.chain.timestamp + elapsed)

            assert outcome(ours) == outcome(theirs), f"step {step}: {call}"
            assert twins.events("ours", ours) == twins.events("theirs", theirs), f"step {step}: {call}"
            if step % 10 == 0:
                assert twins.state("ours") == twins.state("theirs"), f"step {step}: {call}"
            seen[f"{call[0]}.{call[1]} {outcome(theirs)}"] += 1
            step += 1
    assert twins.state("ours") == twins.state("theirs")
    return seen


def test_pair__random_calls__same_as_uniswaps_own_bytecode(twins: Twins) -> None:
    seen = run_script(twins, seed=20251010, steps=STEPS)

    for happened in (
        "pair.mint ok",
        "pair.burn ok",
        "pair.swap ok",
        "pair.skim ok",
        "pair.sync ok",
        "borrower.borrow ok",
    ):
        assert seen[happened] >= 5, dict(seen)
    refusals = {name.split(" ", 1)[1] for name in seen} - {"ok"}
    texts = ["LOCKED", "K", "INVALID_TO", "OVERFLOW", "INSUFFICIENT_LIQUIDITY", "INSUFFICIENT_INPUT_AMOUNT"]
    texts += ["INSUFFICIENT_OUTPUT_AMOUNT", "INSUFFICIENT_LIQUIDITY_MINTED", "INSUFFICIENT_LIQUIDITY_BURNED"]
    assert {text for text in texts if not any(refusal.endswith(f"UniswapV2: {text}") for refusal in refusals)} == set()
