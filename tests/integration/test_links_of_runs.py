"""The chain of links of real runs: stored with the run, in its hash, and agreeing with the tables it is made from."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd
import pytest

from cascade import Run
from cascade.analysis import ledgers, link_rows
from cascade.recording.canonical import canonical_sha256
from cascade.recording.tables import LinkRow


def first_rows(run: Run) -> dict[str, dict[Hashable, Any]]:
    rows = run.links.drop_duplicates("link")
    return {row["link"]: row for row in rows.to_dict("records")}


@pytest.mark.parametrize("fixture", ["everyone_run", "crash_run", "peg_run", "frictionless_run"])
def test_links__of_a_run__are_made_from_its_tables_hashed_and_sum_to_one(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    run: Run = request.getfixturevalue(fixture)
    links = run.links

    assert run.frames.rows(LinkRow) == link_rows(run.frames)
    assert run.manifest.tables["links"] == canonical_sha256(links, "links")
    for column in ("fed_share", "fed_net"):
        sums = links.groupby("link")[column].sum()
        assert sums.to_numpy() == pytest.approx(1, abs=1e-9)
    starts = links.drop_duplicates("order")
    assert starts["started_timestamp"].is_monotonic_increasing
    assert starts["order"].tolist() == list(range(1, len(starts) + 1))
    known = {*links["link"], "input", "time", "others", "residual"}
    assert set(links["fed_by"]) <= known


def test_links__of_everybody__have_the_dollars_and_times_of_their_tables(everyone_run: Run) -> None:
    run = everyone_run
    links = first_rows(run)

    assert links["chain-liquidations"]["size"] == pytest.approx(run.summary.debt_covered_usd, abs=1e-6)
    assert links["chain-liquidations"]["started_timestamp"] == run.liquidations["timestamp"].min()
    assert links["loop-unwinding"]["started_timestamp"] == run.unwinds["timestamp"].min()
    sold = sum(run.unwinds["proceeds_raw"].tolist()) / 10**6
    assert links["loop-unwinding"]["size"] == pytest.approx(sold, rel=1e-3), "a dollar a stable"
    calls = run.margin_events[run.margin_events["event"] == "call"]
    assert links["margin-calls"]["size"] == pytest.approx(sum(calls["needed_raw"].tolist()) / 10**6, rel=1e-3)
    spot = run.prices[(run.prices["asset"] == "USDe") & (run.prices["source"] == "spot:usde-usdc")]
    during = spot[spot["phase"] == "crash"]
    low = during.loc[during["price_e8"].idxmin()]
    depeg = links["chain-depeg:USDe"]
    assert depeg["peak"] == pytest.approx(low["price_e8"] / 1e8, abs=1e-8)
    assert depeg["peaked_timestamp"] == low["timestamp"]


def test_links__of_the_pool__share_the_fall_as_its_ledger_does(everyone_run: Run) -> None:
    run = everyone_run
    ledger = next(found for found in ledgers(run.frames) if found.market == "usde-usdc")
    down = {entry.actor_class: -entry.net for entry in ledger.classes if entry.net < 0}
    links = run.links[run.links["link"] == "chain-depeg:USDe"].set_index("fed_by")

    assert links.loc["chain-liquidations", "fed_share"] == pytest.approx(float(down["keeper"] / sum(down.values())))
    assert links["fed_net"].sum() == pytest.approx(1, abs=1e-12)
    keepers = next(entry for entry in ledger.classes if entry.actor_class == "keeper")
    assert links.loc["chain-liquidations", "fed_net"] == pytest.approx(float(-keepers.net / ledger.fall))


def test_links__of_a_peg_oracle__have_no_liquidations(peg_run: Run) -> None:
    assert not any(name.endswith("liquidations") for name in peg_run.links["link"])
    assert isinstance(peg_run.links, pd.DataFrame)
