"""The loop of the account, to the unit: every figure below is a closed form, none comes from the harness."""

from __future__ import annotations

from fractions import Fraction

from cascade import Run
from cascade.recording.tables import LoopRow

USDE, USDC = 10**18, 10**6
NO_DEBT = 2**256 - 1


def test_frictionless_loop__five_rounds__supplies_the_accounts_figures(frictionless_run: Run) -> None:
    loops = frictionless_run.loops

    assert list(loops["round"]) == [0, 1, 2, 3, 4, 5]
    assert [raw / USDE for raw in loops["collateral_raw"]] == [100_000, 180_000, 244_000, 295_200, 336_160, 368_928]
    assert all(raw % USDE == 0 for raw in loops["collateral_raw"])
    assert list(loops["debt_raw"])[-1] == 268_928 * USDC
    ltv = Fraction(8, 10)
    for k, row in enumerate(frictionless_run.frames.rows(LoopRow)):
        assert row.collateral_raw == 100_000 * USDE * (1 - ltv ** (k + 1)) / (1 - ltv)
        assert row.debt_raw * 10**12 == row.collateral_raw - 100_000 * USDE


def test_frictionless_loop__built__holds_the_closed_form_s_amounts_on_chain(frictionless_run: Run) -> None:
    positions = frictionless_run.positions
    built = positions[positions["event"] == "built"].iloc[0]

    assert (built["collateral_raw"], built["debt_raw"]) == (368_928 * USDE, 268_928 * USDC)
    # HF = 0.83 x 368,928 / 268,928, in Aave's roundings: the sum over debt half up to 1e-18, then over 10,000 down.
    weighted, debt = 368_928 * 10**8 * 8300, 268_928 * 10**8
    assert built["health_factor_wad"] == (weighted * 10**18 + debt // 2) // debt // 10_000


def test_frictionless_loop__fall_of_a_quarter__takes_the_whole_capital(frictionless_run: Run) -> None:
    liquidation = frictionless_run.liquidations.iloc[0]

    assert len(frictionless_run.liquidations) == 1
    assert liquidation["collateral_seized_raw"] == 368_928 * USDE
    assert liquidation["debt_covered_raw"] == 263_520 * USDC  # 368,928 x 0.75 / 1.05
    assert liquidation["deficit_raw"] == 5_408 * USDC  # 268,928 - 263,520
    assert liquidation["collateral_price_e8"] == 75_000_000
    assert liquidation["close_factor_bps"] == 10_000
    assert liquidation["health_factor_after_wad"] == NO_DEBT
    # The bonus part is 368,928 x 0.05 / 1.05 = 17,568; a tenth of it is the protocol's.
    assert liquidation["protocol_fee_raw"] == 1_756_800 * USDE // 1000
    end = frictionless_run.positions.iloc[-1]
    assert (end["event"], end["collateral_raw"], end["debt_raw"]) == ("end", 0, 0)


def test_frictionless_loop__keeper__earns_bonus_less_fee_and_premium(frictionless_run: Run) -> None:
    liquidation = frictionless_run.liquidations.iloc[0]
    seized_for_keeper = 368_928 * USDE - 1_756_800 * USDE // 1000
    proceeds = seized_for_keeper * 75 // 100 * USDC // USDE
    premium = 263_520 * USDC * 5 // 10_000

    assert liquidation["exit_proceeds_raw"] == proceeds
    assert liquidation["liquidator_profit_raw"] == proceeds - 263_520 * USDC - premium


def test_frictionless_loop__liquidation__follows_the_post_that_caused_it(frictionless_run: Run) -> None:
    liquidation = frictionless_run.liquidations.iloc[0]
    transactions = frictionless_run.transactions.set_index("tx_hash")
    trigger = transactions.loc[liquidation["triggered_by"]]

    # The path falls at 21:40:48, the fifth block; bots see it there and act in the next one.
    assert (trigger["intent"], trigger["role"], trigger["step"]) == ("post", "oracle", 4)
    assert (liquidation["unhealthy_since_step"], liquidation["step"]) == (4, 5)


def test_frictionless_loop__summary__splits_the_loss_as_the_account_does(frictionless_run: Run) -> None:
    summary = frictionless_run.summary

    assert (summary.collateral_built_usd, summary.debt_built_usd) == (368_928, 268_928)
    assert summary.deficit_usd == 5_408
    assert summary.debt_covered_usd == 263_520
    assert summary.who_paid.borrowers.loss_usd == 100_000
    assert summary.who_paid.borrowers.price_loss_seized_usd == 92_232  # 368,928 x 0.25
    assert summary.counterfactual
