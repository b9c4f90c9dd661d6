"""Every table of a run: one class of rows per table. The schema, the files and the document follow from it."""

from cascade.recording.tables.chain import (
    BlockRow,
    LiquidityRow,
    PriceMoveRow,
    PriceRow,
    RunRow,
    SwapRow,
    TransactionRow,
)
from cascade.recording.tables.derived import LinkRow
from cascade.recording.tables.exchange import (
    ExchangeEventRow,
    FundRow,
    HoldingRow,
    MarginCohortRow,
    MarginRow,
    PerpTradeRow,
    TradeRow,
)
from cascade.recording.tables.lending import (
    FlowRow,
    HealthRow,
    LiquidationRow,
    LoopRow,
    MarginEventRow,
    PositionRow,
    ReserveRow,
    UnwindRow,
    WithdrawalRow,
)
from cascade.recording.tables.row import TABLES, BlockStamp, Column, Identity, Kind, LogStamp, Row, Table

__all__ = [
    "TABLES",
    "BlockRow",
    "BlockStamp",
    "Column",
    "ExchangeEventRow",
    "FlowRow",
    "FundRow",
    "HealthRow",
    "HoldingRow",
    "Identity",
    "Kind",
    "LinkRow",
    "LiquidationRow",
    "LiquidityRow",
    "LogStamp",
    "LoopRow",
    "MarginCohortRow",
    "MarginEventRow",
    "MarginRow",
    "PerpTradeRow",
    "PositionRow",
    "PriceMoveRow",
    "PriceRow",
    "ReserveRow",
    "Row",
    "RunRow",
    "SwapRow",
    "Table",
    "TradeRow",
    "TransactionRow",
    "UnwindRow",
    "WithdrawalRow",
]
