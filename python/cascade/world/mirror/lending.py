"""Accounts of the lending pool, folded from its events: scaled balances, collateral flags and modes of every account.

An account may hold any number of collaterals and debts, in any mode. Balances, values and health factors are computed
from what was folded, in exact integers and with the pool's roundings. Prices come from the oracle, and the lines of
reserves and modes from the pool, which is asked again whenever its configurator has spoken. `observation.checks`
compares the figures with the contracts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import NamedTuple

from cascade.chain.chain import Chain
from cascade.chain.receipt import Block, RawLog
from cascade.chain.transaction import Contract
from cascade.units import BPS, NO_DEBT_WAD, WAD
from cascade.world.mirror.interest import (
    RAY,
    compounded_growth_ray,
    debt_of,
    linear_growth_ray,
    ray_mul,
    scaled_of_debt,
    scaled_of_supply,
    supply_of,
)

__all__ = ["AccountFigures", "EMode", "LendingMirror", "Lines", "ReserveMirror"]

_ADDRESS_AT = 26
"""Where an address begins in a topic: after `0x` and the 24 zeros of its padding."""
_WORD = 64


class AccountFigures(NamedTuple):
    """An account of the pool as one pair of its reserves shows it; thousands are made per block.

    Balances are of the pair, in smallest units; values (dollars with 8 decimals) and the health factor are of the whole
    account. Where the oracle refuses a price of the pair, values are 0 and the health factor is that of no debt.
    """

    collateral_raw: int
    debt_raw: int
    collateral_base_e8: int
    debt_base_e8: int
    health_factor_wad: int


@dataclass(frozen=True)
class Lines:
    """A reserve's configuration, as the pool's word holds it."""

    number: int
    """The reserve's own number, its bit in the bitmaps of accounts and modes."""
    unit: int
    """Smallest units in a whole token."""
    threshold_bps: int
    bonus_bps: int
    """Bonus with the principal, as Aave states it: 10500 for 5 %."""
    protocol_fee_bps: int
    is_open: bool
    """Active and not paused."""
    no_liquidation_until: int
    """Unix time until which nobody is liquidated."""

    @classmethod
    def of(cls, word: int, *, number: int, no_liquidation_until: int) -> Lines:
        """Return the lines of a configuration word."""
        return cls(
            number=number,
            unit=10 ** (word >> 48 & 0xFF),
            threshold_bps=word >> 16 & 0xFFFF,
            bonus_bps=word >> 32 & 0xFFFF,
            protocol_fee_bps=word >> 152 & 0xFFFF,
            is_open=bool(word >> 56 & 1) and not word >> 60 & 1,
            no_liquidation_until=no_liquidation_until,
        )


@dataclass(frozen=True)
class EMode:
    """A mode's lines for its collateral."""

    threshold_bps: int
    bonus_bps: int
    collateral_bitmap: int


@dataclass
class ReserveMirror:
    """Balances and interest of one reserve; accounts are keyed by their address in lower case.

    Attributes
    ----------
    supplied, owed : dict of str to int
        Scaled amounts by account.
    owed_in_all : int
        Sum of `owed`.
    income_index, debt_index : int
        As of `updated_at`, in ray.
    income_rate, debt_rate : int
        Per year, in ray.
    updated_at : int
        Unix time at which the pool stored its indexes last.
    """

    supplied: dict[str, int] = field(default_factory=dict)
    owed: dict[str, int] = field(default_factory=dict)
    owed_in_all: int = 0
    income_index: int = RAY
    debt_index: int = RAY
    income_rate: int = 0
    debt_rate: int = 0
    updated_at: int = 0

    def income_index_at(self, timestamp: int) -> int:
        """Return the suppliers' index at a time."""
        if timestamp == self.updated_at:
            return self.income_index
        return ray_mul(linear_growth_ray(self.income_rate, timestamp - self.updated_at), self.income_index)

    def debt_index_at(self, timestamp: int) -> int:
        """Return the debtors' index at a time."""
        if timestamp == self.updated_at:
            return self.debt_index
        return ray_mul(compounded_growth_ray(self.debt_rate, timestamp - self.updated_at), self.debt_index)

    def accrue(self, timestamp: int) -> None:
        """Store the indexes of a time, as the pool does where it sets no rates."""
        if self.income_rate:
            self.income_index = self.income_index_at(timestamp)
        if self.owed_in_all:
            self.debt_index = self.debt_index_at(timestamp)
        self.updated_at = timestamp

    def copied(self) -> ReserveMirror:
        """Return a copy that shares nothing that changes."""
        twin = copy(self)
        twin.supplied, twin.owed = dict(self.supplied), dict(self.owed)
        return twin


@dataclass(frozen=True)
class _Configuration:
    lines: dict[str, Lines]
    modes: dict[int, EMode]


class LendingMirror:
    """Every account of the pool, from the first block on.

    Parameters
    ----------
    chain : Chain
        Answers what the pool's lines are.
    tokens, a_tokens, debt_tokens : mapping of str to Contract
        By symbol; reserves that are listed later are folded from then on.

    Attributes
    ----------
    reserves : dict of str to ReserveMirror
        By symbol.
    modes : dict of str to int
        Mode by account, where it has one.
    """

    def __init__(
        self,
        chain: Chain,
        *,
        tokens: Mapping[str, Contract],
        a_tokens: Mapping[str, Contract],
        debt_tokens: Mapping[str, Contract],
    ) -> None:
        self._chain = chain
        self._tokens, self._a_tokens, self._debt_tokens = tokens, a_tokens, debt_tokens
        self._pool: Contract | None = None
        self._configurator = ""
        self.reserves: dict[str, ReserveMirror] = {}
        self.modes: dict[str, int] = {}
        self._collateral: dict[str, set[str]] = {}
        self._read: _Configuration | None = None
        self._known = 0
        self._symbols: dict[str, str] = {}
        self._supplies: dict[str, ReserveMirror] = {}
        self._debts: dict[str, ReserveMirror] = {}
        self._pool_events: dict[str, Callable[[RawLog, int], None]] = {}
        self._token_events: dict[str, str] = {}

    def begin(self, *, pool: Contract, configurator: Contract) -> None:
        """Fold the events of a pool from now on."""
        self._pool, self._configurator = pool, configurator.address.lower()
        handlers = {
            "ReserveDataUpdated": self._on_rates,
            "ReserveUsedAsCollateralEnabled": self._on_collateral,
            "ReserveUsedAsCollateralDisabled": self._on_no_collateral,
            "UserEModeSet": self._on_mode,
            "LiquidationCall": self._on_liquidation,
        }
        topics = {event.name: topic for topic, event in pool.interface.events.items()}
        self._pool_events = {topics[name]: handler for name, handler in handlers.items()}

    def follow(self, block: Block) -> None:
        """Take the events of a mined block."""
        if self._pool is None:
            return
        if self._known != len(self._a_tokens) + len(self._debt_tokens):
            self._know_reserves(block.timestamp)
        pool = self._pool.address.lower()
        for receipt in block.receipts:
            for raw in receipt.raw_logs:
                if raw.address == pool:
                    handler = self._pool_events.get(raw.topics[0])
                    if handler is not None:
                        handler(raw, block.timestamp)
                elif raw.address in self._supplies:
                    self._on_supply_token(raw, self._supplies[raw.address])
                elif raw.address in self._debts:
                    self._on_debt_token(raw, self._debts[raw.address])
                elif raw.address == self._configurator:
                    self._read = None

    def save(self) -> Callable[[], None]:
        """Return a function that takes back the accounts of now."""
        reserves = {asset: reserve.copied() for asset, reserve in self.reserves.items()}
        modes, collateral = dict(self.modes), {account: set(assets) for account, assets in self._collateral.items()}

        def restore() -> None:
            self.reserves, self.modes, self._collateral = reserves, modes, collateral
            # Addresses lead to the reserves that were just replaced, and the lines may be older than what was read.
            self._known, self._read = 0, None

        return restore

    # --- Figures

    def lines(self) -> Mapping[str, Lines]:
        """Return the lines of every reserve, by symbol."""
        return self._configuration().lines

    def mode_of(self, account: str) -> EMode | None:
        """Return the mode of an account; None where it has none."""
        return self._configuration().modes.get(self.modes.get(account.lower(), 0))

    def collateral_of(self, account: str) -> list[str]:
        """Return the reserves that an account uses as collateral, in the pool's order."""
        return self._in_order(self._collateral.get(account.lower(), ()))

    def debts_of(self, account: str) -> list[str]:
        """Return the reserves that an account owes, in the pool's order."""
        key = account.lower()
        return self._in_order([asset for asset, reserve in self.reserves.items() if reserve.owed.get(key)])

    def supply_raw(self, account: str, asset: str, *, timestamp: int) -> int:
        """Return what an account has supplied of an asset at a time, in smallest units."""
        reserve = self.reserves[asset]
        return supply_of(reserve.supplied.get(account.lower(), 0), reserve.income_index_at(timestamp))

    def debt_raw(self, account: str, asset: str, *, timestamp: int) -> int:
        """Return what an account owes of an asset at a time, in smallest units."""
        reserve = self.reserves[asset]
        return debt_of(reserve.owed.get(account.lower(), 0), reserve.debt_index_at(timestamp))

    def threshold_bps(self, account: str, asset: str) -> int:
        """Return the liquidation threshold of an asset for an account: its mode's where the asset is in it."""
        lines, mode = self.lines()[asset], self.mode_of(account)
        return mode.threshold_bps if mode and mode.collateral_bitmap >> lines.number & 1 else lines.threshold_bps

    def bonus_bps(self, account: str, asset: str) -> int:
        """Return the bonus, with the principal, of an asset for an account: its mode's where the asset is in it."""
        lines, mode = self.lines()[asset], self.mode_of(account)
        return mode.bonus_bps if mode and mode.collateral_bitmap >> lines.number & 1 else lines.bonus_bps

    def account_values(self, account: str, prices_e8: Mapping[str, int], *, timestamp: int) -> tuple[int, int, int]:
        """Return an account's collateral and debt (dollars with 8 decimals) and health factor (1e18) at a time."""
        lines, collateral, debt, weighted, key = self.lines(), 0, 0, 0, account.lower()
        for asset in self._collateral.get(key, ()):
            reserve = self.reserves[asset]
            supplied = supply_of(reserve.supplied.get(key, 0), reserve.income_index_at(timestamp))
            value = supplied * prices_e8[asset] // lines[asset].unit
            collateral += value
            weighted += value * self.threshold_bps(key, asset)
        for asset, reserve in self.reserves.items():
            if key in reserve.owed:
                owed = debt_of(reserve.owed[key], reserve.debt_index_at(timestamp))
                debt += -(-owed * prices_e8[asset] // lines[asset].unit)
        return collateral, debt, _health_wad(weighted, debt)

    def pair_figures(
        self, accounts: Sequence[str], *, collateral: str, debt: str, prices_e8: Mapping[str, int], timestamp: int
    ) -> list[AccountFigures]:
        """Return the figures of accounts that are watched for one pair of reserves, in their order.

        Parameters
        ----------
        accounts : sequence of str
            Addresses.
        collateral, debt : str
            Symbols of the pair.
        prices_e8 : mapping of str to int
            Prices of every asset that the accounts use, in dollars with 8 decimals; 0 where the oracle refuses.
        timestamp : int
            Unix time of the figures: interest grows until then.
        """
        supplied, owed = self.reserves[collateral].supplied, self.reserves[debt].owed
        income_index = self.reserves[collateral].income_index_at(timestamp)
        debt_index = self.reserves[debt].debt_index_at(timestamp)
        collateral_price, debt_price = prices_e8[collateral], prices_e8[debt]
        is_priced = bool(collateral_price and debt_price)
        collateral_unit, debt_unit = self.lines()[collateral].unit, self.lines()[debt].unit
        others = self._users_of_others(collateral, debt)
        thresholds = self._thresholds(collateral)
        found = []
        for address in accounts:
            key = address.lower()
            held = supplied.get(key, 0) * income_index // RAY
            due = -(-owed.get(key, 0) * debt_index // RAY)
            if not is_priced:
                found.append(AccountFigures(held, due, 0, 0, NO_DEBT_WAD))
                continue
            if key in others:
                found.append(AccountFigures(held, due, *self.account_values(key, prices_e8, timestamp=timestamp)))
                continue
            threshold = thresholds.get(key, 0)
            held_base = held * collateral_price // collateral_unit if threshold else 0
            due_base = -(-due * debt_price // debt_unit)
            found.append(AccountFigures(held, due, held_base, due_base, _health_wad(held_base * threshold, due_base)))
        return found

    # --- Internals

    def _users_of_others(self, collateral: str, debt: str) -> set[str]:
        """Return the accounts that use a reserve beyond the pair, whose values are sums over all of them."""
        found = {account for asset, reserve in self.reserves.items() if asset != debt for account in reserve.owed}
        beyond = {collateral}
        found.update(account for account, assets in self._collateral.items() if not assets <= beyond)
        return found

    def _thresholds(self, asset: str) -> dict[str, int]:
        """Return the liquidation threshold of an asset for each account that uses it as collateral."""
        configuration = self._configuration()
        lines = configuration.lines[asset]
        of_mode = {
            number: mode.threshold_bps if mode.collateral_bitmap >> lines.number & 1 else lines.threshold_bps
            for number, mode in configuration.modes.items()
        }
        modes, plain = self.modes, lines.threshold_bps
        return {
            account: of_mode[modes[account]] if account in modes else plain
            for account, assets in self._collateral.items()
            if asset in assets
        }

    def _in_order(self, assets: Sequence[str] | set[str]) -> list[str]:
        if len(assets) < 2:
            return list(assets)
        lines = self.lines()
        return sorted(assets, key=lambda asset: lines[asset].number)

    def _configuration(self) -> _Configuration:
        if self._read is None:
            self._read = self._ask_configuration()
        return self._read

    def _ask_configuration(self) -> _Configuration:
        if self._pool is None:
            return _Configuration({}, {})
        chain, pool, lines, modes = self._chain, self._pool, {}, {}
        for asset in self._a_tokens:
            token = self._tokens[asset].address
            lines[asset] = Lines.of(
                int(chain.call(pool, "getConfiguration", token)),
                number=int(chain.call(pool, "getReserveData", token)[7]),
                no_liquidation_until=int(chain.call(pool, "getLiquidationGracePeriod", token)),
            )
        for number in sorted(set(self.modes.values())):
            _, threshold, bonus = chain.call(pool, "getEModeCategoryCollateralConfig", number)
            bitmap = int(chain.call(pool, "getEModeCategoryCollateralBitmap", number))
            modes[number] = EMode(threshold, bonus, bitmap)
        return _Configuration(lines, modes)

    def _know_reserves(self, timestamp: int) -> None:
        self._known = len(self._a_tokens) + len(self._debt_tokens)
        for asset in self._a_tokens:
            # A reserve is stored anew at its listing, with indexes of one and without rates.
            self.reserves.setdefault(asset, ReserveMirror(updated_at=timestamp))
        self._symbols = {self._tokens[asset].address.lower(): asset for asset in self._a_tokens}
        self._supplies = {token.address.lower(): self.reserves[asset] for asset, token in self._a_tokens.items()}
        self._debts = {token.address.lower(): self.reserves[asset] for asset, token in self._debt_tokens.items()}
        self._token_events = {
            topic: event.name for token in self._a_tokens.values() for topic, event in token.interface.events.items()
        }
        self._read = None

    def _on_rates(self, raw: RawLog, timestamp: int) -> None:
        asset = self._symbols.get("0x" + raw.topics[1][_ADDRESS_AT:])
        if asset is None:
            return
        reserve = self.reserves[asset]
        reserve.income_rate, _, reserve.debt_rate, reserve.income_index, reserve.debt_index = _words(raw.data)
        reserve.updated_at = timestamp

    def _on_collateral(self, raw: RawLog, _: int) -> None:
        asset, account = (topic[_ADDRESS_AT:] for topic in raw.topics[1:3])
        self._collateral.setdefault("0x" + account, set()).add(self._symbols["0x" + asset])

    def _on_no_collateral(self, raw: RawLog, _: int) -> None:
        asset, account = (topic[_ADDRESS_AT:] for topic in raw.topics[1:3])
        used = self._collateral.get("0x" + account, set())
        used.discard(self._symbols["0x" + asset])
        if not used:
            self._collateral.pop("0x" + account, None)

    def _on_mode(self, raw: RawLog, _: int) -> None:
        account, mode = "0x" + raw.topics[1][_ADDRESS_AT:], int(raw.data, 16)
        if mode:
            self.modes[account] = mode
        else:
            self.modes.pop(account, None)
        if self._read is not None and mode not in self._read.modes:
            self._read = None

    def _on_liquidation(self, raw: RawLog, timestamp: int) -> None:
        # A liquidator who takes the collateral as aTokens moves no cash: the pool stores that reserve's interest and
        # sets no rates, so that no event tells.
        takes_a_tokens = _words(raw.data)[3]
        reserve = self.reserves[self._symbols["0x" + raw.topics[1][_ADDRESS_AT:]]]
        if takes_a_tokens and reserve.updated_at != timestamp:
            reserve.accrue(timestamp)

    def _on_supply_token(self, raw: RawLog, reserve: ReserveMirror) -> None:
        event, supplied = self._token_events.get(raw.topics[0]), reserve.supplied
        if event == "BalanceTransfer":
            giver, taker = ("0x" + topic[_ADDRESS_AT:] for topic in raw.topics[1:3])
            scaled, _ = _words(raw.data)
            _put(supplied, giver, supplied.get(giver, 0) - scaled)
            _put(supplied, taker, supplied.get(taker, 0) + scaled)
        elif event in ("Mint", "Burn"):
            account, change, index = _scaled_change(raw, event)
            if change:
                before = supplied.get(account, 0)
                _put(supplied, account, scaled_of_supply(supply_of(before, index) + change, index))

    def _on_debt_token(self, raw: RawLog, reserve: ReserveMirror) -> None:
        event, owed = self._token_events.get(raw.topics[0]), reserve.owed
        if event not in ("Mint", "Burn"):
            return
        account, change, index = _scaled_change(raw, event)
        if change:
            before = owed.get(account, 0)
            after = scaled_of_debt(debt_of(before, index) + change, index)
            _put(owed, account, after)
            reserve.owed_in_all += after - before


def _health_wad(weighted: int, debt_base_e8: int) -> int:
    """Return the health factor of collateral that is weighted by its thresholds in 1e-4, rounded as the pool does."""
    if debt_base_e8 == 0:
        return NO_DEBT_WAD
    return (weighted * WAD + debt_base_e8 // 2) // debt_base_e8 // BPS


def _scaled_change(raw: RawLog, event: str) -> tuple[str, int, int]:
    """Return whose balance a `Mint` or `Burn` changed, by how much beside interest, and the index in ray.

    A burn of less than the interest that came in since the last event is a `Mint` as well: its change is negative.
    """
    value, interest, index = _words(raw.data)
    if event == "Mint":
        return "0x" + raw.topics[2][_ADDRESS_AT:], value - interest, index
    return "0x" + raw.topics[1][_ADDRESS_AT:], -(value + interest), index


def _put(balances: dict[str, int], account: str, scaled: int) -> None:
    # Accounts without a balance are left out, so that whoever holds one is whoever is here.
    if scaled:
        balances[account] = scaled
    else:
        balances.pop(account, None)


def _words(data: str) -> list[int]:
    """Return the words of an event's data, as unsigned integers."""
    return [int(data[at : at + _WORD], 16) for at in range(2, len(data), _WORD)]
