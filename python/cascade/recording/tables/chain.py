"""Tables of the chain: the run, blocks, transactions, prices, swaps and depth."""

from __future__ import annotations

from cascade.recording.tables.row import AtBlock, AtLog, Row, int64, table, text, uint256

__all__ = ["BlockRow", "LiquidityRow", "PriceMoveRow", "PriceRow", "RunRow", "SwapRow", "TransactionRow"]


@table("runs")
class RunRow(Row):
    """One row: what was run, with what."""

    scenario: str = text("name of the scenario")
    engine: str = text("lending pool that ran: mock, or aave-v3")
    start_timestamp: int = int64("s", "Unix time of the first crash block")
    block_seconds: int = int64("s", "time between crash blocks")
    positions: int = int64("-", "positions built")
    counterfactual: str = text("why this run is a counterfactual; empty when it is none")
    parameters: str = text("every parameter of the scenario, defaults included", unit="JSON")
    scenario_sha256: str = text("hash of `parameters`")
    contracts_sha256: str = text("hash over the creation code of every contract deployed")


@table("blocks")
class BlockRow(AtBlock):
    """One row per mined block."""

    lane: str = text("chain, or exchange: outside the chain's blocks, half a block's time before them")
    transactions: int = int64("-", "transactions in the block")
    queued: int = int64("-", "transactions left waiting for space after the block")
    queued_gas: int = int64("gas", "gas that those waiting reserve")
    gas_used: int = int64("gas", "gas used")
    gas_limit: int = int64("gas", "gas limit")
    base_fee_wei: int = int64("wei", "base fee a unit of gas")


@table("transactions")
class TransactionRow(AtBlock):
    """One row per transaction, and one a proposal that never became one."""

    lane: str = text("chain, or exchange: outside the chain's blocks, half a block's time before them")
    transaction_index: int = int64("-", "position in the block; -1 for a proposal that was not sent")
    tx_hash: str = text("hash; empty for a proposal that was not sent")
    actor: str = text("name of the sender")
    role: str = text(
        "class of actor: looper, whale, keeper, buyer, dip-buyer, arbitrageur, provider, lender, issuer, "
        "oracle, exogenous, deployer; exchange and its traders; or what an agent of one's own is called"
    )
    cohort: str = text("cohort or agent entry of the scenario that the actor belongs to")
    intent: str = text("what it is for: supply, borrow, swap, post, liquidate, ...")
    reason: str = text("why the agent proposed it, in words for a reader; nothing depends on them")
    motive: str = text(
        "why the agent proposed it, where analysis distinguishes it: margin-call, leaving, stop, low-margin, "
        "low-price; empty for all other transactions"
    )
    target: str = text("contract called")
    status: str = text("ok, reverted, or rejected (never sent)")
    revert_reason: str = text("decoded error; empty when ok")
    proposed_step: int = int64("-", "step since which its maker has wanted it; -1 before the crash")
    gas_limit: int = int64("gas", "gas limit of the transaction")
    gas_used: int = int64("gas", "gas used")
    tip_wei: int = int64("wei", "priority fee offered a unit of gas; 0 at the exchange")
    fee_wei: int = uint256("wei", "gas used times effective gas price; 0 at the exchange")


@table("prices")
class PriceRow(AtBlock):
    """One row per price that changed: asset, source and block."""

    asset: str = text("symbol")
    source: str = text(
        "oracle (what the pool sees), path (input), spot:VENUE, exit:VENUE (average over all open "
        "collateral), redemption; of a book, its stable at the oracle: book:BOOK (last), bid:BOOK, ask:BOOK, "
        "index:BOOK, reference:BOOK (what it costs elsewhere)"
    )
    price_e8: int = int64("USD 1e-8", "price; of a bid, ask or index 0 where there is none")


@table("swaps")
class SwapRow(AtLog):
    """One row per exchange at a venue."""

    venue: str = text("venue of the scenario")
    actor: str = text("name of the sender of the transaction")
    role: str = text("class of actor")
    asset_in: str = text("symbol sold")
    asset_out: str = text("symbol bought")
    amount_in_raw: int = uint256("smallest unit", "amount sold")
    amount_out_raw: int = uint256("smallest unit", "amount bought")


@table("liquidity")
class LiquidityRow(AtBlock):
    """One row per venue or book, distance from its price, and block at which that depth changed."""

    venue: str = text("venue of the scenario, or book: from the middle of its best bid and ask")
    within_bps: int = int64("1e-4", "distance from the price")
    sell_raw: int = uint256("smallest unit", "collateral or base that can be sold before it falls so far")
    buy_raw: int = uint256("smallest unit", "likewise, that can be bought before it rises so far")


@table("price_moves")
class PriceMoveRow(AtBlock):
    """One row per event that moved a price, in log order: (block_number, log_index) is the total order."""

    transaction_index: int = int64("-", "position of the transaction in its block")
    log_index: int = int64("-", "position of the event in its block")
    tx_hash: str = text("transaction that emitted the event")
    market: str = text(
        "name of the venue; feed:ASSET for a posted feed; oracle:ASSET for an observation by an averaging or "
        "delaying source; book:BOOK for a book's own price, the last one held between best bid and best ask"
    )
    asset: str = text("symbol")
    kind: str = text("swap, liquidity, post or observe; of a book trade, quote (placed) or cancel (taken away)")
    actor: str = text(
        "name of the sender of the transaction; of a book the taker, or whose orders they are or were: of a "
        "forced sale the account liquidated"
    )
    role: str = text("its class of actor, as in `transactions`")
    cohort: str = text("cohort or agent entry of the scenario that the actor belongs to")
    intent: str = text(
        "what the transaction is for; account-liquidation and desk-liquidation where an engine sold in a book"
    )
    price_before_wad: int = uint256(
        "1e-18",
        "price right before: of the asset in the venue's quote coin or the book's stable, 0 for none; of "
        "feeds and observations, dollars a token",
    )
    price_after_wad: int = uint256("1e-18", "price right after, likewise")
