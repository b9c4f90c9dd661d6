"""A second event: a growth cap that prices wstETH under its rate, against the figures that were reported of it.

The accounts of the event are not public in a file, so that their number and the amount liquidated are inputs (see
`cascade.commands.growth_cap_book`). Who earned what follows from Aave's rules: no part of it is put in.
"""

from __future__ import annotations

import pandas as pd
import pytest

from cascade import Run, load_scenario, replay
from cascade.experiments.calibration.document import section
from cascade.toolchain.paths import project_root

from .conftest import SCENARIOS

RATE, ETHER_USD = 1.22893, 2037
# Reported of 10 March 2026, in ether: what users lost by the price and by the bonus, and the protocol's fee.
BY_THE_PRICE, BY_THE_BONUS, FEE = 382.76, 129.72, 13.32
ACCOUNTS, SEIZED_WSTETH = 34, 10_938
WITHIN = 0.005


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    scenario = load_scenario(SCENARIOS / "capo-2026-03.yaml", set={"chain.engine": "revm"})
    return replay(scenario, out=tmp_path_factory.mktemp("growth-cap"))


def total(rows: pd.DataFrame, column: str) -> float:
    return float(sum(rows[column].tolist())) / 10**18


def test_growth_cap__accounts_within_its_reach__lose_what_was_reported(run: Run) -> None:
    rows = run.liquidations

    assert rows["borrower"].nunique() == ACCOUNTS
    assert total(rows, "collateral_seized_raw") == pytest.approx(SEIZED_WSTETH, rel=1e-4)
    assert (rows["bonus_bps"] == 100).all()
    # The price that liquidated them is 2.85 % under the rate, and grows with the cap from block to block.
    for price in (rows["collateral_price_e8"].min(), rows["collateral_price_e8"].max()):
        assert price / 10**8 == pytest.approx(RATE * ETHER_USD * (1 - 0.0285), rel=1e-4)


def test_growth_cap__loss_of_borrowers_and_profit_of_liquidators__are_the_reported_ones(run: Run) -> None:
    rows = run.liquidations
    seized, repaid = total(rows, "collateral_seized_raw"), total(rows, "debt_covered_raw")
    capped = rows["collateral_price_e8"].iloc[0] / 10**8 / ETHER_USD

    assert seized * (RATE - capped) == pytest.approx(BY_THE_PRICE, rel=WITHIN)
    assert seized * capped - repaid == pytest.approx(BY_THE_BONUS, rel=WITHIN)
    assert total(rows, "protocol_fee_raw") * RATE == pytest.approx(FEE, rel=WITHIN)
    # The summary says the same in dollars: the price is back at the end, and keepers hold what they seized.
    keepers, regret = run.summary.keepers, run.summary.regret
    assert keepers.gross_profit_usd is not None
    assert keepers.gross_profit_usd / ETHER_USD == pytest.approx(BY_THE_PRICE + BY_THE_BONUS - FEE, rel=WITHIN)
    assert regret.loss_usd / ETHER_USD == pytest.approx(BY_THE_PRICE + BY_THE_BONUS, rel=WITHIN)


def test_growth_cap__once_it_is_aligned__no_debt_is_left_and_the_price_is_back(run: Run) -> None:
    prices = run.prices
    oracle = prices[(prices["asset"] == "wstETH") & (prices["source"] == "oracle")]

    assert run.summary.deficit_usd == 0
    assert oracle["price_e8"].iloc[-1] / 10**8 == pytest.approx(RATE * ETHER_USD, rel=1e-9)
    made = {name: event.made_at for name, event in run.summary.events.items()}
    assert made == {"snapshot-misconfigured": "2026-03-10T11:46:00Z", "snapshot-aligned": "2026-03-10T12:01:00Z"}


def test_growth_cap__document__has_the_figures_of_this_run(run: Run) -> None:
    text = (project_root() / "docs" / "CALIBRATION.md").read_text(encoding="utf-8")

    assert section("10 March 2026", {"capo-2026-03": run}) in text
