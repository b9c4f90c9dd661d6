"""USDe's reserve inside a run: redemption drains spot and short together, and funding pays loops on sUSDe."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from math import exp
from typing import Any

import pandas as pd
import pytest

from cascade import Run, load_scenario, replay
from cascade.recording.store import rows_of
from cascade.recording.tables import PositionRow, ReserveRow, SwapRow

from .conftest import SCENARIOS

pytestmark = pytest.mark.xdist_group("ethena")
"""One worker runs this module: its fixtures replay whole runs, which every other worker would replay again."""

USDE, USDC, ETH, E8 = 10**18, 10**6, 10**18, 10**8
VALUE_UNIT = 10**20
"""ETH's 18 decimals and the price's 8, less USDC's 6."""

DRAINED: dict[str, Any] = {
    "timeline.start": datetime(2025, 10, 10, 21, 0, tzinfo=UTC),
    "timeline.end": datetime(2025, 10, 10, 21, 16, tzinfo=UTC),
    "positions.whales.count": 4,
    "positions.loopers.count": 10,
    "agents.whales-owners.leave_below": {"kind": "fixed", "value": 2},
    "agents.whales-owners.reaction_blocks": 0,
    "agents.whales-owners.tranche_bps": 2000,
    "agents.keeper.count": 1,
    "ethena.hedged_share_bps": 9000,
    "venues.usde-minting.redemption.buffer": 2_200_000,
}
"""Four whales sell all they have, a million a block, into a buffer that holds less than half of it."""

DAYS, PERIODS_A_YEAR = 30, 1095
CARRY: dict[str, Any] = {"positions.loopers.count": 3}
"""All USDe is staked, and a share of all is hedged: what it earns does not depend on how many loop."""


@pytest.fixture(scope="module")
def drained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    scenario = load_scenario(SCENARIOS / "redemption-open.yaml", set=DRAINED)
    return replay(scenario, out=tmp_path_factory.mktemp("drained"))


@pytest.fixture(scope="module")
def carry(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return replay(load_scenario(SCENARIOS / "susde-carry.yaml", set=CARRY), out=tmp_path_factory.mktemp("carry"))


def spot_value(row: ReserveRow) -> int:
    return row.spot_raw * row.mark_e8 // VALUE_UNIT


def backing(row: ReserveRow) -> int:
    return row.nav_raw + row.buffer_raw


def crash_swaps(run: Run, venue: str) -> pd.DataFrame:
    swaps = run.swaps
    return swaps[(swaps["phase"] == "crash") & (swaps["venue"] == venue)]


def test_reserve__every_row__is_worth_cash_spot_profit_and_funding(drained: Run, carry: Run) -> None:
    for run in (drained, carry):
        assert len(run.reserve) > 50
        for row in run.frames.rows(ReserveRow):
            cost = -(-row.short_raw * row.mark_e8 // VALUE_UNIT)
            assert row.nav_raw == row.cash_raw + spot_value(row) + row.short_entry_raw - cost + row.funding_raw
            assert row.spot_raw == row.short_raw


def test_reserve__at_the_start__backs_every_usde_and_hedges_its_share(drained: Run) -> None:
    row = drained.frames.rows(ReserveRow)[0]
    collateral = -(-row.usde_supply_raw // 10**12)
    hedged = collateral * 9000 // 10_000

    assert row.buffer_raw == 2_200_000 * USDC
    assert row.spot_raw == hedged * VALUE_UNIT // row.mark_e8
    # Two units for the roundings of opening, one for the mark's.
    assert 0 <= collateral - (backing(row) - row.funding_raw) <= 3


def test_reserve__redemption__drains_spot_and_short_by_what_was_refilled(drained: Run) -> None:
    first, *_, last = drained.frames.rows(ReserveRow)
    redeemed = crash_swaps(drained, "usde-minting")
    paid = sum(redeemed["amount_out_raw"])
    from_buffer = first.buffer_raw - last.buffer_raw
    refilled = paid - from_buffer
    refills = drained.transactions[drained.transactions["intent"] == "refill"]

    assert paid > 2_000_000 * USDC
    assert set(refills["status"]) == {"ok"}
    # All of it came from cash and from closing at the entry value, two units for roundings a closing.
    closed = first.short_entry_raw - last.short_entry_raw
    assert closed > 500_000 * USDC
    assert abs(first.cash_raw + closed - refilled - last.cash_raw) <= 2 * len(refills)


def test_reserve__eth_falls__moves_only_what_flows_are(drained: Run) -> None:
    first, *_, last = drained.frames.rows(ReserveRow)
    redeemed = crash_swaps(drained, "usde-minting")
    fees = sum(i // 10**12 for i in redeemed["amount_in_raw"]) - sum(redeemed["amount_out_raw"])
    burnt = sum(redeemed["amount_in_raw"])
    closings = len(drained.transactions[drained.transactions["intent"] == "unhedge"])

    assert last.mark_e8 < first.mark_e8 * 95 // 100
    assert last.usde_supply_raw == first.usde_supply_raw - burnt
    surplus = [backing(row) - row.funding_raw - row.usde_supply_raw // 10**12 for row in (first, last)]
    assert abs(surplus[1] - surplus[0] - fees) <= 2 * closings + 2 * len(redeemed) + 2


def test_redemption__every_block__is_within_its_limit_and_pays_par_less_the_fee(drained: Run) -> None:
    redeemed = crash_swaps(drained, "usde-minting")
    assert set(redeemed["asset_in"]) == {"USDe"}
    for row in rows_of(redeemed, SwapRow):
        assert row.amount_in_raw <= 2_000_000 * USDE
        assert row.amount_out_raw == row.amount_in_raw * 9990 // (10_000 * 10**12)
    prices = drained.prices
    spot = prices[(prices["source"] == "spot:usde-usdc") & (prices["phase"] == "crash")]
    assert spot["price_e8"].min() >= 99 * E8 // 100


def test_arbitrageur__whole_run__loses_nothing(drained: Run) -> None:
    swaps = drained.swaps[drained.swaps["role"] == "arbitrageur"]
    bought, redeemed = (swaps[swaps["venue"] == venue] for venue in ("usde-usdc", "usde-minting"))
    held = sum(bought["amount_out_raw"]) - sum(redeemed["amount_in_raw"])
    got = sum(redeemed["amount_out_raw"]) + held * 9990 // (10_000 * 10**12)

    assert got > sum(bought["amount_in_raw"])


def test_rewards__each_interval__are_the_shorts_value_at_the_settling_mark(carry: Run) -> None:
    rows = {row.block_number: row for row in carry.frames.rows(ReserveRow)}
    settled = carry.transactions[carry.transactions["intent"] == "settle"]
    rate_wad = 1500 * 10**18 // (10_000 * PERIODS_A_YEAR)

    assert len(settled) == 3 * DAYS
    assert set(settled["status"]) == {"ok"}
    for before, block in pairwise(settled["block_number"]):
        row = rows[block]
        elapsed = row.timestamp - rows[before].timestamp
        assert elapsed == 8 * 3600
        assert row.funding_raw == 0
        assert row.undistributed_raw == row.short_raw * row.mark_e8 * rate_wad // (VALUE_UNIT * 10**18)


def test_susde_loop__equity__earns_the_rate_of_its_shares_less_its_debts_interest(carry: Run) -> None:
    first, *_, last = carry.frames.rows(ReserveRow)
    growth = Fraction(last.staked_assets_raw, last.staked_shares_raw) * Fraction(
        first.staked_shares_raw, first.staked_assets_raw
    )
    assert growth > Fraction(1001, 1000)
    positions = carry.positions
    seconds = last.timestamp - first.timestamp
    for borrower in ("loopers-0", "loopers-2"):
        built, end = (
            rows_of(positions[(positions["borrower"] == borrower) & (positions["event"] == event)], PositionRow)[0]
            for event in ("built", "end")
        )
        # 100,000 looped five times at 80 %: the price of shares grows, not their number; debt compounds by the second.
        assert abs(built.collateral_raw - 368_928 * USDE) < 10 * USDE
        assert abs(end.collateral_raw - built.collateral_raw) <= 2
        assert end.collateral_base_e8 == pytest.approx(float((built.collateral_base_e8 or 0) * growth), rel=1e-8)
        debt = built.debt_raw * exp(0.098 * seconds / (365 * 86_400))
        assert end.debt_raw == pytest.approx(debt, rel=1e-7)


def test_susde_loop__one_month__earns_the_account_s_net_yield_at_a_base_of_12_per_cent(carry: Run) -> None:
    first, *_, last = carry.frames.rows(ReserveRow)
    years = (last.timestamp - first.timestamp) / (365 * 86_400)
    rate = Fraction(last.staked_assets_raw * first.staked_shares_raw, last.staked_shares_raw * first.staked_assets_raw)
    base = float(rate - 1) / years
    positions = carry.positions[carry.positions["borrower"] == "loopers-1"]
    built, end = (rows_of(positions[positions["event"] == event], PositionRow)[0] for event in ("built", "end"))
    equity, equity_after = ((row.collateral_base_e8 or 0) - (row.debt_base_e8 or 0) for row in (built, end))
    net = (equity_after / equity - 1) / years

    assert base == pytest.approx(0.12, abs=0.001)
    # L y - (L - 1) r, and interest on interest within the month.
    assert net == pytest.approx(3.68928 * base - 2.68928 * 0.098, abs=0.003)
    assert net == pytest.approx(0.178, abs=0.0005)


def test_susde_loop__supply__is_conserved_and_backed_up_to_what_is_not_distributed(carry: Run) -> None:
    for row in carry.frames.rows(ReserveRow):
        supply = -(-row.usde_supply_raw // 10**12)
        income = row.undistributed_raw + row.funding_raw
        assert 0 <= supply - (backing(row) - income) <= 3
