"""Figures of a risk team, each against a closed form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cascade.analysis import summarise
from cascade.analysis.causes.digest import ClassFigures, PivotFigures
from cascade.analysis.causes.graph import Generation
from cascade.analysis.frames import Frames
from cascade.analysis.lending.backlog import backlog, stuck_debt
from cascade.analysis.lending.shortfall import shortfalls_by_pair
from cascade.analysis.lending.who_paid import who_paid
from cascade.analysis.metrics.block_space import block_space
from cascade.analysis.metrics.distributions import collateral_at_risk, health_and_ltv
from cascade.analysis.metrics.exits import coverage_of_exits, failed_withdrawals, providers
from cascade.analysis.metrics.regret import regret
from cascade.analysis.metrics.stability import sale_elasticity, stability, stability_over_time
from cascade.analysis.prices.pricebook import PriceBook
from cascade.analysis.prices.troughs import market_trough
from cascade.vocabulary import PivotKind

from .conftest import ByHand

USDE, USDC = 10**18, 10**6


def as_dict(figures: object) -> dict[str, Any]:
    """The figures of one dataclass by name."""
    assert is_dataclass(figures)
    return asdict(figures)  # type: ignore[arg-type]


def as_dicts(figures: Mapping[str, object]) -> dict[str, dict[str, Any]]:
    return {name: as_dict(entry) for name, entry in figures.items()}


def depth(by_hand: ByHand, block: int, tokens: int, *, venue: str = "curve", within: int = 50) -> None:
    by_hand._add("liquidity", **by_hand._when(block), venue=venue, within_bps=within, sell_raw=tokens * USDE, buy_raw=0)


def health(by_hand: ByHand, block: int, *, under: int) -> None:
    if under:
        by_hand._add(
            "health",
            **by_hand._when(block),
            health_low_bps=9500,
            health_high_bps=10_000,
            positions=under,
            collateral_base_e8=0,
            debt_base_e8=under * 10**8,
        )


def swap(by_hand: ByHand, block: int, sold: int, got: int) -> None:
    by_hand._add(
        "swaps",
        **by_hand._when(block),
        tx_hash="0x1",
        log_index=0,
        venue="curve",
        actor="whale",
        role="whale",
        asset_in="USDe",
        asset_out="USDC",
        amount_in_raw=sold * USDE,
        amount_out_raw=got * USDC,
    )


@pytest.mark.parametrize(("threshold", "bonus", "expected"), [(0.83, 0.05, 6.78), (0.93, 0.02, 18.45)])
def test_sale_elasticity__of_two_listings__is_as_known(threshold: float, bonus: float, expected: float) -> None:
    assert sale_elasticity(threshold, bonus) == pytest.approx(expected, abs=0.01)


def test_sale_elasticity__bonus_as_large_as_the_equity__has_no_bound() -> None:
    assert sale_elasticity(0.96, 0.05) == math.inf


def test_stability__one_position_under_the_line__is_e_c_over_the_depth(by_hand: ByHand, tmp_path: Path) -> None:
    # ann: 1,000 USDe, debt 800, LT 0.83: health 1.0375; at 0.96 it is 0.996. bob: debt 822, 1.00973 then 0.96934.
    # e = 0.83 / (1 / 1.05 - 0.83). 40,000 tokens within 0.5 %: p |dQ/dp| = 8,000,000.
    by_hand.position(1, "ann", "1.0375")
    by_hand.position(1, "bob", "1.009732360097323600", debt=822)
    by_hand.oracle("USDe", 3, "0.96")
    depth(by_hand, 1, 40_000)
    depth(by_hand, 4, 20_000)
    frames = stability_over_time(by_hand.frames(tmp_path, blocks=4)).set_index("block_number")
    e = 0.83 / (1 / 1.05 - 0.83)
    assert frames["rho"].tolist() == pytest.approx([0, e * 2000 / 8e6, e * 2000 / 4e6], rel=1e-9)
    assert frames["rho_near"].tolist() == pytest.approx([e * 1000 / 8e6, e * 2000 / 8e6, e * 2000 / 4e6], rel=1e-9)
    assert frames["liquidatable_tokens"].tolist() == [0, 2000, 2000]
    assert frames["price_usd"].tolist() == [1, 0.96, 0.96]
    figures = stability(frames.reset_index())["USDe"]
    assert figures.start_rho == 0
    assert figures.max_rho == pytest.approx(e / 2000)
    assert (figures.at, figures.price_usd) == ("2025-10-10T20:45:24Z", 0.96)
    assert (figures.blocks_above_one, figures.unbounded) == (0, False)


def test_stability__collateral_sold_in_a_liquidation__is_gone(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.position(1, "ann", "1.0375")
    by_hand.oracle("USDe", 2, "0.96")
    by_hand.position(3, "ann", "1.3", event="liquidated", collateral=400, debt=246, price="0.96")
    depth(by_hand, 1, 40_000)
    rows = stability_over_time(by_hand.frames(tmp_path, blocks=3))
    assert rows["liquidatable_tokens"].tolist() == [1000, 0]
    assert rows["rho"].iloc[1] == 0


def test_stability__no_depth_left__is_unbounded_and_no_number(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.position(1, "ann", "1.0375")
    by_hand.oracle("USDe", 2, "0.5")
    depth(by_hand, 1, 0)
    figures = stability(stability_over_time(by_hand.frames(tmp_path, blocks=2)))["USDe"]
    assert (figures.max_rho, figures.unbounded, figures.blocks_above_one) == (None, True, 1)


def test_stability__two_venues__add_their_depth(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.parameters["venues"]["other"] = {"kind": "stable-swap", "coins": ["USDC", "USDe"]}
    by_hand.position(1, "ann", "1.0375")
    depth(by_hand, 1, 30_000)
    depth(by_hand, 1, 10_000, venue="other")
    depth(by_hand, 1, 99_000, within=200)
    assert stability_over_time(by_hand.frames(tmp_path, blocks=2))["depth_tokens"].tolist() == [40_000]


def test_stability__an_efficiency_mode__brings_its_own_bonus(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.parameters["positions"] = {"loopers": {"emode": 2}}
    by_hand.parameters["lending"]["emodes"] = {"2": {"collateral": ["USDe"], "liquidation_bonus_bps": 200}}
    by_hand.position(1, "ann", "1.1625")  # 0.93 x 1000 / 800
    by_hand.oracle("USDe", 2, "0.8")
    depth(by_hand, 1, 5)
    rows = stability_over_time(by_hand.frames(tmp_path, blocks=2))
    assert rows["rho"].tolist() == pytest.approx([0.93 / (1 / 1.02 - 0.93)], rel=1e-9)


def recovered(by_hand: ByHand, tmp_path: Path) -> tuple[Frames, PriceBook]:
    # Seized at 0.60 and 0.80; the market comes back to 0.95. ann: 1,000 against 800: solvent then; 100 repaid took
    # 175 tokens, worth 166.25: 66.25 lost. bob: 1,000 against 960 at 0.95 is not solvent.
    by_hand.oracle("USDe", 1, "1", "spot:curve")
    by_hand.oracle("USDe", 2, "0.60", "spot:curve")
    by_hand.oracle("USDe", 3, "0.95", "spot:curve")
    for name, debt in (("ann", 800), ("bob", 960)):
        by_hand.position(1, name, "1.05", debt=debt)
        by_hand.liquidation(2, name, "0.75", price="0.60", debt=debt)
    frames = by_hand.frames(tmp_path, blocks=3)
    return frames, PriceBook(frames)


def test_regret__solvent_at_the_recovery_price__counts_what_was_given_away(by_hand: ByHand, tmp_path: Path) -> None:
    frames, book = recovered(by_hand, tmp_path)
    assert as_dict(regret(frames, book, market_trough(frames, book))) == {
        "liquidations": 1,
        "positions": 1,
        "loss_usd": 66.25,
        "recovery_price_usd": 0.95,
    }


def test_regret__market_that_continued_to_fall__is_no_gain(by_hand: ByHand, tmp_path: Path) -> None:
    # Seized at 0.80 131.25 tokens for 100; at 0.70 they are worth 91.875. 1,000 x 0.70 still covers the debt of 600.
    by_hand.oracle("USDe", 2, "0.80", "spot:curve")
    by_hand.oracle("USDe", 3, "0.70", "spot:curve")
    by_hand.position(1, "ann", "1.38", debt=600)
    by_hand.liquidation(2, "ann", "0.99", price="0.80", debt=600)
    frames = by_hand.frames(tmp_path, blocks=3)
    book = PriceBook(frames)
    figures = regret(frames, book, market_trough(frames, book))
    assert (figures.liquidations, figures.loss_usd) == (1, 0)


def test_health_and_ltv__are_of_positions_that_existed(by_hand: ByHand, tmp_path: Path) -> None:
    for number in range(1, 21):
        by_hand.position(1, f"looper-{number:02d}", str(Decimal(830) / (400 + number)), debt=400 + number)
    frames = by_hand.frames(tmp_path, blocks=2)
    figures = health_and_ltv(frames, PriceBook(frames))
    # Nearest rank of 20: 5 % is the 1st, 25 % the 5th, half the 10th, 95 % the 19th.
    assert as_dict(figures.ltv) == {"p5": 0.401, "p25": 0.405, "p50": 0.41, "p75": 0.415, "p95": 0.419}
    assert figures.health_factor is not None
    assert figures.health_factor.p5 == pytest.approx(830 / 420)


def test_collateral_at_risk__by_fall__begins_where_health_meets_one(by_hand: ByHand, tmp_path: Path) -> None:
    # Health 1.25 is 1 at a fall of exactly 20 %, which is healthy still; 1.10 fails at 10 % (1.10 x 0.90 = 0.99).
    by_hand.position(1, "ann", "1.25")
    by_hand.position(1, "bob", "1.10", collateral=500)
    by_hand.oracle("USDe", 2, "0.85")
    frames = by_hand.frames(tmp_path, blocks=2)
    risk = collateral_at_risk(frames, PriceBook(frames), 1).set_index("fall_pct")
    assert risk.loc[[0, 9, 10, 20, 21], "collateral_usd"].tolist() == [0, 0, 500, 500, 1500]
    assert risk.loc[21, "positions"] == 2
    # At 0.85 bob stands at 0.935 already, and ann at 1.0625: 6 % more.
    later = collateral_at_risk(frames, PriceBook(frames), 2).set_index("fall_pct")
    assert later.loc[[0, 5, 6], "collateral_usd"].tolist() == [425, 425, 1275]


def test_shortfalls_by_pair__two_debts__are_kept_apart(by_hand: ByHand, tmp_path: Path) -> None:
    # At 0.70: 1,000 x 0.70 = 700. ann lacks 100 of USDC, bob 200 of DAI; ann's deficit of 5 is realised.
    by_hand.parameters["assets"]["DAI"] = {"kind": "erc20", "decimals": 6}
    by_hand.oracle("DAI", 1, "1")
    by_hand.position(1, "ann", "1.0375")
    by_hand.position(1, "bob", "0.922", debt=900, debt_asset="DAI")
    by_hand.oracle("USDe", 2, "0.70")
    by_hand.liquidation(2, "ann", "0.7", price="0.70", deficit=5)
    frames = by_hand.frames(tmp_path, blocks=2)
    book = PriceBook(frames)
    figures = shortfalls_by_pair(frames, book, market_trough(frames, book))
    assert figures["USDe/USDC"].deficit_usd == 5
    assert figures["USDe/DAI"].deficit_usd == 0
    assert figures["USDe/USDC"].end.oracle == 100
    assert figures["USDe/DAI"].end.oracle == figures["USDe/DAI"].trough.oracle == 200
    assert figures["USDe/DAI"].end.redemption is None


def test_backlog__time_to_clear__counts_from_the_peak(by_hand: ByHand, tmp_path: Path) -> None:
    for block, under in ((2, 1), (3, 5), (4, 2), (5, 0), (6, 1)):
        health(by_hand, block, under=under)
    assert backlog(by_hand.frames(tmp_path, blocks=6)).blocks_to_clear == 2


def test_backlog__never_cleared__has_no_time_to_clear(by_hand: ByHand, tmp_path: Path) -> None:
    for block in (2, 3, 4):
        health(by_hand, block, under=3)
    assert backlog(by_hand.frames(tmp_path, blocks=4)).blocks_to_clear is None


@pytest.mark.parametrize(("spot", "positions", "debt"), [("0.67", 1, 800), ("0.68", 0, 0)])
def test_stuck_debt__bonus_smaller_than_the_discount__is_counted(
    by_hand: ByHand, tmp_path: Path, spot: str, positions: int, debt: int
) -> None:
    # A bonus of 5 %, a tenth of it the protocol's: a keeper gets 1.045 of collateral for 1 of debt, and breaks even at
    # a spot price of 0.7005 / 1.045 = 0.67033.
    by_hand.position(1, "ann", "1.0375")
    by_hand.oracle("USDe", 2, "0.7005")
    by_hand.oracle("USDe", 2, spot, "spot:curve")
    frames = by_hand.frames(tmp_path, blocks=2)
    assert as_dict(stuck_debt(frames, PriceBook(frames))) == {"positions": positions, "debt_usd": debt}


def test_keepers__bonus_kept__is_what_slippage_left(by_hand: ByHand, tmp_path: Path) -> None:
    # 100 repaid at 0.80 takes 131.25 tokens, worth 105: a bonus of 5; the sale brings 100: slippage 5, nothing kept.
    by_hand.position(1, "ann", "1.0375")
    by_hand.liquidation(2, "ann", "0.83", price="0.80", covered=100)
    summary = summarise(by_hand.frames(tmp_path, blocks=2))
    assert summary.keepers.bonus_usd == 5
    assert summary.keepers.exit_slippage_usd == 5
    assert summary.keepers.bonus_kept_usd == 0


def test_coverage_of_exits__quote_coins_and_buyers__over_the_claims(by_hand: ByHand, tmp_path: Path) -> None:
    # Two value buyers share 100, two dip-buyers have 50 each; a pool and a buyer of another asset are no exit of USDe.
    by_hand.parameters["venues"]["curve"]["reserves"] = {"USDC": "300", "USDe": "900"}
    by_hand.parameters["venues"]["other"] = {"coins": ["USDC", "WETH"], "reserves": {"USDC": "7000", "WETH": "2"}}
    by_hand.parameters["agents"] |= {
        "bids": {"kind": "value-buyer", "venue": "curve", "capital": "100", "count": 2},
        "dips": {"kind": "dip-buyer", "venue": "curve", "capital": "50", "count": 2},
        "elsewhere": {"kind": "value-buyer", "venue": "other", "capital": "100", "count": 1},
    }
    by_hand.position(1, "ann", "1.0375")
    by_hand.position(1, "bob", "1.0375")
    frames = by_hand.frames(tmp_path, blocks=2)
    assert as_dicts(coverage_of_exits(frames, PriceBook(frames))) == {
        "USDe": {"quote_usd": 300, "buyers_usd": 200, "claims_usd": 2000, "coverage": 0.25}
    }


def test_providers__a_sale_into_the_pool__is_their_loss_against_holding(by_hand: ByHand, tmp_path: Path) -> None:
    # 1,000 and 1,000; 100 USDe come for 90 USDC; the price ends at 0.80. Held: 1,000 + 800. Pool: 910 + 880 = 1,790.
    by_hand.parameters["venues"]["curve"]["reserves"] = {"USDC": "1000", "USDe": "1000"}
    by_hand.oracle("USDe", 2, "0.80", "spot:curve")
    swap(by_hand, 1, 500, 400)
    swap(by_hand, 2, 100, 90)
    frames = by_hand.frames(tmp_path, blocks=2)
    assert as_dicts(providers(frames, PriceBook(frames))) == {
        "curve": {"held_usd": 1800, "pool_usd": 1790, "loss_usd": 10}
    }


def test_providers__liquidity_that_came_or_went__is_not_guessed_at(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.parameters["venues"]["curve"]["reserves"] = {"USDC": "1000", "USDe": "1000"}
    by_hand.oracle("USDe", 2, "0.80", "spot:curve")
    by_hand.move(2, "0.80", kind="liquidity", role="provider")
    frames = by_hand.frames(tmp_path, blocks=2)
    assert as_dicts(providers(frames, PriceBook(frames))) == {}


def test_failed_withdrawals__requested_less_received__is_what_was_not_met(by_hand: ByHand, tmp_path: Path) -> None:
    for block, lender, asked, got in ((3, "lena", 100, 0), (4, "lena", 100, 30), (4, "lars", 50, 50)):
        by_hand._add(
            "withdrawals",
            **by_hand._when(block),
            tx_hash="0x1",
            lender=lender,
            asset="USDC",
            asked_raw=asked * USDC,
            got_raw=got * USDC,
            revert_reason="",
        )
    frames = by_hand.frames(tmp_path, blocks=4)
    assert as_dict(failed_withdrawals(frames, PriceBook(frames))) == {
        "asked": 3,
        "failed": 1,
        "asked_usd": 250,
        "unmet_usd": 170,
    }


def test_block_space__deficit_that_grew_during_the_wait__is_attributed_to_it(by_hand: ByHand, tmp_path: Path) -> None:
    # ann: 1,000 against 800, proposed at step 0 (0.81: 810 / 1.05 = 771.43 pays the debt but 28.57), mined at step 2 at
    # 0.70 with a deficit of 133: 133 - 28.571... = 104.428... of it came of waiting. bob did not wait.
    by_hand.position(1, "ann", "1.0375")
    by_hand.oracle("USDe", 2, "0.81")
    by_hand.oracle("USDe", 4, "0.70")
    tx = by_hand.liquidation(4, "ann", "0.72", price="0.70", deficit=133)
    by_hand.liquidation(4, "bob", "0.72", price="0.70", deficit=50)
    for row in by_hand.rows["transactions"]:
        row["proposed_step"] = 0 if row["tx_hash"] == tx else row["step"]
    frames = by_hand.frames(tmp_path, blocks=4)
    figures = block_space(frames, PriceBook(frames))
    assert figures.deficit_of_waiting_usd == pytest.approx(133 - (800 - 810 / 1.05))
    assert (figures.liquidations_delayed, figures.blocks_delayed, figures.max_blocks_delayed) == (1, 2, 2)
    assert (figures.peak_queued, figures.peak_base_fee_gwei, figures.peak_queued_gas) == (0, 1, 200_000)


def test_block_space__deficit_before_the_wait__is_not_attributed_to_it(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.position(1, "ann", "1.0375")
    by_hand.oracle("USDe", 2, "0.50")
    tx = by_hand.liquidation(4, "ann", "0.5", price="0.50", deficit=300)
    for row in by_hand.rows["transactions"]:
        row["proposed_step"] = 0 if row["tx_hash"] == tx else row["step"]
    frames = by_hand.frames(tmp_path, blocks=4)
    # 500 / 1.05 = 476.19: the debt lacked 323.81 at the proposal already.
    assert block_space(frames, PriceBook(frames)).deficit_of_waiting_usd == 0


def test_summarise__causes__lead_with_ledger_and_generations(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.position(1, "ann", "1.25")
    by_hand.move(2, "0.78")
    by_hand.liquidation(3, "ann", "0.975", price="0.78", covered=200, sells_to="0.75")
    by_hand.oracle("USDe", 2, "0.78")
    by_hand.oracle("USDe", 3, "0.75")
    causes = summarise(by_hand.frames(tmp_path, blocks=4)).causes
    assert causes is not None
    assert [(one.market, one.fall, one.residual) for one in causes.ledger] == [
        ("curve", 0.25, 0.0),
        ("oracle", 0.25, 0.0),
    ]
    assert causes.ledger[0].classes["whale"] == ClassFigures(gross_down=-0.22, gross_up=0.0, net=-0.22, moves=1)
    assert causes.ledger[0].trough_at == "2025-10-10T20:45:12Z"
    assert causes.liquidations_not_replayed == 0
    assert causes.pivots == [
        PivotFigures(kind=PivotKind.VOLUNTARY, actor_class="whale", liquidations=1, debt_covered_usd=200.0)
    ]
    assert causes.generations == [Generation(generation=1, liquidations=1, debt_covered_usd=200.0, r=0.0)]


def test_summarise__no_price_moves__has_no_causes(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.position(1, "ann", "1.25")
    assert summarise(by_hand.frames(tmp_path, blocks=2)).causes is None


def test_who_paid__owners_sell_repay_and_add__closes_without_a_rest(by_hand: ByHand, tmp_path: Path) -> None:
    # ann: 1,000 against 800. At 0.90 she sells 100 (worth 90) for 88: 70 repays, 0.05 is premium, 17.95 is cash, and of
    # that she repays 10. bob comes with nothing at 0.90: supplies 100 (worth 90), borrows 40. USDe ends at 0.80.
    by_hand.position(1, "ann", "1.0375")
    by_hand.oracle("USDe", 2, "0.90")
    by_hand.unwind(2, "ann", sold=100, price="0.90", proceeds="88", repaid="70", premium="0.05", cash="17.95")
    by_hand.flow(2, "ann", "repay", 10)
    by_hand.position(2, "ann", "1.03", event="unwound", collateral=900, debt=720)
    by_hand.flow(2, "bob", "supply", 100, asset="USDe")
    by_hand.flow(2, "bob", "borrow", 40)
    by_hand.position(2, "bob", "1.8", event="looped", collateral=100, debt=40)
    by_hand.oracle("USDe", 3, "0.80")
    frames = by_hand.frames(tmp_path, blocks=3)

    paid = who_paid(frames, PriceBook(frames)).borrowers

    assert paid.equity_start_usd == 200
    assert paid.price_loss_sold_usd == 10  # 100 x (1 - 0.90)
    assert paid.sale_slippage_usd == 2.05  # 90 - (88 - 0.05)
    assert paid.cash_out_usd == 17.95 - 10 - (90 - 40)
    assert paid.price_loss_kept_usd == 900 * 0.2 + 100 * 0.1
    assert paid.equity_end_usd == (720 - 720) + (80 - 40)
    assert paid.interest_and_other_usd == 0
    assert paid.loss_usd == pytest.approx(10 + 2.05 + 180 + 10)
