"""Make stable-swap.json: sequences of actions on pools of two coins, computed by curvesim's integer pool.

    python -m venv scratch && scratch/bin/pip install --no-deps curvesim==0.5.0 gmpy2
    scratch/bin/python tests/vectors/make_stable_swap.py

curvesim models the pools before StableSwap-NG. Two things differ there, and NG's way is written here over curvesim's:
the product in D is divided by n^n once, after both factors, and not by n after each; and the fee on an imbalanced
deposit or withdrawal rises off peg too. With `offpeg_fee_multiplier` 0 the second does not matter, and everything but D
is curvesim's own code.
"""

from __future__ import annotations

import importlib.util
import json
import random
import sys
import types
from pathlib import Path
from typing import Any

TARGET = Path(__file__).with_name("stable-swap.json")
SEED = 20251010
SEQUENCES = 40
ACTIONS = 10
SCALE = 10**10
PRECISION = 10**18


def import_pool_class() -> Any:
    """Of curvesim only the pool: its package imports plotting and network libraries that the pool does not need."""
    spec = importlib.util.find_spec("curvesim")
    if spec is None or spec.submodule_search_locations is None:
        sys.exit("error: curvesim: not installed: see the head of this file")
    for name in ("curvesim", "curvesim.pool", "curvesim.pool.stableswap"):
        package = types.ModuleType(name)
        package.__path__ = [str(Path(spec.submodule_search_locations[0]).joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
    from curvesim.pool.stableswap.pool import CurvePool

    return CurvePool


CurvePool = import_pool_class()


# curvesim is installed for this script alone and is untyped: its pool is a base class only at run time.
class DividedOnce(CurvePool):  # type: ignore[misc,valid-type]
    """The product in D divided by n^n once."""

    def get_D(self, xp: list[int], A: int) -> int:  # noqa: N802, N803
        amp, total = A * self.n, sum(xp)
        d, previous = total, 0
        while abs(d - previous) > 1:
            product = d
            for x in xp:
                product = product * d // x
            product //= self.n**self.n
            previous = d
            d = (amp * total + product * self.n) * d // ((amp - 1) * d + (self.n + 1) * product)
        return int(d)


class OffPeg(DividedOnce):
    """The fee on an imbalance rises off peg as that on a swap does."""

    def rate(self, x: int, y: int) -> int:
        half = self.fee // 2
        return int(self.fee_mul * half // ((self.fee_mul - SCALE) * 4 * x * y // (x + y) ** 2 + SCALE))

    def imbalance_fees(self, new: list[int]) -> tuple[int, list[int], int]:
        """D before, fees, D after them."""
        old = self.balances
        before, after = self.get_D_mem(old, self.A), self.get_D_mem(new, self.A)
        fees = []
        for k in range(2):
            distance = abs(after * old[k] // before - new[k])
            rate = self.rate(self.rates[k] * (old[k] + new[k]) // PRECISION, (before + after) // 2)
            fees.append(rate * distance // SCALE)
        return before, fees, self.get_D_mem([new[k] - fees[k] for k in range(2)], self.A)

    def keep(self, new: list[int], fees: list[int]) -> None:
        for k in range(2):
            admin = fees[k] * self.admin_fee // SCALE
            self.admin_balances[k] += admin
            self.balances[k] = new[k] - admin

    def add_liquidity(self, amounts: list[int]) -> int:
        new = [self.balances[k] + amounts[k] for k in range(2)]
        before, fees, after = self.imbalance_fees(new)
        self.keep(new, fees)
        minted: int = self.tokens * (after - before) // before
        self.tokens += minted
        return minted

    def remove_liquidity_imbalance(self, amounts: list[int], max_burn_amount: int | None = None) -> tuple[int, Any]:
        new = [self.balances[k] - amounts[k] for k in range(2)]
        before, fees, after = self.imbalance_fees(new)
        self.keep(new, fees)
        burnt: int = self.tokens * (before - after) // before + 1
        self.tokens -= burnt
        return burnt, fees

    def calc_withdraw_one_coin(self, token_amount: int, i: int, use_fee: bool = True) -> tuple[int, int]:
        xp = self._xp()
        before = self.D()
        after = before - token_amount * before // self.tokens
        left = self.get_y_D(self.A, i, xp, after)
        reduced = []
        for k in range(2):
            expected = xp[k] * after // before
            distance = expected - left if k == i else xp[k] - expected
            average = (xp[k] + left) // 2 if k == i else xp[k]
            reduced.append(xp[k] - self.rate(average, (before + after) // 4) * distance // SCALE)
        net = reduced[i] - self.get_y_D(self.A, i, reduced, after)
        paid = (net - 1) * PRECISION // self.rates[i]
        return paid, (xp[i] - left) * PRECISION // self.rates[i] - paid


def act(pool: Any, draw: random.Random, decimals: list[int]) -> dict[str, Any]:
    """One random action, done; its arguments and its result."""
    kind = draw.choice(["exchange", "exchange", "exchange", "add", "remove", "remove_one", "remove_imbalance"])
    i = draw.randrange(2)
    xp = pool._xp()
    if xp[i] > 50 * xp[1 - i] and kind != "remove_one":
        kind, i = "exchange", 1 - i  # further out than 99 % is another regime: back towards the middle
    if kind == "exchange":
        # Up to as much as leaves the other coin 1 % of the pool.
        room = max(0, (xp[0] + xp[1]) * 97 // 100 - xp[i]) * PRECISION // pool.rates[i]
        dx = size(draw, max(room, 10 ** decimals[i]), 10 ** max(0, decimals[i] - 3))
        dy, _ = pool.exchange(i, 1 - i, dx)
        return {"call": "exchange", "i": i, "amount": str(dx), "result": str(dy)}
    if kind == "remove":
        burnt = size(draw, pool.tokens // 3, 10**15)
        pool.remove_liquidity(burnt)
        return {"call": "remove_liquidity", "amount": str(burnt), "result": None}
    if kind == "remove_one":
        burnt = size(draw, pool.tokens // 8, 10**15)
        if xp[i] < xp[1 - i] // 4:
            i = 1 - i
        paid, _ = pool.remove_liquidity_one_coin(burnt, i)
        return {"call": "remove_liquidity_one_coin", "i": i, "amount": str(burnt), "result": str(paid)}
    amounts = [size(draw, pool.balances[k] // 3, 10 ** max(0, decimals[k] - 3)) for k in range(2)]
    if draw.random() < 0.5:
        amounts[i] = 0
    if kind == "add":
        result = pool.add_liquidity(amounts)
        return {"call": "add_liquidity", "amounts": [str(amount) for amount in amounts], "result": str(result)}
    result, _ = pool.remove_liquidity_imbalance(amounts)
    return {"call": "remove_liquidity_imbalance", "amounts": [str(amount) for amount in amounts], "result": str(result)}


def size(draw: random.Random, high: int, low: int) -> int:
    """Of each order of magnitude alike."""
    if high <= low:
        return max(high, 1)
    return max(low, min(high, int(low * (high / low) ** draw.random())))


def sequence(draw: random.Random, number: int) -> dict[str, Any]:
    a = [10, 50, 200, 2000, 10_000][number % 5]
    decimals = [[6, 18], [18, 6], [6, 6], [18, 18]][number % 4]
    multiplier = [0, 5 * SCALE, 2 * SCALE, 20 * SCALE][(number // 4) % 4]
    fee = draw.choice([10**6, 4 * 10**6, 4 * 10**7])
    share = [50, 90, 99, 1, 10, 65][number % 6]
    whole = [10 ** draw.randrange(5, 9) * share // 100, 0]
    whole[1] = whole[0] * (100 - share) // share
    balances = [whole[k] * 10 ** decimals[k] + draw.randrange(10 ** decimals[k]) for k in range(2)]
    kind = OffPeg if multiplier else DividedOnce
    pool = kind(
        a,
        list(balances),
        2,
        rates=[10 ** (36 - places) for places in decimals],
        fee=fee,
        fee_mul=multiplier or None,
        admin_fee=5 * 10**9,
    )
    steps = []
    for _ in range(ACTIONS):
        step = act(pool, draw, decimals)
        step["balances"] = [str(int(amount)) for amount in pool.balances]
        step["admin_balances"] = [str(int(amount)) for amount in pool.admin_balances]
        step["supply"] = str(int(pool.tokens))
        steps.append(step)
    return {
        "a": a,
        "decimals": decimals,
        "fee": fee,
        "offpeg_fee_multiplier": multiplier,
        "admin_fee": 5 * 10**9,
        "deposit": [str(amount) for amount in balances],
        "steps": steps,
    }


def main() -> None:
    draw = random.Random(SEED)
    sequences = [sequence(draw, number) for number in range(SEQUENCES)]
    about = (
        "curvesim 0.5.0's integer pool, its D and its off-peg fees as StableSwap-NG has them: see make_stable_swap.py"
    )
    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in sequences)
    TARGET.write_text(f'{{"about": {json.dumps(about)},\n"sequences": [\n{lines}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
