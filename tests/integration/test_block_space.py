"""Block space as a resource: with room for one liquidation a block the others wait, pay more, or come too late."""

from __future__ import annotations

import pytest

from cascade import Run, replay

from .conftest import small

GAS_LIMIT = 1_330_000
LIQUIDATION_GAS = 800_000


@pytest.fixture(scope="module")
def congested_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    scenario = small(**{"chain.block_gas_limit": GAS_LIMIT, "chain.max_wait_blocks": 2, "agents.keeper.count": 4})
    return replay(scenario, out=tmp_path_factory.mktemp("congested"))


def test_blocks__of_a_full_chain__hold_no_more_than_the_limit_and_say_who_waits(congested_run: Run) -> None:
    blocks = congested_run.blocks[congested_run.blocks["phase"] == "crash"]
    sent = congested_run.transactions
    sent = sent[(sent["phase"] == "crash") & (sent["status"] != "rejected")]

    assert (sent.groupby("block_number")["gas_limit"].sum() <= GAS_LIMIT).all()
    assert blocks["queued"].max() > 0
    waiting = blocks[blocks["queued"] > 0]
    assert (waiting["queued_gas"] >= waiting["queued"] * 21_000).all()
    assert waiting["queued_gas"].max() >= LIQUIDATION_GAS


def test_base_fee__after_a_block__follows_how_full_it_was(congested_run: Run) -> None:
    blocks = congested_run.blocks[congested_run.blocks["phase"] == "crash"]
    fees, used = blocks["base_fee_wei"].tolist(), blocks["gas_used"].tolist()

    assert [i for i in range(len(fees) - 1) if fees[i + 1] > fees[i]]
    for i in range(len(fees) - 1):
        # EIP-1559, written out again: the target is half the limit.
        change = fees[i] * (used[i] - GAS_LIMIT // 2) / (GAS_LIMIT // 2) / 8
        assert abs(fees[i + 1] - fees[i] - change) <= 1 + abs(change) * 1e-9


def test_waiting__shows_in_the_steps_and_in_the_summary(congested_run: Run) -> None:
    sent = congested_run.transactions
    liquidated = sent[(sent["intent"] == "liquidate") & (sent["status"] == "ok")]
    waits = liquidated["step"] - liquidated["proposed_step"]
    rejected = sent[(sent["status"] == "rejected") & (sent["revert_reason"] == "no block space")]
    figures = congested_run.summary.block_space

    assert (waits >= 0).all()
    assert waits.max() > 0
    assert len(rejected) > 0
    assert ((rejected["step"] - rejected["proposed_step"]) >= 2).all()
    assert figures.liquidations_delayed == int((waits > 0).sum())
    assert figures.max_blocks_delayed == int(waits.max())
    assert figures.peak_queued == congested_run.blocks["queued"].max()
    assert figures.deficit_of_waiting_usd >= 0


def test_inside_a_block__after_all_posts_and_flow__higher_tips_come_first(congested_run: Run) -> None:
    sent = congested_run.transactions
    sent = sent[(sent["phase"] == "crash") & (sent["transaction_index"] >= 0)]
    assert len(sent) > 0
    for _, block in sent.groupby("block_number"):
        tips = block.sort_values("transaction_index")["tip_wei"].tolist()
        assert tips == sorted(tips, reverse=True)
