"""The mock and Aave V3.6 itself, side by side on one chain, do the same at every step of random sequences.

Each step is one call, made to both pools in one block: an action of a user, a price, or a change of a parameter. After
it both have the same error or the same events, balances, indexes, flags and account data, to the unit, and so has the
harness, which folds accounts from the events of each side and computes values, health and liquidations by itself.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from eth_abi import encode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cascade import load_scenario
from cascade.chain.anvil import Anvil
from cascade.chain.artifacts import load_artifacts
from cascade.chain.local import Contract, LocalChain, Log, Receipt, Transaction, address_of
from cascade.deployment.deploy import deploy_world
from cascade.deployment.lending import engine_artifacts
from cascade.errors import ToolMissing
from cascade.toolchain.paths import project_root
from cascade.world.mirror import largest_liquidation
from cascade.world.world import World

GENESIS_TIMESTAMP = 1_760_000_000
GAS_LIMIT = 3_000_000
UINT_MAX = 2**256 - 1
WAD = 10**18
SIZES = {"small": (12, 40), "large": (220, 60)}
"""Sequences, and steps of each."""

ASSETS = {"USDe": 18, "USDC": 6, "USDT": 6, "WETH": 18, "ISO": 8}
WHOLE_PRICES_E8 = {"USDe": 10**8, "USDC": 10**8, "USDT": 10**8, "WETH": 4_000 * 10**8, "ISO": 20 * 10**8}
MARKET: dict[str, Any] = {
    "assets.WETH": {"decimals": 18},
    "oracle.WETH": {"kind": "posted", "initial_price_usd": 4_000},
    "assets.ISO": {"decimals": 8},
    "oracle.ISO": {"kind": "posted", "initial_price_usd": 20},
    "lending.reserves.USDC.lenders_supply": 0,
    "lending.reserves.USDC.borrowable_in_isolation": True,
    "lending.reserves.USDe.borrowing": True,
    "lending.reserves.USDC.borrow_cap": 3_000_000,
    "lending.reserves.USDT": {
        "liquidation_threshold_bps": 7800,
        "liquidation_bonus_bps": 450,
        "liquidation_protocol_fee_bps": 0,
        "rate": {"optimal_usage_bps": 9200, "base_bps": 0, "slope1_bps": 550, "slope2_bps": 3500},
    },
    "lending.reserves.WETH": {
        "ltv_bps": 8050,
        "liquidation_threshold_bps": 8300,
        "liquidation_bonus_bps": 500,
        "supply_cap": 30_000,
        "rate": {"optimal_usage_bps": 8000, "base_bps": 100, "slope1_bps": 270, "slope2_bps": 8000},
    },
    "lending.reserves.ISO": {
        "ltv_bps": 6000,
        "liquidation_threshold_bps": 7000,
        "liquidation_bonus_bps": 1000,
        "debt_ceiling_usd": 150_000.25,
    },
    "lending.emodes": {
        1: {
            "label": "stable",
            "ltv_bps": 9000,
            "liquidation_threshold_bps": 9300,
            "liquidation_bonus_bps": 200,
            "collateral": ["USDe"],
            "borrowable": ["USDC", "USDT"],
        },
        2: {
            "label": "ether",
            "ltv_bps": 8800,
            "liquidation_threshold_bps": 9000,
            "liquidation_bonus_bps": 300,
            "collateral": ["WETH", "USDe", "ISO"],
            "borrowable": ["USDC"],
        },
    },
}
USERS = [address_of(f"user-{i}") for i in range(4)]
UMBRELLA = address_of("umbrella")
ISOLATED = address_of("isolated")
"""An account that has nothing yet when a sequence begins, so that it can enter isolation mode."""

ACTIVE = [*USERS, ISOLATED, UMBRELLA]
WATCHED = [*ACTIVE, address_of("treasury")]
TOKEN_ADDRESS_WORDS = range(8, 12)
"""Where `getReserveData` names the reserve's own contracts, which differ."""

ACCOUNT_DATA_WORDS = 6

Call = tuple[Contract, str, tuple[Any, ...]]


class Side:
    """One of the two pools, with the contracts around it."""

    def __init__(self, chain: LocalChain, engine: str) -> None:
        scenario = load_scenario(
            project_root() / "scenarios" / "loop-and-crash.yaml", set={**MARKET, "lending.engine": engine}
        )
        self.chain = chain
        self.world = World(chain=chain, scenario=scenario, artifacts={**load_artifacts(), **engine_artifacts(engine)})
        deploy_world(self.world)
        self.pool, self.configurator = self.world.pool, self.world.configurator
        self.tokens = self.world.tokens
        self.flash_borrower = self.world.deploy("FlashBorrower", self.pool.address, name="FlashBorrower")
        provider = self.world.provider
        slot = b"UMBRELLA".ljust(32, b"\0")
        self.world.setup([(self.world.deployer, provider, "setAddress", (slot, UMBRELLA))], intent="configure")
        for asset, token in self.tokens.items():
            fortune = 10**9 * 10 ** ASSETS[asset]
            holders = [*ACTIVE, self.flash_borrower.address]
            self.world.mint(asset, ((holder, fortune) for holder in holders))
            approve = ((user, token, "approve", (self.pool.address, UINT_MAX)) for user in ACTIVE)
            self.world.setup(approve, intent="approve")
        self._views = self._state_views()

    def state(self, timestamp: int) -> dict[str, str]:
        """Raw answers of every view of the pool, by what was asked."""
        requests = [
            (
                "eth_call",
                [
                    {"to": contract.address, "data": contract.encode(function, *arguments)},
                    "latest",
                    {},
                    {"time": hex(timestamp)},
                ],
            )
            for contract, function, arguments in self._views.values()
        ]
        answers = dict(zip(self._views, self.chain.rpc.batch_as(str, requests), strict=True))
        for asset in ASSETS:
            answers[f"reserve {asset}"] = without_words(answers[f"reserve {asset}"], TOKEN_ADDRESS_WORDS)
        return answers

    def prices_e8(self) -> dict[str, int]:
        """Prices that the oracle gives, by asset."""
        addresses = [self.tokens[asset].address for asset in ASSETS]
        said = self.chain.call(self.world.lens, "prices", self.world.oracle.address, addresses)
        return dict(zip(ASSETS, said, strict=True))

    def folded(self) -> dict[str, list[int]]:
        """What the harness says of the accounts, by the names of the pool's views."""
        accounts, now, prices = self.world.accounts, self.chain.timestamp, self.prices_e8()
        found: dict[str, list[int]] = {}
        for user in WATCHED:
            found[f"mode of {user}"] = [accounts.modes.get(user.lower(), 0)]
            for asset in ASSETS:
                reserve = accounts.reserves[asset]
                found[f"{asset} of {user}"] = [self.world.balances.balance_of(self.tokens[asset], user)]
                found[f"a{asset} of {user}"] = [reserve.supplied.get(user.lower(), 0)]
                found[f"v{asset} of {user}"] = [reserve.owed.get(user.lower(), 0)]
                found[f"a{asset} balance of {user}"] = [accounts.supply_raw(user, asset, timestamp=now)]
                found[f"v{asset} balance of {user}"] = [accounts.debt_raw(user, asset, timestamp=now)]
                found[f"NormalizedIncome {asset}"] = [reserve.income_index_at(now)]
                found[f"NormalizedVariableDebt {asset}"] = [reserve.debt_index_at(now)]
            bits = sum(2 << 2 * accounts.lines()[asset].number for asset in accounts.collateral_of(user))
            found[f"flags of {user}"] = [
                bits + sum(1 << 2 * accounts.lines()[asset].number for asset in accounts.debts_of(user))
            ]
        return found | self._folded_values(prices, now)

    def _folded_values(self, prices_e8: dict[str, int], now: int) -> dict[str, list[int]]:
        # Of the six words of an account's data, the harness computes the sums and the health factor; what else there is
        # follows from them and from the lines.
        accounts = self.world.accounts
        return {f"account of {user}": list(accounts.account_values(user, prices_e8, timestamp=now)) for user in WATCHED}

    def outcome(self, receipt: Receipt) -> str:
        """`ok`, or the error with its values, contracts by name."""
        reason = receipt.revert_reason.lower()
        for address, name in self.world.contract_names.items():
            reason = reason.replace(address.lower(), name)
        return "ok" if receipt.ok else reason

    def events(self, receipt: Receipt) -> list[tuple[str, str, dict[str, Any]]]:
        """What a transaction emitted, contracts by name."""
        return [(self._named(log.address), log.event, self._plain(log)) for log in receipt.logs]

    def _plain(self, log: Log) -> dict[str, Any]:
        return {name: self._named(value) for name, value in log.arguments.items()}

    def _named(self, value: Any) -> Any:
        return self.world.contract_names.get(value, value) if isinstance(value, str) else value

    def _state_views(self) -> dict[str, Call]:
        world, pool = self.world, self.pool
        views: dict[str, Call] = {}
        for asset in ASSETS:
            token = (self.tokens[asset].address,)
            views[f"reserve {asset}"] = (pool, "getReserveData", token)
            for name in ("Deficit", "NormalizedIncome", "NormalizedVariableDebt"):
                views[f"{name} {asset}"] = (pool, f"getReserve{name}", token)
            views[f"booked {asset}"] = (pool, "getVirtualUnderlyingBalance", token)
            views[f"grace {asset}"] = (pool, "getLiquidationGracePeriod", token)
            for user in WATCHED:
                views[f"{asset} of {user}"] = (self.tokens[asset], "balanceOf", (user,))
                for kind, kept in (("a", world.a_tokens[asset]), ("v", world.debt_tokens[asset])):
                    views[f"{kind}{asset} of {user}"] = (kept, "scaledBalanceOf", (user,))
                    views[f"{kind}{asset} balance of {user}"] = (kept, "balanceOf", (user,))
                    views[f"{kind}{asset} index of {user}"] = (kept, "getPreviousIndex", (user,))
        for user in WATCHED:
            views[f"flags of {user}"] = (pool, "getUserConfiguration", (user,))
            views[f"mode of {user}"] = (pool, "getUserEMode", (user,))
            views[f"account of {user}"] = (pool, "getUserAccountData", (user,))
        for mode in (1, 2):
            for name in ("CollateralBitmap", "BorrowableBitmap", "LtvzeroBitmap", "CollateralConfig", "Label"):
                views[f"mode {mode} {name}"] = (pool, f"getEModeCategory{name}", (mode,))
        return views


def words_of(answer: str) -> list[int]:
    """The words of a view's answer; of an account's data its collateral, debt and health factor alone."""
    words = [int(answer[2 + 64 * i : 66 + 64 * i], 16) for i in range((len(answer) - 2) // 64)]
    return [words[0], words[1], words[5]] if len(words) == ACCOUNT_DATA_WORDS else words


def without_words(answer: str, dropped: range) -> str:
    words = [answer[2 + 64 * i : 66 + 64 * i] for i in range((len(answer) - 2) // 64)]
    return " ".join(word for i, word in enumerate(words) if i not in dropped)


class TwoPools:
    """Both sides, driven with the same calls."""

    def __init__(self, chain: LocalChain) -> None:
        self.chain = chain
        chain.fund(ACTIVE)
        self.mock, self.aave = Side(chain, "mock"), Side(chain, "aave-v3")
        self.taken: Counter[tuple[str, str]] = Counter()
        self.foretold: Counter[bool] = Counter()
        self._open_the_market()

    def act(
        self, sender: str, function: str, call: Callable[[Side], tuple[Contract, tuple[Any, ...]]], *, seconds: int = 1
    ) -> None:
        """Make one call on both sides in one block, and compare all that came of it."""
        ours, theirs = self._send(sender, function, call, seconds=seconds)
        outcome = self.aave.outcome(theirs)
        self.taken[function, outcome.partition("(")[0]] += 1

        assert self.mock.outcome(ours) == outcome
        assert self.mock.events(ours) == self.aave.events(theirs)
        mock, aave = (side.state(self.chain.timestamp) for side in (self.mock, self.aave))
        assert {what: (mock[what], aave[what]) for what in mock if mock[what] != aave[what]} == {}
        for side, answers in ((self.mock, mock), (self.aave, aave)):
            assert side.folded() == {what: words_of(answers[what]) for what in side.folded()}
            self._compare_liquidations(side)

    def _compare_liquidations(self, side: Side) -> None:
        """Compare every liquidation that the harness foretells with what the lens foretells from the pool's views."""
        accounts, now = side.world.accounts, self.chain.timestamp
        prices = side.prices_e8()
        for user in USERS:
            if accounts.account_values(user, prices, timestamp=now)[2] >= WAD:
                continue
            for collateral, debt in itertools.product(accounts.collateral_of(user), accounts.debts_of(user)):
                mine = largest_liquidation(
                    accounts, user, collateral=collateral, debt=debt, prices_e8=prices, timestamp=now
                )
                pair = [side.tokens[asset].address for asset in (collateral, debt)]
                said = self.chain.call(side.world.lens, "previewLiquidations", side.pool.address, *pair, [user])
                assert said[3] == 0 if mine is None else list(mine) == list(said[:7])
                self.foretold[mine is not None] += 1

    def _send(
        self, sender: str, function: str, call: Callable[[Side], tuple[Contract, tuple[Any, ...]]], *, seconds: int
    ) -> tuple[Receipt, ...]:
        transactions = []
        for side in (self.mock, self.aave):
            contract, arguments = call(side)
            transactions.append(
                Transaction(sender, contract.address, contract.encode(function, *arguments), GAS_LIMIT, intent=function)
            )
        return self.chain.mine(transactions, timestamp=self.chain.timestamp + seconds).receipts

    def on_pool(self, sender: str, function: str, *arguments: Any, seconds: int = 1) -> None:
        """Call the pools; an asset's symbol stands for its token's address on each side."""
        self.act(sender, function, lambda side: (side.pool, resolve(side, arguments)), seconds=seconds)

    def configure(self, function: str, *arguments: Any) -> None:
        """Call the configurators."""
        deployer = self.mock.world.deployer
        self.act(deployer, function, lambda side: (side.configurator, resolve(side, arguments)))

    def _open_the_market(self) -> None:
        for asset, decimals in ASSETS.items():
            amount = 2_000_000 * 10**decimals if asset != "WETH" else 5_000 * 10**decimals
            # Not compared yet: a reserve's last update is its listing, which the sides did in different blocks.
            supply = (asset, amount, USERS[0], 0)

            def call(side: Side, supply: tuple[Any, ...] = supply) -> tuple[Contract, tuple[Any, ...]]:
                return side.pool, resolve(side, supply)

            self._send(USERS[0], "supply", call, seconds=1)
        self.on_pool(USERS[2], "setUserEMode", 1)
        for user, collateral, tokens in ((1, "WETH", 200), (2, "USDe", 500_000), (3, "USDe", 1_500)):
            supplied = tokens * 10 ** ASSETS[collateral]
            self.on_pool(USERS[user], "supply", collateral, supplied, USERS[user], 0)
            available_e8 = self.chain.call(self.mock.pool, "getUserAccountData", USERS[user])[2]
            self.on_pool(USERS[user], "borrow", "USDC", available_e8 * 97 // 10_000, 2, 0, USERS[user])


def resolve(side: Side, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    def one(value: Any) -> Any:
        if isinstance(value, list):
            return [one(entry) for entry in value]
        return side.tokens[value].address if isinstance(value, str) and value in side.tokens else value

    return tuple(one(value) for value in arguments)


def one_of(choices: list[str], pick: int) -> str:
    return choices[pick % len(choices)]


users = st.sampled_from(USERS)
debtors = st.sampled_from([*USERS, ISOLATED])
assets = st.sampled_from(list(ASSETS))
picks = st.integers(0, 99)
"""Chooses among what is there, whatever there is."""

pauses = st.sampled_from([1, 1, 12, 3_600, 3 * 86_400])
shares = st.one_of(st.integers(0, 10_100), st.sampled_from([1, 5_000, 9_999, 10_000, 10_000]))
"""In 1e-4 of what there is; a little more than all of it is tried too."""

dusts = st.one_of(st.just(0), st.integers(-3, 3), st.integers(0, 10**6))
"""Smallest units more or less."""

CONFIGURATIONS: dict[str, st.SearchStrategy[tuple[Any, ...]]] = {
    "setReserveFreeze": st.tuples(assets, st.booleans()),
    "setReserveLtvzero": st.tuples(assets, st.booleans()),
    "setReserveFlashLoaning": st.tuples(assets, st.booleans()),
    "setReserveBorrowing": st.tuples(assets, st.booleans()),
    "setReservePause(address,bool,uint40)": st.tuples(assets, st.booleans(), st.sampled_from([0, 60])),
    "setDebtCeiling": st.one_of(
        st.tuples(st.just("ISO"), st.sampled_from([0, 1, 2_000_000, 10_000_000, 2**40 - 1, 2**40])),
        st.tuples(assets, st.sampled_from([0, 10_000_000])),
    ),
    "setBorrowableInIsolation": st.tuples(assets, st.booleans()),
    "setSiloedBorrowing": st.tuples(assets, st.booleans()),
    "setLiquidationProtocolFee": st.tuples(assets, st.sampled_from([0, 500, 1_000])),
    "setReserveFactor": st.tuples(assets, st.sampled_from([0, 1_000, 2_500])),
    "setSupplyCap": st.tuples(assets, st.sampled_from([0, 0, 1, 30_000])),
    "setBorrowCap": st.tuples(assets, st.sampled_from([0, 0, 1, 1_000_000])),
    "configureReserveAsCollateral": st.sampled_from(
        [
            ("USDC", 7500, 7800, 10450),
            ("USDC", 0, 7800, 10450),
            ("USDT", 7000, 7500, 10850),
            ("WETH", 9000, 8000, 10500),
            ("USDT", 0, 0, 0),
        ]
    ),
    "setEModeCategory": st.sampled_from(
        [(1, 9000, 9300, 10200, ""), (1, 9000, 9200, 10400, "x"), (2, 9300, 9000, 10200, "y")]
    ),
    "setAssetCollateralInEMode": st.tuples(assets, st.sampled_from([1, 2]), st.booleans()),
    "setAssetBorrowableInEMode": st.tuples(assets, st.sampled_from([1, 2]), st.booleans()),
    "setAssetLtvzeroInEMode": st.tuples(assets, st.sampled_from([1, 2]), st.booleans()),
    "setReserveInterestRateData": st.tuples(
        assets,
        st.sampled_from([(8000, 0, 900, 7500), (9200, 100, 550, 4000), (4500, 300, 0, 0)]).map(
            lambda rate: encode(["(uint16,uint32,uint32,uint32)"], [rate])
        ),
    ),
}
configurations = st.one_of(*(st.tuples(st.just(name), arguments) for name, arguments in CONFIGURATIONS.items()))


ACTIONS: dict[str, tuple[int, st.SearchStrategy[dict[str, Any]]]] = {"nothing": (1, st.just({}))}
"""By name: how often among all, and what it is called with."""


def action(weight: int, **arguments: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def register(method: Callable[..., None]) -> Callable[..., None]:
        ACTIONS[method.__name__] = (weight, st.fixed_dictionaries(arguments))
        return method

    return register


class Sequence:
    """What is done in one sequence, from the market as it was opened."""

    def __init__(self, pools: TwoPools) -> None:
        self.pools = pools
        self.prices = dict(WHOLE_PRICES_E8)

    def nothing(self) -> None:
        """What a step becomes when a failing sequence does not need it."""

    # --- what users do

    @action(8, user=users, asset=assets, dollars=st.integers(0, 2_000_000), dust=dusts, seconds=pauses)
    def supply(self, user: str, asset: str, dollars: int, dust: int, seconds: int) -> None:
        self.pools.on_pool(user, "supply", asset, self._worth(asset, dollars, dust), user, 0, seconds=seconds)

    @action(8, user=users, pick=picks, share=shares, dust=dusts, seconds=pauses)
    def withdraw(self, user: str, pick: int, share: int, dust: int, seconds: int) -> None:
        asset = self._one_held("a", user, pick)
        amount = UINT_MAX if share == 10_000 else self._part(self._balance("a", asset, user), share, dust)
        self.pools.on_pool(user, "withdraw", asset, amount, user, seconds=seconds)

    @action(12, user=users, asset=assets, share=shares, dust=dusts, seconds=pauses)
    def borrow(self, user: str, asset: str, share: int, dust: int, seconds: int) -> None:
        available_e8 = self._account(user, seconds)[2]
        amount = self._part(available_e8 * 10 ** ASSETS[asset] // self.prices[asset], share, dust)
        self.pools.on_pool(user, "borrow", asset, amount, 2, 0, user, seconds=seconds)

    @action(8, user=users, debtor=debtors, pick=picks, share=shares, dust=dusts, seconds=pauses)
    def repay(self, user: str, debtor: str, pick: int, share: int, dust: int, seconds: int) -> None:
        asset = self._one_held("v", debtor, pick)
        amount = UINT_MAX if share == 10_000 else self._part(self._balance("v", asset, debtor), share, dust)
        self.pools.on_pool(user, "repay", asset, amount, 2, debtor, seconds=seconds)

    @action(5, user=users, pick=picks, share=shares, dust=dusts, dollars=st.integers(0, 20_000), seconds=pauses)
    def repay_with_a_tokens(self, user: str, pick: int, share: int, dust: int, dollars: int, seconds: int) -> None:
        asset = self._one_held("v", user, pick)
        if dollars:
            self.supply(user, asset, dollars, 0, 1)
        amount = UINT_MAX if share == 10_000 else self._part(self._balance("v", asset, user), share, dust)
        self.pools.on_pool(user, "repayWithATokens", asset, amount, 2, seconds=seconds)

    @action(5, user=users, pick=picks, enabled=st.booleans())
    def flag_collateral(self, user: str, pick: int, enabled: bool) -> None:
        self.pools.on_pool(user, "setUserUseReserveAsCollateral", self._one_held("a", user, pick), enabled)

    @action(5, user=users, mode=st.sampled_from([0, 1, 2, 7]))
    def enter_emode(self, user: str, mode: int) -> None:
        self.pools.on_pool(user, "setUserEMode", mode)

    @action(8, asset=assets, dollars=st.integers(0, 100_000), share=shares, dust=dusts, seconds=pauses)
    def borrow_in_isolation(self, asset: str, dollars: int, share: int, dust: int, seconds: int) -> None:
        self.supply(ISOLATED, "ISO", dollars, 0, 1)
        self.pools.on_pool(ISOLATED, "setUserUseReserveAsCollateral", "ISO", True)
        self.borrow(ISOLATED, asset, share, dust, seconds)

    @action(5, user=users, to=debtors, pick=picks, share=shares, dust=dusts)
    def transfer_a_token(self, user: str, to: str, pick: int, share: int, dust: int) -> None:
        asset = self._one_held("a", user, pick)
        amount = self._part(self._balance("a", asset, user), share, dust)
        self.pools.act(user, "transfer", lambda side: (side.world.a_tokens[asset], (to, amount)))

    @action(
        6, user=users, asset=assets, dollars=st.integers(0, 3_000_000), answer=st.booleans(), missing=st.integers(0, 1)
    )
    def flash_loan(self, user: str, asset: str, dollars: int, answer: bool, missing: int) -> None:
        amount, words = self._worth(asset, dollars, 0), encode(["bool", "uint256"], [answer, missing])
        self.pools.act(
            user,
            "flashLoanSimple",
            lambda side: (side.pool, (side.flash_borrower.address, side.tokens[asset].address, amount, words, 0)),
        )

    @action(
        6,
        liquidator=users,
        debtor=debtors,
        health=st.integers(9_000, 10_010),
        pick=picks,
        share=shares,
        dust=dusts,
        seconds=pauses,
    )
    def liquidate_in_part(
        self, liquidator: str, debtor: str, health: int, pick: int, share: int, dust: int, seconds: int
    ) -> None:
        self._liquidate(liquidator, debtor, health, pick, share=share, dust=dust, seconds=seconds)

    @action(
        6, liquidator=users, debtor=debtors, health=st.integers(8_000, 10_000), pick=picks, as_a_token=st.booleans()
    )
    def liquidate_whole(self, liquidator: str, debtor: str, health: int, pick: int, as_a_token: bool) -> None:
        self._liquidate(liquidator, debtor, health, pick, as_a_token=as_a_token)

    @action(6, liquidator=users, debtor=debtors, health=st.integers(2_000, 9_000), pick=picks, as_a_token=st.booleans())
    def liquidate_under_water(self, liquidator: str, debtor: str, health: int, pick: int, as_a_token: bool) -> None:
        self._liquidate(liquidator, debtor, health, pick, as_a_token=as_a_token)

    # --- what others do

    @action(5, asset=assets, share=st.integers(9_000, 11_000))
    def post_near_whole_price(self, asset: str, share: int) -> None:
        self._post(asset, WHOLE_PRICES_E8[asset] * share // 10_000)

    @action(5, asset=assets, whole=st.booleans(), mint=st.booleans(), seconds=pauses)
    def settle_with_treasury(self, asset: str, whole: bool, mint: bool, seconds: int) -> None:
        if mint:
            self.pools.on_pool(USERS[0], "mintToTreasury", list(ASSETS), seconds=seconds)
            return
        deficits = {name: self._deficit(name) for name in ASSETS}
        asset = next((name for name, deficit in deficits.items() if deficit), asset)
        if deficits[asset]:
            self.pools.on_pool(UMBRELLA, "supply", asset, 2 * deficits[asset], UMBRELLA, 0, seconds=seconds)
        amount = deficits[asset] if whole else deficits[asset] // 2 + 1
        self.pools.on_pool(UMBRELLA, "eliminateReserveDeficit", asset, amount)

    @action(6, change=configurations)
    def set_parameter(self, change: tuple[str, tuple[Any, ...]]) -> None:
        function, arguments = change
        self.pools.configure(function, *arguments)

    # --- readings of the mock that choose what is done to both

    def _liquidate(
        self,
        liquidator: str,
        debtor: str,
        health: int,
        pick: int,
        *,
        share: int = 10_000,
        dust: int = 0,
        as_a_token: bool = False,
        seconds: int = 12,
    ) -> None:
        """Prices of a debtor's collateral bring its health factor to about so many 1e-4; then it is called."""
        if liquidator == debtor and pick % 10:
            debtor = USERS[(USERS.index(debtor) + 1) % len(USERS)]
        if not self._debts(debtor):
            self._open_position(debtor)
        health_factor, collaterals, debts = self._account(debtor, 1)[5], self._collaterals(debtor), self._debts(debtor)
        if health_factor >= WAD:
            for asset in collaterals:
                if asset not in debts:
                    self._post(asset, self.prices[asset] * health * WAD // (health_factor * 10_000))
        collateral, debt = one_of(collaterals or ["USDe"], pick), one_of(debts or ["USDC"], pick)
        cover = UINT_MAX if share == 10_000 else self._part(self._balance("v", debt, debtor), share, dust)
        self.pools.on_pool(liquidator, "liquidationCall", collateral, debt, debtor, cover, as_a_token, seconds=seconds)

    def _open_position(self, user: str) -> None:
        collateral = "WETH" if user == USERS[1] else "USDe"
        self._post(collateral, WHOLE_PRICES_E8[collateral])
        self.supply(user, collateral, 100_000, 0, 1)
        self.borrow(user, "USDC", 9_000, 0, 1)

    def _post(self, asset: str, price_e8: int) -> None:
        self.prices[asset] = max(1, price_e8)
        poster = address_of("price-poster")
        self.pools.act(poster, "post", lambda side: (side.world.feeds[asset], (self.prices[asset],)))

    def _worth(self, asset: str, dollars: int, dust: int) -> int:
        unit: int = 10 ** ASSETS[asset]
        return max(0, dollars * 10**8 * unit // WHOLE_PRICES_E8[asset] + dust)

    def _part(self, amount: int, share: int, dust: int) -> int:
        return max(0, amount * share // 10_000 + dust)

    def _one_held(self, kind: str, user: str, pick: int) -> str:
        """An asset that the user has supplied (a) or owes (v); now and then any."""
        held = self._collaterals(user) if kind == "a" else self._debts(user)
        return one_of([*held, *held, one_of(list(ASSETS), pick)], pick)

    def _collaterals(self, user: str) -> list[str]:
        return [asset for asset in ASSETS if self._balance("a", asset, user)]

    def _debts(self, user: str) -> list[str]:
        return [asset for asset in ASSETS if self._balance("v", asset, user)]

    def _balance(self, kind: str, asset: str, user: str) -> int:
        world = self.pools.mock.world
        token = world.a_tokens[asset] if kind == "a" else world.debt_tokens[asset]
        return int(self.pools.chain.call(token, "balanceOf", user))

    def _deficit(self, asset: str) -> int:
        mock = self.pools.mock
        return int(self.pools.chain.call(mock.pool, "getReserveDeficit", mock.tokens[asset].address))

    def _account(self, user: str, seconds: int) -> tuple[int, ...]:
        account: tuple[int, ...] = self.pools.chain.call(
            self.pools.mock.pool, "getUserAccountData", user, timestamp=self.pools.chain.timestamp + seconds
        )
        return account


STEPS = st.sampled_from([name for name, (weight, _) in ACTIONS.items() for _ in range(weight)]).flatmap(
    lambda name: st.tuples(st.just(name), ACTIONS[name][1])
)


@pytest.fixture
def pools() -> Iterator[TwoPools]:
    try:
        engine_artifacts("aave-v3")
    except ToolMissing as missing:
        pytest.skip(f"Aave itself is not there to compare with: {missing}")
    with Anvil(timestamp=GENESIS_TIMESTAMP) as anvil:
        yield TwoPools(LocalChain(anvil.rpc))


@pytest.mark.xdist_group("aave")
def test_pools__random_sequences__mock_does_what_aave_does(pools: TwoPools, pytestconfig: pytest.Config) -> None:
    sequences, steps = SIZES[pytestconfig.getoption("--fuzz-size")]

    @settings(
        max_examples=sequences, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(st.lists(STEPS, min_size=steps, max_size=steps))
    def play(sequence: list[tuple[str, dict[str, Any]]]) -> None:
        with pools.chain.rolled_back():
            actor = Sequence(pools)
            for name, arguments in sequence:
                getattr(actor, name)(**arguments)

    play()

    taken = pools.taken
    passed = {function for function, outcome in taken if outcome == "ok"}
    print(f"{taken.total()} calls to each pool:", sorted(taken.items(), key=str))
    assert taken.total() >= sequences * steps
    assert passed >= {"supply", "withdraw", "borrow", "repay", "repayWithATokens", "transfer", "setUserEMode", "post"}
    assert passed >= {"setUserUseReserveAsCollateral", "flashLoanSimple", "mintToTreasury", "liquidationCall"}
    assert taken["liquidationCall", "ok"] >= sequences
    assert len({outcome for _, outcome in taken}) >= 10
    assert pools.foretold[True] >= sequences


@pytest.mark.xdist_group("aave")
def test_pools__isolation_mode__mock_does_what_aave_does(pools: TwoPools) -> None:
    """Every rule of isolation mode, and the order of the checks where a call breaks several."""
    usdc, iso = 10**6, 10**8
    with pools.chain.rolled_back():
        pools.configure("setDebtCeiling", "ISO", 2**40)
        pools.configure("setDebtCeiling", "WETH", 1)  # supplied already
        enter(pools, ISOLATED, 10_000 * iso)  # 200,000 dollars

        # A second collateral: neither by itself nor on request, and nor is this one beside another.
        pools.on_pool(ISOLATED, "supply", "USDe", 10**18, ISOLATED, 0)
        pools.on_pool(ISOLATED, "setUserUseReserveAsCollateral", "USDe", True)
        pools.on_pool(USERS[1], "supply", "ISO", iso, USERS[1], 0)
        pools.on_pool(USERS[1], "setUserUseReserveAsCollateral", "ISO", True)

        # What may be borrowed, and up to which ceiling. A part of a cent does not count.
        pools.on_pool(ISOLATED, "borrow", "USDT", usdc, 2, 0, ISOLATED)
        pools.on_pool(ISOLATED, "borrow", "USDC", 90_000 * usdc + 9_999, 2, 0, ISOLATED)
        pools.configure("setDebtCeiling", "ISO", 10_000_000)
        for amount in (10_000 * usdc + 10_000, 10_000 * usdc, 9_999, 10_000):
            pools.on_pool(ISOLATED, "borrow", "USDC", amount, 2, 0, ISOLATED)
        pools.configure("setDebtCeiling", "ISO", 9_000_000)
        pools.on_pool(ISOLATED, "borrow", "USDC", usdc, 2, 0, ISOLATED)

        # Calls that break two rules at once.
        pools.configure("setBorrowCap", "USDC", 1)
        pools.on_pool(ISOLATED, "borrow", "USDC", usdc, 2, 0, ISOLATED)
        pools.configure("setBorrowCap", "USDT", 1)
        pools.on_pool(ISOLATED, "borrow", "USDT", 2 * usdc, 2, 0, ISOLATED)
        pools.configure("setBorrowCap", "USDC", 0)
        pools.configure("setBorrowCap", "USDT", 0)
        pools.on_pool(ISOLATED, "borrow", "USDC", 1_000_000 * usdc, 2, 0, ISOLATED)
        pools.configure("setSiloedBorrowing", "USDT", True)
        pools.on_pool(ISOLATED, "borrow", "USDT", usdc, 2, 0, ISOLATED)
        pools.configure("setBorrowableInIsolation", "USDT", True)
        pools.configure("setDebtCeiling", "ISO", 11_000_000)
        pools.on_pool(ISOLATED, "borrow", "USDT", usdc, 2, 0, ISOLATED)
        pools.on_pool(ISOLATED, "borrow", "USDT", 90_000 * usdc, 2, 0, ISOLATED)
        pools.configure("setSiloedBorrowing", "USDT", False)
        pools.on_pool(ISOLATED, "borrow", "USDT", 5_000 * usdc + 1, 2, 0, ISOLATED)

        # Payments by the account and by another one, in tokens and aTokens; the last exceeds what counts, by interest.
        pools.on_pool(ISOLATED, "repay", "USDC", 1_000 * usdc + 1, 2, ISOLATED, seconds=3_600)
        pools.on_pool(USERS[2], "repay", "USDC", 9_999, 2, ISOLATED)
        pools.on_pool(ISOLATED, "supply", "USDC", 500 * usdc, ISOLATED, 0)
        pools.on_pool(ISOLATED, "repayWithATokens", "USDC", 400 * usdc, 2)
        pools.on_pool(ISOLATED, "setUserUseReserveAsCollateral", "ISO", False)
        pools.on_pool(ISOLATED, "setUserEMode", 2)
        pools.on_pool(ISOLATED, "repay", "USDT", UINT_MAX, 2, ISOLATED, seconds=3 * 86_400)
        pools.on_pool(ISOLATED, "setUserEMode", 2)
        pools.on_pool(ISOLATED, "borrow", "USDC", 100 * usdc, 2, 0, ISOLATED)
        pools.on_pool(ISOLATED, "repay", "USDC", UINT_MAX, 2, ISOLATED, seconds=3 * 86_400)
        pools.on_pool(ISOLATED, "setUserUseReserveAsCollateral", "ISO", False)
        pools.on_pool(ISOLATED, "setUserUseReserveAsCollateral", "USDe", True)
        pools.on_pool(ISOLATED, "setUserUseReserveAsCollateral", "ISO", True)
        assert pools.taken["borrow", "assetnotborrowableinisolation"] == 1
        assert pools.taken["borrow", "debtceilingexceeded"] >= 4
        assert pools.taken["setUserUseReserveAsCollateral", "userinisolationmodeorltvzero"] >= 3
        assert pools.taken["setDebtCeiling", "reserveliquiditynotzero"] == 1


@pytest.mark.parametrize(
    ("price", "cover", "as_a_token"),
    [(12, 20_000, False), (12, UINT_MAX, True), (11, UINT_MAX, False), (8, UINT_MAX, False), (8, 1_000, True)],
)
@pytest.mark.xdist_group("aave")
def test_pools__liquidation_in_isolation__mock_does_what_aave_does(
    pools: TwoPools, price: int, cover: int, as_a_token: bool
) -> None:
    """What counts against the ceiling falls by what is covered, not by what is written off."""
    with pools.chain.rolled_back():
        enter(pools, ISOLATED, 10_000 * 10**8)
        pools.on_pool(ISOLATED, "borrow", "USDC", 100_000 * 10**6, 2, 0, ISOLATED)
        poster = address_of("price-poster")
        pools.act(poster, "post", lambda side: (side.world.feeds["ISO"], (price * 10**8,)))
        amount = cover if cover == UINT_MAX else cover * 10**6
        for liquidator in (USERS[1], UMBRELLA):
            pools.on_pool(liquidator, "liquidationCall", "ISO", "USDC", ISOLATED, amount, as_a_token, seconds=3_600)
        # Without the ceiling nothing counts any more, and the asset is collateral like any other.
        pools.configure("setDebtCeiling", "ISO", 0)
        pools.on_pool(ISOLATED, "repay", "USDC", 10**6, 2, ISOLATED)
        pools.on_pool(ISOLATED, "supply", "USDe", 10**18, ISOLATED, 0)
        pools.configure("setDebtCeiling", "ISO", 1)
        assert pools.taken["liquidationCall", "ok"] >= 1


@pytest.mark.xdist_group("aave")
def test_pools__isolated_collateral_that_moves__mock_does_what_aave_does(pools: TwoPools) -> None:
    iso = 10**8
    with pools.chain.rolled_back():
        pools.on_pool(ISOLATED, "supply", "ISO", 100 * iso, ISOLATED, 0)
        pools.act(ISOLATED, "transfer", lambda side: (side.world.a_tokens["ISO"], (UMBRELLA, 50 * iso)))
        pools.on_pool(UMBRELLA, "setUserUseReserveAsCollateral", "ISO", True)
        pools.act(UMBRELLA, "transfer", lambda side: (side.world.a_tokens["ISO"], (ISOLATED, 50 * iso)))
        pools.on_pool(ISOLATED, "setUserUseReserveAsCollateral", "ISO", True)
        pools.on_pool(ISOLATED, "withdraw", "ISO", UINT_MAX, ISOLATED)
        pools.on_pool(ISOLATED, "supply", "USDC", 10**6, ISOLATED, 0)
        pools.on_pool(ISOLATED, "supply", "ISO", iso, ISOLATED, 0)
        pools.on_pool(ISOLATED, "setUserUseReserveAsCollateral", "ISO", True)
        assert pools.taken["setUserUseReserveAsCollateral", "userinisolationmodeorltvzero"] == 1


@pytest.mark.xdist_group("aave")
def test_pools__siloed_borrowing__mock_does_what_aave_does(pools: TwoPools) -> None:
    usdc = 10**6
    with pools.chain.rolled_back():
        pools.configure("setSiloedBorrowing", "USDC", True)  # owed already
        pools.configure("setSiloedBorrowing", "USDT", True)
        pools.configure("setSiloedBorrowing", "USDT", True)
        pools.on_pool(ISOLATED, "supply", "WETH", 100 * 10**18, ISOLATED, 0)
        pools.on_pool(USERS[1], "borrow", "USDT", usdc, 2, 0, USERS[1])  # owes USDC
        pools.on_pool(ISOLATED, "borrow", "USDT", 1_000 * usdc, 2, 0, ISOLATED)
        pools.on_pool(ISOLATED, "borrow", "USDT", 1_000 * usdc, 2, 0, ISOLATED)
        pools.on_pool(ISOLATED, "borrow", "USDC", usdc, 2, 0, ISOLATED)
        pools.on_pool(ISOLATED, "borrow", "USDC", 1_000_000 * usdc, 2, 0, ISOLATED)  # two faults
        pools.configure("setBorrowCap", "USDC", 1)
        pools.on_pool(ISOLATED, "borrow", "USDC", usdc, 2, 0, ISOLATED)
        pools.configure("setSiloedBorrowing", "USDe", True)
        pools.on_pool(ISOLATED, "borrow", "USDe", 10**18, 2, 0, ISOLATED)
        pools.configure("setSiloedBorrowing", "USDT", False)
        pools.on_pool(ISOLATED, "borrow", "WETH", 10**16, 2, 0, ISOLATED)
        pools.on_pool(ISOLATED, "borrow", "USDe", 10**18, 2, 0, ISOLATED)
        pools.on_pool(ISOLATED, "repay", "USDT", UINT_MAX, 2, ISOLATED)
        pools.on_pool(ISOLATED, "repay", "WETH", UINT_MAX, 2, ISOLATED)
        pools.on_pool(ISOLATED, "borrow", "USDe", 10**18, 2, 0, ISOLATED)
        assert pools.taken["borrow", "siloedborrowingviolation"] >= 4
        assert pools.taken["setSiloedBorrowing", "reservedebtnotzero"] == 1


@pytest.mark.parametrize("function", ["setDebtCeiling", "setBorrowableInIsolation", "setSiloedBorrowing"])
def test_pools__setter_called_by_anyone__is_refused(pools: TwoPools, function: str) -> None:
    value: Any = 1 if function == "setDebtCeiling" else True
    with pools.chain.rolled_back():
        mock = pools.mock
        data = mock.configurator.encode(function, mock.tokens["ISO"].address, value)
        call = Transaction(USERS[0], mock.configurator.address, data, GAS_LIMIT)
        receipt = pools.chain.mine([call], timestamp=pools.chain.timestamp + 1).receipts[0]

        assert mock.outcome(receipt) == "callernotpooladmin"
        pools.on_pool(USERS[0], "resetIsolationModeTotalDebt", "ISO")
        assert pools.taken["resetIsolationModeTotalDebt", "callernotpoolconfigurator"] == 1


def enter(pools: TwoPools, user: str, amount: int) -> None:
    """Supply isolated collateral, which is not switched on by itself, and switch it on."""
    pools.on_pool(user, "supply", "ISO", amount, user, 0)
    pools.on_pool(user, "borrow", "USDC", 10**6, 2, 0, user)
    pools.on_pool(user, "setUserUseReserveAsCollateral", "ISO", True)
