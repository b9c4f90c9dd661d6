"""Words that contracts' callers, tables, analysis and reports share; each is defined here, once.

Every enumeration is a `StrEnum`, so that a member is the text that stands in a table, in JSON or in a scenario.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "DEPTH_WITHIN_BPS",
    "FORCED_SALES",
    "HEADLINE_DEPTH_BPS",
    "AccountLevel",
    "AccountStatus",
    "BookSide",
    "ExchangeEvent",
    "FlowEvent",
    "Intent",
    "Lane",
    "LinkBasis",
    "LinkKind",
    "MarginCallEvent",
    "Motive",
    "MoveKind",
    "NoLink",
    "Obstacle",
    "PerpTradeKind",
    "Phase",
    "PivotKind",
    "PositionEvent",
    "PriceSource",
    "Role",
    "TransactionStatus",
    "Valuation",
]

DEPTH_WITHIN_BPS = (50, 200, 1000)
"""Distances from a price, in 1e-4, within which the depth of venues and books is recorded."""

HEADLINE_DEPTH_BPS = 200
"""The distance whose depth is drawn and claimed: bids within 2 %."""


class Phase(StrEnum):
    """Part of a run that a row belongs to."""

    BUILD = "build"
    CRASH = "crash"


class Lane(StrEnum):
    """Kind of block in which a transaction is mined."""

    CHAIN = "chain"
    """In a block of the chain, within its gas limit."""
    EXCHANGE = "exchange"
    """In a block of the exchange's own, half a block's time before the chain's, without a fee or a limit."""


class TransactionStatus(StrEnum):
    """Outcome of a proposed transaction."""

    OK = "ok"
    REVERTED = "reverted"
    REJECTED = "rejected"
    """It was never sent."""


class Role(StrEnum):
    """Class of actor. An agent of the user's own may name another."""

    LOOPER = "looper"
    WHALE = "whale"
    KEEPER = "keeper"
    BUYER = "buyer"
    DIP_BUYER = "dip-buyer"
    ARBITRAGEUR = "arbitrageur"
    PROVIDER = "provider"
    LENDER = "lender"
    ORACLE = "oracle"
    EXOGENOUS = "exogenous"
    DEPLOYER = "deployer"
    TREASURY = "treasury"
    ISSUER = "issuer"
    CUSTODY = "custody"
    STAKER = "staker"
    AGENT = "agent"
    """An agent that is known by its name only."""
    UNKNOWN = "unknown"
    EXCHANGE = "exchange"
    ENGINE = "engine"
    MAKER = "maker"
    BIDDER = "bidder"
    RETAIL = "retail"
    BASIS_TRADER = "basis-trader"
    NOISE = "noise"
    SPOT_SELLER = "spot-seller"
    DESK_BORROWER = "desk-borrower"
    ACCOUNT = "account"
    """An account of a file, which acts only while positions are built."""


class AccountStatus(StrEnum):
    """Whether an account of a file stands in the run."""

    BUILT = "built"
    DUST = "dust"
    """Its supplies and debts are worth less than the stated sum."""
    NOT_BUILT = "not-built"
    """The pool would refuse it; the obstacle says why."""


class Obstacle(StrEnum):
    """Reason why the pool would not take an account of a file."""

    ASSET_LEFT_OUT = "asset-left-out"
    MODE_UNKNOWN = "mode-unknown"
    MODE_WITHOUT_DEBT = "mode-without-debt"
    """It owes an asset that its efficiency mode does not lend."""
    BORROWING_OFF = "borrowing-off"
    NO_COLLATERAL = "no-collateral"
    """It owes, and nothing that it supplied secures a debt."""
    HEALTH_FACTOR = "health-factor"
    """Its health factor is under 1."""
    LTV_ROUNDED = "ltv-rounded"
    """Its health factor is so near 1 that the average that the pool rounds to 0.01 % does not cover the debt."""
    ISOLATION = "isolation"
    """It has isolated collateral beside other collateral, or owes against it what isolation mode does not lend."""
    SILOED = "siloed"
    """It owes a siloed asset, and another one."""
    DEBT_CEILING = "debt-ceiling"
    """Its debt goes over the ceiling of its isolated collateral."""
    SUPPLY_CAP = "supply-cap"
    BORROW_CAP = "borrow-cap"


class Intent(StrEnum):
    """Purpose of a transaction. A custom agent may name another."""

    ADD_LIQUIDITY = "add-liquidity"
    APPROVE = "approve"
    BORROW = "borrow"
    BUY = "buy"
    CONFIGURE = "configure"
    CONTINUE = "continue"
    CUSTODY = "custody"
    DEPLOY = "deploy"
    DEPOSIT = "deposit"
    END_CALL = "end-call"
    ENTER_EMODE = "enter-emode"
    EVENT = "event"
    """An event of the scenario, made by the owner of what it sets."""
    FOLLOW_PATH = "follow-path"
    HEDGE = "hedge"
    LIQUIDATE = "liquidate"
    LIQUIDATE_ACCOUNT = "liquidate-account"
    LIQUIDATE_LOAN = "liquidate-loan"
    LIST = "list"
    LOOP = "loop"
    MARGIN_CALL = "margin-call"
    MINT = "mint"
    OF_OTHERS = "of-others"
    """A transaction of somebody outside the run, on a chain that others use too, which touched its contracts."""
    OPEN_PERPETUAL = "open-perpetual"
    OPEN_TRANSFERS = "open-transfers"
    PAY = "pay"
    PLEDGE = "pledge"
    POKE = "poke"
    POST = "post"
    PROPOSE = "propose"
    """Stands for the proposal of an agent that raised instead of proposing."""
    PULL = "pull"
    QUOTE = "quote"
    REMOVE_LIQUIDITY = "remove-liquidity"
    REPAY = "repay"
    REQUOTE = "requote"
    REST = "rest"
    SELL = "sell"
    SET_COLLATERAL = "set-collateral"
    STAKE = "stake"
    STOP = "stop"
    SUPPLY = "supply"
    SWAP = "swap"
    TOP_UP = "top-up"
    TRANSFER = "transfer"
    UNWIND = "unwind"
    WHITELIST = "whitelist"
    WITHDRAW = "withdraw"
    ACCOUNT_LIQUIDATION = "account-liquidation"
    """A sale in a book by the margin engine, of a liquidated account's assets."""
    DESK_LIQUIDATION = "desk-liquidation"
    """A sale in a book by the loan desk, of a borrower's pledge."""


FORCED_SALES = (Intent.ACCOUNT_LIQUIDATION, Intent.DESK_LIQUIDATION)
"""Intents of sales that an engine of the exchange makes against the owner's will."""


class Motive(StrEnum):
    """Reason for a proposal, where analysis distinguishes it; the reason in words stands beside it."""

    NONE = ""
    MARGIN_CALL = "margin-call"
    """A margin call on the owner's pledge, or the deadline of one that has passed."""
    LEAVING = "leaving"
    """The owner's own decision to leave, at a price."""
    STAKE = "stake"
    STOP = "stop"
    """The owner's stop on the health factor."""
    LOW_MARGIN = "low-margin"
    """The margin of the maker's account fell under the maker's own line."""
    LOW_PRICE = "low-price"
    """The price in the book fell under the maker's or bidder's reference by more than it bears."""
    FULL = "full"
    """The bidder has bought for as much of its capital as it spends before it steps back."""


class MoveKind(StrEnum):
    """Kind of event that moved a price."""

    SWAP = "swap"
    LIQUIDITY = "liquidity"
    POST = "post"
    OBSERVE = "observe"
    TRADE = "trade"
    QUOTE = "quote"
    CANCEL = "cancel"


class PositionEvent(StrEnum):
    """Event after which a row of `positions` was written."""

    BUILT = "built"
    END = "end"
    LIQUIDATED = "liquidated"
    UNWOUND = "unwound"
    STOPPED = "stopped"
    REPAID = "repaid"
    TOPPED_UP = "topped-up"
    LOOPED = "looped"
    CHANGED = "changed"
    """Also why a row of `margin` was written."""


class FlowEvent(StrEnum):
    """A movement between a position and its owner."""

    SUPPLY = "supply"
    WITHDRAW = "withdraw"
    BORROW = "borrow"
    REPAY = "repay"


class MarginCallEvent(StrEnum):
    """A step of a margin call on a pledge."""

    CALL = "call"
    """The LTV reached the warning line."""
    CURED = "cured"
    """The LTV is back at the cure line."""
    FAILED = "failed"
    """The deadline passed."""


class AccountLevel(StrEnum):
    """Level of a unified account, from the safest; the contract numbers them in this order."""

    FREE = "free"
    WARNING = "warning"
    REDUCE_ONLY = "reduce-only"
    LIQUIDATION = "liquidation"


class BookSide(StrEnum):
    """Side of an order in a book."""

    BUY = "buy"
    SELL = "sell"


class PerpTradeKind(StrEnum):
    """Way in which perpetual contracts changed hands."""

    TRADE = "trade"
    LIQUIDATION = "liquidation"
    ADL = "adl"
    """Auto-deleveraging against the positions of others."""


class ExchangeEvent(StrEnum):
    """Event of the desk, the margin engine, a book or the vault."""

    LIQUIDATION_STARTED = "liquidation-started"
    COLLATERAL_SOLD = "collateral-sold"
    INSURANCE_USED = "insurance-used"
    AUTO_DELEVERAGED = "auto-deleveraged"
    BAD_DEBT = "bad-debt"
    LIQUIDATION_ENDED = "liquidation-ended"
    MARGIN_CALLED = "margin-called"
    MARGIN_CALL_MET = "margin-call-met"
    LOAN_LIQUIDATED = "loan-liquidated"
    SHORTFALL_COVERED = "shortfall-covered"
    DESK_LOSS = "desk-loss"
    BOOK_HALTED = "book-halted"
    TRANSFERS_CLOSED = "transfers-closed"
    TRANSFERS_OPEN = "transfers-open"


class PriceSource(StrEnum):
    """Kind of source of a price; a venue's or a book's name follows the kind after a colon."""

    ORACLE = "oracle"
    PATH = "path"
    REDEMPTION = "redemption"
    SPOT = "spot"
    EXIT = "exit"
    BOOK = "book"
    BID = "bid"
    ASK = "ask"
    INDEX = "index"
    REFERENCE = "reference"

    def of(self, name: str) -> str:
        """Return the source of this kind at a venue or book, as `spot:NAME`."""
        return f"{self}:{name}"

    def is_kind_of(self, source: str) -> bool:
        """Return whether a source, such as `spot:NAME`, is of this kind."""
        return source.partition(":")[0] == self


class Valuation(StrEnum):
    """Price that collateral is valued at."""

    ORACLE = "oracle"
    EXIT = "exit"
    REDEMPTION = "redemption"


class PivotKind(StrEnum):
    """Kind of the move, or of the cause without a move, that took a liquidated position under a health factor of 1."""

    LIQUIDATION = "liquidation"
    """The sale of collateral that another liquidation seized."""
    EXOGENOUS = "exogenous"
    """A trade of the exogenous flow, or a posted price."""
    VOLUNTARY = "voluntary"
    """A trade that its actor chose."""
    FORCED = "forced"
    """A sale by the exchange's engines."""
    LIQUIDITY = "liquidity"
    """Liquidity or an order that was placed or withdrawn."""
    SWITCH = "switch"
    """Another source of the oracle was selected."""
    TIME = "time"
    """Interest."""
    ROUNDING = "rounding"
    """The roundings of the oracle's sources."""
    UNEXPLAINED = "unexplained"
    """A change of the oracle that the replay of its sources does not know."""


class LinkKind(StrEnum):
    """Link of the chain; where there can be several of a kind, a subject follows the kind after a colon."""

    MACRO_SHOCK = "macro-shock"
    MARGIN_CALLS = "margin-calls"
    LOOP_UNWINDING = "loop-unwinding"
    CHAIN_DEPEG = "chain-depeg"
    EXCHANGE_DEPEG = "exchange-depeg"
    CHAIN_LIQUIDATIONS = "chain-liquidations"
    DESK_LIQUIDATIONS = "desk-liquidations"
    PERP_LIQUIDATIONS = "perp-liquidations"
    LEVERAGE = "leverage"
    ACCOUNT_LIQUIDATIONS = "account-liquidations"
    LIQUIDITY_VACUUM = "liquidity-vacuum"
    FLASH_CRASH = "flash-crash"
    RECOVERY = "recovery"

    def of(self, subject: str) -> str:
        """Return the name of the link of this kind and subject, as `chain-depeg:ASSET`."""
        return f"{self}:{subject}"


class NoLink(StrEnum):
    """Feeder of a link that is no link itself."""

    INPUT = "input"
    """An input of the scenario."""
    TIME = "time"
    """Interest."""
    OTHERS = "others"
    """Actors that belong to no link."""
    RESIDUAL = "residual"
    """The part that the tables do not explain."""


class LinkBasis(StrEnum):
    """Source of the shares of a link's feeders."""

    LEDGER = "ledger"
    PIVOTS = "pivots"
    VALUATION = "valuation"
    JOURNAL = "journal"
