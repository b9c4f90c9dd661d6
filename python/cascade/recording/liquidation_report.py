"""What was true right before and right after a liquidation: as its contract reports it, or read from the trace.

The contract `Liquidator` emits a report after each liquidation. Whoever calls the pool without it leaves none: the
prices and balances that the pool itself read are then taken from the trace of the transaction, and the health factor is
computed from them as the pool computes it. What the liquidator earned stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cascade.chain.abi import AbiValue
from cascade.chain.local import Contract, Log, Receipt
from cascade.chain.trace import CallFrame
from cascade.errors import ChainError
from cascade.units import BPS, NO_DEBT_WAD, WAD, value_e8_down, value_e8_up
from cascade.world.world import World

__all__ = ["LiquidationReport", "liquidation_reports"]

_RAY = 10**27
_FULL_CLOSE_HEALTH_WAD = 95 * WAD // 100
"""At or under this health factor the whole debt may be repaid: Aave's `CLOSE_FACTOR_HF_THRESHOLD`."""
_FULL_CLOSE_BASE_E8 = 2_000 * 10**8
"""Under this value of collateral or debt the whole debt may be repaid: Aave's `MIN_BASE_MAX_CLOSE_FACTOR_THRESHOLD`."""
_CLOSE_FACTOR_BPS = 5_000
_SCALED_ARGUMENT: Mapping[str, int] = {"transferOnLiquidation": 3, "burn": 3}
"""Which argument of each call that lowers an aToken's balance is the scaled amount."""
_SCALED_ARGUMENT_OF_DEBT: Mapping[str, int] = {"burn": 1}
"""The same of a debt token."""


@dataclass(frozen=True)
class LiquidationReport:
    """State around one liquidation; amounts in smallest units, prices in dollars with 8 decimals."""

    collateral_price_e8: int
    debt_price_e8: int
    bonus_bps: int
    """With the principal, as Aave states it: 10500 for 5 %."""
    close_factor_bps: int
    health_factor_before_wad: int
    health_factor_after_wad: int
    collateral_before_raw: int
    debt_before_raw: int
    exit_proceeds_raw: int | None
    """What selling the collateral paid; None where no report says so."""
    profit_raw: int | None
    flash_loan: bool


def liquidation_reports(world: World, receipt: Receipt) -> Iterator[tuple[Log, LiquidationReport]]:
    """Yield each liquidation of a transaction, as the pool's event, with its report.

    Parameters
    ----------
    world : World
        The deployed scenario; the transaction must be in its latest block, whose state views of the pool show.
    receipt : Receipt
        Of the transaction.
    """
    calls = [log for log in receipt.logs if log.event == "LiquidationCall"]
    reported = {log.log_index: log for log in receipt.logs if log.event == "LiquidationReport"}
    trace: CallFrame | None = None
    for number, call in enumerate(calls):
        # A contract reports each liquidation before it makes the next one.
        until = calls[number + 1].log_index if number + 1 < len(calls) else None
        own = [
            log
            for index, log in reported.items()
            if index > call.log_index and (until is None or index < until) and _is_of(log, call)
        ]
        if own:
            yield call, _as_reported(own[0])
            continue
        if trace is None:
            trace = world.chain.trace(receipt.tx_hash)
        yield call, _Traced(world, receipt, call, _pool_call(world, trace, number)).report()


def _is_of(report: Log, call: Log) -> bool:
    mine, theirs = report.arguments, call.arguments
    return (mine["borrower"], mine["collateralAsset"], mine["debtAsset"]) == (
        theirs["user"],
        theirs["collateralAsset"],
        theirs["debtAsset"],
    )


def _as_reported(log: Log) -> LiquidationReport:
    report = log.arguments
    return LiquidationReport(
        collateral_price_e8=report["collateralPriceE8"],
        debt_price_e8=report["debtPriceE8"],
        bonus_bps=report["bonusBps"],
        close_factor_bps=report["closeFactorBps"],
        health_factor_before_wad=report["healthFactorBeforeWad"],
        health_factor_after_wad=report["healthFactorAfterWad"],
        collateral_before_raw=report["collateralBalanceBefore"],
        debt_before_raw=report["debtBalanceBefore"],
        exit_proceeds_raw=report["exitProceeds"],
        profit_raw=report["profit"],
        flash_loan=report["flashLoan"],
    )


def _pool_call(world: World, trace: CallFrame, number: int) -> CallFrame:
    """Return the call of `liquidationCall` that emitted the nth event of a transaction."""
    selector = world.pool.interface.functions["liquidationCall"].selector
    address = world.pool.address.lower()
    # A proxy's call to its code has the same call data, and another kind.
    found = [
        frame
        for frame in trace.walk()
        if frame.kind == "CALL" and frame.to == address and frame.input.startswith(selector)
    ]
    if number >= len(found):
        raise ChainError(f"the trace shows {len(found)} liquidations, the receipt more than {number}")
    return found[number]


class _Traced:
    """One liquidation, read from the calls that the pool made during it."""

    def __init__(self, world: World, receipt: Receipt, call: Log, frame: CallFrame) -> None:
        self._world, self._receipt, self._call = world, receipt, call
        self._frames = list(frame.walk())
        self._user = str(call.arguments["user"]).lower()
        symbols = {token.address.lower(): symbol for symbol, token in world.tokens.items()}
        self._prices = {
            symbols[asset]: int(frame.output, 16)
            for frame, (asset, *_) in self._calls_of(world.oracle, "getAssetPrice")
            if asset in symbols
        }
        mode = int(world.chain.call(world.pool, "getUserEMode", self._user))
        self._mode = None
        if mode:
            lines = world.chain.call(world.pool, "getEModeCategoryCollateralConfig", mode)
            bitmap = int(world.chain.call(world.pool, "getEModeCategoryCollateralBitmap", mode))
            self._mode = lines, bitmap

    def report(self) -> LiquidationReport:
        """Return the report that a liquidator's contract would have made, but for its earnings."""
        world, arguments = self._world, self._call.arguments
        collateral, debt = (world.symbol_of(arguments[name]) for name in ("collateralAsset", "debtAsset"))
        supplied, owed = self._scaled_before(world.a_tokens), self._scaled_before(world.debt_tokens)
        before = self._health_wad(supplied, owed)
        collateral_raw, debt_raw = self._balance(collateral, supplied), self._balance_owed(debt, owed)
        full = (
            before <= _FULL_CLOSE_HEALTH_WAD
            or self._worth_down(collateral, collateral_raw) < _FULL_CLOSE_BASE_E8
            or self._worth_up(debt, debt_raw) < _FULL_CLOSE_BASE_E8
        )
        supplied_after = {
            asset: scaled - self._lowered(world.a_tokens[asset], _SCALED_ARGUMENT) for asset, scaled in supplied.items()
        }
        owed_after = {
            asset: scaled - self._lowered(world.debt_tokens[asset], _SCALED_ARGUMENT_OF_DEBT)
            for asset, scaled in owed.items()
        }
        loans = self._receipt.logs_of({world.pool.address.lower()})
        return LiquidationReport(
            collateral_price_e8=self._prices[collateral],
            debt_price_e8=self._prices[debt],
            bonus_bps=self._terms(collateral)[1],
            close_factor_bps=BPS if full else _CLOSE_FACTOR_BPS,
            health_factor_before_wad=before,
            health_factor_after_wad=self._health_wad(supplied_after, owed_after),
            collateral_before_raw=collateral_raw,
            debt_before_raw=debt_raw,
            exit_proceeds_raw=None,
            profit_raw=None,
            flash_loan=any(log.event == "FlashLoan" for log in loans),
        )

    # --- Calls

    def _calls_of(self, contract: Contract, function: str) -> list[tuple[CallFrame, tuple[AbiValue, ...]]]:
        """Return the calls of a contract's function during the liquidation, with their arguments."""
        known, address = contract.interface.functions[function], contract.address.lower()
        return [
            (frame, known.decode_arguments(frame.input))
            for frame in self._frames
            # A proxy hands the same call data on to its code.
            if frame.kind != "DELEGATECALL" and frame.to == address and frame.input.startswith(known.selector)
        ]

    def _scaled_before(self, tokens: Mapping[str, Contract]) -> dict[str, int]:
        """Return the account's scaled balances that the pool read first, before it burnt anything, by asset."""
        found: dict[str, int] = {}
        for asset, token in tokens.items():
            for frame, (owner,) in self._calls_of(token, "scaledBalanceOf"):
                if owner == self._user:
                    found.setdefault(asset, int(frame.output, 16))
        return found

    def _lowered(self, token: Contract, arguments_of: Mapping[str, int]) -> int:
        """Return by how much calls of some functions lowered the account's scaled balance of a token."""
        return sum(
            int(arguments[position])
            for function, position in arguments_of.items()
            for _, arguments in self._calls_of(token, function)
            if arguments[0] == self._user
        )

    # --- The pool's arithmetic

    def _index(self, asset: str, name: str, view: str) -> int:
        """Return an index of a reserve during the liquidation, in 1e27."""
        address = self._world.tokens[asset].address
        # The liquidation writes the indexes that it used, once per reserve whose rates change. A flash loan's premium
        # raises one of them afterwards. A reserve whose rates stay was brought up to date by time alone.
        written = [
            int(log.arguments[name])
            for log in self._receipt.logs_of({self._world.pool.address.lower()})
            if log.event == "ReserveDataUpdated"
            and log.arguments["reserve"] == address
            and log.log_index < self._call.log_index
        ]
        return written[-1] if written else int(self._world.chain.call(self._world.pool, view, address))

    def _balance(self, asset: str, supplied: Mapping[str, int]) -> int:
        index = self._index(asset, "liquidityIndex", "getReserveNormalizedIncome")
        return supplied[asset] * index // _RAY

    def _balance_owed(self, asset: str, owed: Mapping[str, int]) -> int:
        index = self._index(asset, "variableBorrowIndex", "getReserveNormalizedVariableDebt")
        return -(-owed[asset] * index // _RAY)

    def _worth_down(self, asset: str, raw: int) -> int:
        return value_e8_down(raw, self._prices[asset], self._decimals(asset))

    def _worth_up(self, asset: str, raw: int) -> int:
        return value_e8_up(raw, self._prices[asset], self._decimals(asset))

    def _decimals(self, asset: str) -> int:
        return self._world.scenario.spec.assets[asset].decimals

    def _health_wad(self, supplied: Mapping[str, int], owed: Mapping[str, int]) -> int:
        """Return the health factor as the pool computes it: the sum of collateral times threshold over the debt."""
        weighted = sum(
            self._worth_down(asset, self._balance(asset, supplied)) * self._terms(asset)[0] for asset in supplied
        )
        debt = sum(self._worth_up(asset, self._balance_owed(asset, owed)) for asset in owed)
        if not debt:
            return NO_DEBT_WAD
        return (weighted * WAD + debt // 2) // debt // BPS

    def _terms(self, asset: str) -> tuple[int, int]:
        """Return liquidation threshold and bonus (with the principal) of a collateral of the account, in 1e-4."""
        chain, pool, token = self._world.chain, self._world.pool, self._world.tokens[asset].address
        word = int(chain.call(pool, "getConfiguration", token))
        if self._mode is not None:
            (_, threshold, bonus), bitmap = self._mode
            reserve = chain.call(pool, "getReserveData", token)
            if bitmap >> int(reserve[7]) & 1:
                return int(threshold), int(bonus)
        return word >> 16 & 0xFFFF, word >> 32 & 0xFFFF
