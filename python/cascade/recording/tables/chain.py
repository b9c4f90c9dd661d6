"""Tables of the chain: the run, blocks, transactions, prices, swaps, depth and moves of prices."""

from __future__ import annotations

from cascade.recording.tables.row import (
    AtBlock,
    AtLog,
    Row,
    int64,
    int64_or_null,
    table,
    text,
    uint256,
    uint256_or_null,
)

__all__ = ["BlockRow", "EventRow", "LiquidityRow", "PriceMoveRow", "PriceRow", "RunRow", "SwapRow", "TransactionRow"]

_LANE = "chain, or exchange: mined outside the chain's blocks, half a block's time before the chain's block of the step"


@table("runs")
class RunRow(Row):
    """One row: the scenario that was run, its parameters, and the code that it ran on."""

    scenario: str = text("name of the scenario")
    engine: str = text("lending pool that ran: mock, or aave-v3")
    start_timestamp: int = int64("s", "Unix time of the first crash block")
    block_seconds: int = int64("s", "time between crash blocks")
    chain_engine: str = text(
        "what executed the chain: anvil, revm in the process of the harness, or a network that others use too"
    )
    positions: int = int64("-", "number of positions built")
    counterfactual: str = text("why this run is a counterfactual; empty when it is none")
    parameters: str = text("every parameter of the scenario, defaults included", unit="JSON")
    scenario_sha256: str = text("hash of `parameters`")
    contracts_sha256: str = text("hash over the creation code of every contract deployed")


@table("blocks")
class BlockRow(AtBlock):
    """One row per mined block."""

    lane: str = text(_LANE)
    transactions: int = int64("-", "number of transactions in the block")
    queued: int = int64("-", "number of transactions left waiting for space after the block")
    queued_gas: int = int64("gas", "gas that the waiting transactions reserve")
    gas_used: int | None = int64_or_null(
        "gas", "gas used by the block's transactions; null in a run in process, which knows no gas"
    )
    gas_limit: int = int64("gas", "gas limit of the block")
    base_fee_wei: int | None = int64_or_null("wei", "base fee per unit of gas; null likewise")


@table("transactions")
class TransactionRow(AtBlock):
    """One row per transaction, and one per proposal that never became a transaction."""

    lane: str = text(_LANE)
    transaction_index: int = int64("-", "position in the block; -1 for a proposal that was not sent")
    tx_hash: str = text("hash of the transaction; empty for a proposal that was not sent")
    actor: str = text("name of the sender")
    role: str = text(
        "class of actor: looper, whale, keeper, buyer, dip-buyer, arbitrageur, provider, lender, issuer, "
        "oracle, exogenous, deployer; exchange and its traders; or the role that an agent of the user's own gives"
    )
    cohort: str = text("cohort or agent entry of the scenario that the actor belongs to")
    intent: str = text("what the transaction is for: supply, borrow, swap, post, liquidate, ...")
    reason: str = text("why the agent proposed it, in words for a reader; nothing depends on them")
    motive: str = text(
        "why the agent proposed it, where analysis distinguishes it: margin-call, leaving, stop, low-margin, "
        "low-price; empty for all other transactions"
    )
    target: str = text("name of the contract called, or created")
    status: str = text("ok, reverted, or rejected (never sent)")
    revert_reason: str = text("decoded error of a revert, or why a proposal was rejected; empty when ok")
    proposed_step: int = int64("-", "step at which it was first proposed; -1 before the crash")
    gas_limit: int = int64("gas", "gas limit of the transaction")
    gas_used: int | None = int64_or_null(
        "gas", "gas used by the transaction; null in a run in process, which knows no gas"
    )
    tip_wei: int = int64("wei", "priority fee offered per unit of gas; 0 at the exchange")
    fee_wei: int | None = uint256_or_null("wei", "gas used times effective gas price; 0 at the exchange; null likewise")


@table("events")
class EventRow(AtBlock):
    """One row per transaction of an event of the scenario: what an owner set during the crash."""

    event: str = text("name of the event in the scenario")
    kind: str = text("kind of the event: redemption, transfers, halt, circuit-breaker, index, reserve, ...")
    target: str = text("what it sets: asset, venue, book or number of a mode; empty for transfers")
    actor: str = text("name of the owner who made it")
    call: str = text("function of the contract that was called, with its arguments")
    tx_hash: str = text("hash of the transaction")
    status: str = text("ok or reverted")
    revert_reason: str = text("decoded error of a revert; empty when ok")


@table("prices")
class PriceRow(AtBlock):
    """One row per asset, source, and block at which the source's price of the asset changed."""

    asset: str = text("symbol of the asset priced")
    source: str = text(
        "oracle (the lending pool's price), path (input of the scenario), spot:VENUE, exit:VENUE (average over the "
        "sale of all open collateral), redemption; of a book, its stable valued at the oracle: book:BOOK (last "
        "trade), bid:BOOK, ask:BOOK, index:BOOK, reference:BOOK (price of the same asset elsewhere)"
    )
    price_e8: int | None = int64_or_null(
        "USD 1e-8",
        "price; null from the block on at which there is none: the oracle refuses to answer, the book has no bid or "
        "no ask, the index has not begun, or the oracle refuses the coin in which the venue or book quotes",
    )


@table("swaps")
class SwapRow(AtLog):
    """One row per swap at a venue."""

    venue: str = text("venue of the scenario")
    actor: str = text("name of the sender of the transaction")
    role: str = text("class of actor of the sender")
    asset_in: str = text("symbol of the asset sold")
    asset_out: str = text("symbol of the asset bought")
    amount_in_raw: int = uint256("smallest unit", "amount sold")
    amount_out_raw: int = uint256("smallest unit", "amount bought")


@table("liquidity")
class LiquidityRow(AtBlock):
    """One row per venue or book, distance from its price, and block at which that depth changed."""

    venue: str = text("venue of the scenario, or book; distances from a book count from the middle of bid and ask")
    within_bps: int = int64("1e-4", "distance from the price")
    sell_raw: int = uint256("smallest unit", "collateral or base that can be sold before the price falls so far")
    buy_raw: int = uint256("smallest unit", "collateral or base that can be bought before the price rises so far")


@table("price_moves")
class PriceMoveRow(AtBlock):
    """One row per event that moved a price; (block_number, log_index) is the total order of all moves."""

    transaction_index: int = int64("-", "position of the transaction in its block")
    log_index: int = int64("-", "position of the event in its block")
    tx_hash: str = text("transaction that emitted the event")
    market: str = text(
        "name of the venue; feed:ASSET for a posted feed; oracle:ASSET for an observation by an averaging or "
        "delaying source; book:BOOK for a book's own price, which is the last price held between best bid and best ask"
    )
    asset: str = text("symbol of the asset priced")
    kind: str = text(
        "swap, liquidity, post or observe; at a book trade, quote (order placed) or cancel (order removed)"
    )
    actor: str = text(
        "name of the sender of the transaction; at a book the taker of a trade (of a forced sale the account "
        "liquidated), or the owner of the orders placed or removed"
    )
    role: str = text("class of actor of that account, as in `transactions`")
    cohort: str = text("cohort or agent entry of the scenario that the actor belongs to")
    intent: str = text(
        "what the transaction is for; account-liquidation or desk-liquidation where an engine sold in a book"
    )
    price_before_wad: int = uint256(
        "1e-18",
        "price right before the event: of the asset in the venue's quote coin or the book's stable, 0 where there "
        "was none; of feeds and observations in dollars per token",
    )
    price_after_wad: int = uint256("1e-18", "price right after the event, in the unit of the price before it")
