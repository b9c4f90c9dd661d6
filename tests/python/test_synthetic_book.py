"""The synthetic file of accounts follows the distributions that docs/POSITIONS.md states, and is the one that ships."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner

from cascade.commands.synthetic_book import SyntheticRow, main, synthetic_rows
from cascade.positions.accounts.plan import plan_accounts
from cascade.scenario.load import load_scenario
from cascade.toolchain.paths import project_root
from cascade.vocabulary import AccountStatus

SCENARIOS = project_root() / "scenarios"
ACCOUNTS = 2000

# As docs/POSITIONS.md states them, and as the scenario lists the assets.
PRICES = {"USDe": 1, "USDC": 1, "USDT": 1, "WETH": 4400, "WBTC": 122_000}
THRESHOLDS = {"USDe": 7500, "USDC": 7800, "USDT": 7800, "WETH": 8300, "WBTC": 7800}
LOOP_THRESHOLD = 9300


def by_account(rows: Sequence[SyntheticRow]) -> dict[str, list[SyntheticRow]]:
    found: defaultdict[str, list[SyntheticRow]] = defaultdict(list)
    for row in rows:
        found[row.account].append(row)
    return found


def owed_usd(rows: Sequence[SyntheticRow]) -> Fraction:
    return sum((Fraction(row.borrowed) * PRICES[row.asset] for row in rows), Fraction(0))


def supplied_usd(rows: Sequence[SyntheticRow]) -> Fraction:
    return sum((Fraction(row.supplied) * PRICES[row.asset] for row in rows), Fraction(0))


def health(rows: Sequence[SyntheticRow]) -> Fraction:
    weighted = sum(
        Fraction(row.supplied) * PRICES[row.asset] * (LOOP_THRESHOLD if row.emode else THRESHOLDS[row.asset]) / 10_000
        for row in rows
    )
    return Fraction(weighted) / owed_usd(rows)


def kind_of(rows: Sequence[SyntheticRow]) -> str:
    if not owed_usd(rows):
        return "supplier"
    if rows[0].emode:
        return "usde-loop"
    return "several" if sum(1 for row in rows if row.supplied) > 1 else "one-collateral"


def distance(values: Sequence[float], cumulated: Callable[[float], float]) -> float:
    """Kolmogorov's distance between some values and a distribution."""
    ordered, count = sorted(values), len(values)
    return max(
        max(abs(cumulated(value) - i / count), abs(cumulated(value) - (i + 1) / count))
        for i, value in enumerate(ordered)
    )


@pytest.fixture(scope="module")
def book() -> dict[str, list[SyntheticRow]]:
    return by_account(synthetic_rows(accounts=ACCOUNTS, seed=1))


def test_kinds__of_account__have_their_shares(book: dict[str, list[SyntheticRow]]) -> None:
    counts: defaultdict[str, int] = defaultdict(int)
    for rows in book.values():
        counts[kind_of(rows)] += 1

    assert len(book) == ACCOUNTS
    assert counts == {"supplier": 300, "usde-loop": 700, "one-collateral": 600, "several": 400}


@pytest.mark.parametrize(
    ("kind", "median", "sigma"), [("usde-loop", 0.05, 0.7), ("one-collateral", 0.5, 0.8), ("several", 0.4, 0.8)]
)
def test_health_factors__less_one__are_lognormal(
    book: dict[str, list[SyntheticRow]], kind: str, median: float, sigma: float
) -> None:
    excess = [float(health(rows) - 1) for rows in book.values() if kind_of(rows) == kind]

    def cumulated(value: float) -> float:
        return 0.5 * (1 + math.erf(math.log(value / median) / (sigma * math.sqrt(2))))

    # Middles of equally likely intervals: half an interval, and what rounding to a millionth adds.
    assert distance(excess, cumulated) <= 0.5 / len(excess) + 1e-3
    assert min(excess) >= 0.002
    assert float(sorted(excess)[len(excess) // 2]) == pytest.approx(median, rel=0.01)


def test_sizes__debt_or_supply__are_a_pareto_distribution_cut_at_both_ends(
    book: dict[str, list[SyntheticRow]],
) -> None:
    low, high, exponent = 2_000.0, 10_000_000.0, 1.1
    sizes = [float(owed_usd(rows) or supplied_usd(rows)) for rows in book.values()]

    def cumulated(value: float) -> float:
        value = min(max(value, low), high)
        return float((1 - (low / value) ** exponent) / (1 - (low / high) ** exponent))

    assert distance(sizes, cumulated) <= 0.5 / ACCOUNTS + 1e-4
    # Closed form of the concentration: the share of all size that the largest 10 of 2,000 hold.
    cut = low * (1 - (1 - 10 / ACCOUNTS) * (1 - (low / high) ** exponent)) ** (-1 / exponent)

    def held(start: float) -> float:
        return float(start ** (1 - exponent) - high ** (1 - exponent))

    top = sum(sorted(sizes)[-10:]) / sum(sizes)
    assert top == pytest.approx(held(cut) / held(low), abs=0.03)


def test_rows__same_number_and_seed__are_the_same_and_another_seed_is_another_file() -> None:
    first, again, other = (synthetic_rows(accounts=100, seed=seed) for seed in (3, 3, 4))

    assert first == again
    assert {row.account for row in first}.isdisjoint(row.account for row in other)


def test_shipped_file__is_what_the_script_writes(tmp_path: Path) -> None:
    file = tmp_path / "book.csv"

    result = CliRunner().invoke(main, ["--out", str(file)], catch_exceptions=False)

    assert result.exit_code == 0
    assert file.read_bytes() == (SCENARIOS / "synthetic-book.csv").read_bytes()


def test_shipped_scenario__lists_the_assets_as_the_file_assumes_and_builds_every_account() -> None:
    scenario = load_scenario(SCENARIOS / "synthetic-book.yaml")
    reserves = scenario.spec.lending.reserves

    plan = plan_accounts(scenario)

    assert {asset: reserve.liquidation_threshold_bps for asset, reserve in reserves.items()} == THRESHOLDS
    assert scenario.spec.lending.emodes[1].liquidation_threshold_bps == LOOP_THRESHOLD
    assert {one.status for one in plan.planned} == {AccountStatus.BUILT}
    assert len(plan.planned) == ACCOUNTS
    borrowed, supplied = plan.borrowed_raw(), plan.supplied_raw()
    for asset, share in (("USDC", 0.88), ("USDT", 0.85)):
        assert borrowed[asset] / (supplied[asset] + plan.lenders_raw[asset]) == pytest.approx(share, abs=1e-9)
