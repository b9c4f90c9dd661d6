"""Unified margin accounts of the exchange: values and margins computed here from balances, debts and positions.

A debt is stored with the index that it was last brought to, and a position with the funding index that it last settled
at. Both are read once an event says that the contract has brought them up to date, and grow by rule from then on.
Accounts that are being liquidated are read from the contract: a liquidation can bring a debt up to date without any
event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cascade.chain.receipt import Block, RawLog
from cascade.chain.transaction import Contract
from cascade.units import BPS, UINT256_MAX, WAD
from cascade.world.mirror.interest import RAY, linear_growth_ray

__all__ = ["MarginAsset", "MarginFigures", "MarginMarket", "MarginMirror", "MarginTerms", "Tier"]

_ADDRESS_AT = 26
"""Where an address begins in a topic: after `0x` and the 24 zeros of its padding."""
_INT256_MAX, _INT256_MIN = 2**255 - 1, -(2**255)
_FUNDING_SECONDS = 8 * 60 * 60
_E8 = 10**8

_ACCRUE = ("Borrowed", "Repaid", "Realised", "BadDebt", "LiquidationEnded")
"""Events after which the debt of the account that they name is stored as of their block."""
_SETTLE = ("PerpTrade", "AutoDeleveraged", "LiquidationEnded")
"""Events after which the positions of the accounts that they name have settled their funding in their block."""
_TERMS = ("AssetSet", "MarketSet", "RulesSet", "LendingSet")

Tier = tuple[int, int]
"""End of a bracket in smallest units of the stable, and the rate of what lies in it, in 1e-4."""


@dataclass(frozen=True)
class MarginAsset:
    """An asset that counts as collateral: value in the stable is amount x price (8 decimals) / `value_unit`."""

    symbol: str
    feed: Contract
    value_unit: int
    add_on_bps: int
    tiers: tuple[Tier, ...]


@dataclass(frozen=True)
class MarginMarket:
    """A perpetual."""

    name: str
    number: int
    feed: Contract
    contract_size_wad: int
    funding_rate_wad: int
    tiers: tuple[Tier, ...]


@dataclass(frozen=True)
class MarginTerms:
    """The terms of all accounts, as they were set when the exchange was deployed."""

    assets: tuple[MarginAsset, ...]
    markets: tuple[MarginMarket, ...]
    debt_tiers: tuple[Tier, ...]
    warning_wad: int
    reduce_only_wad: int
    liquidation_wad: int
    rate_ray: int
    cash_unit: int


@dataclass(frozen=True)
class MarginFigures:
    """An account, in smallest units of the stable, as the contract's `accountOf` has it.

    Attributes
    ----------
    equity, adjusted_equity : int
        Signed; adjusted is after haircuts.
    uni_mmr_wad : int
        The largest int256 without maintenance margin.
    leverage_wad : int
        The largest uint256 without equity.
    level : int
        0 free, 1 warning, 2 reduce-only, 3 liquidation.
    """

    equity: int
    adjusted_equity: int
    maintenance: int
    uni_mmr_wad: int
    leverage_wad: int
    debt: int
    notional: int
    level: int


@dataclass
class _Kept:
    """What the contract stores of an account: its debt and index, and by market the funding index last settled."""

    debt: int = 0
    debt_index_ray: int = RAY
    funding_wad: dict[str, int] = field(default_factory=dict)


class MarginMirror:
    """Debts and settlements of every account.

    Attributes
    ----------
    terms : MarginTerms or None
        Set when the margin is deployed; None while there is none, and again after any later change of the terms, which
        leaves the contract as the only one that knows.
    frozen : set of str
        Accounts that are being liquidated, in lower case.
    """

    def __init__(self) -> None:
        self.terms: MarginTerms | None = None
        self.frozen: set[str] = set()
        self._address = ""
        self._names: dict[str, str] = {}
        self._kept: dict[str, _Kept] = {}
        self._accrued: dict[str, int] = {}
        self._settled: set[str] = set()
        self._index_ray, self._index_at = RAY, 0
        self._funding: dict[int, tuple[int, int]] = {}

    def begin(self, margin: Contract, terms: MarginTerms) -> None:
        """Follow a margin whose terms have just been set."""
        self._address, self.terms = margin.address.lower(), terms
        self._names = {topic: event.name for topic, event in margin.interface.events.items()}

    def watch(self, margin: Contract) -> None:
        """Take note of when terms are set, before they are complete."""
        self._address = margin.address.lower()
        self._names = {topic: event.name for topic, event in margin.interface.events.items()}

    def follow(self, block: Block) -> None:
        """Take the events of a mined block."""
        if not self._address:
            return
        for receipt in block.receipts:
            for raw in receipt.raw_logs:
                if raw.address == self._address:
                    self._on_event(raw, self._names.get(raw.topics[0], ""), block.timestamp)

    def save(self) -> Callable[[], None]:
        """Return a function that takes back the accounts of now."""
        kept = {
            account: _Kept(one.debt, one.debt_index_ray, dict(one.funding_wad)) for account, one in self._kept.items()
        }
        state = (self.terms, set(self.frozen), dict(self._accrued), set(self._settled), self._index_ray, self._index_at)
        funding = dict(self._funding)

        def restore() -> None:
            self._kept, self._funding = kept, funding
            self.terms, self.frozen, self._accrued, self._settled, self._index_ray, self._index_at = state

        return restore

    def accrued(self, accounts: Sequence[str]) -> dict[int, list[str]]:
        """Return the accounts whose debts were brought up to date since they were kept, by the time of that."""
        found: dict[int, list[str]] = {}
        for account in accounts:
            at = self._accrued.get(account.lower())
            if at is not None:
                found.setdefault(at, []).append(account)
        return found

    def settled(self, accounts: Sequence[str]) -> list[str]:
        """Return the accounts whose positions have settled funding since it was kept."""
        return [account for account in accounts if account.lower() in self._settled]

    def keep_debt(self, account: str, debt: int) -> None:
        """Keep the debt of an account as of the time at which it was brought up to date."""
        kept = self._kept.setdefault(account.lower(), _Kept())
        kept.debt, kept.debt_index_ray = debt, self._index_now(self._accrued.pop(account.lower()))

    def keep_funding(self, account: str, funding_wad: Mapping[str, int]) -> None:
        """Keep the funding index that an account has last settled at, by market."""
        self._kept.setdefault(account.lower(), _Kept()).funding_wad = dict(funding_wad)
        self._settled.discard(account.lower())

    def figures(
        self,
        account: str,
        *,
        timestamp: int,
        cash: int,
        held: Mapping[str, int],
        answers: Mapping[str, int],
        positions: Mapping[str, tuple[int, int]],
        marks: Mapping[str, int],
    ) -> MarginFigures:
        """Return an account at a time.

        Parameters
        ----------
        cash : int
            Its balance of the stable, free and locked.
        held : mapping of str to int
            Its balances of assets by symbol, free and locked.
        answers : mapping of str to int
            Prices that the margin uses, by symbol, in dollars with 8 decimals; 0 without a price.
        positions : mapping of str to tuple
            Size and entry value of its positions by market.
        marks : mapping of str to int
            Mark prices of the markets.
        """
        terms = self._required()
        kept = self._kept.get(account.lower(), _Kept())
        debt = _grown(kept.debt, kept.debt_index_ray, self._index_now(timestamp))
        value = counted = 0
        for asset in terms.assets:
            worth = held.get(asset.symbol, 0) * max(answers[asset.symbol], 0) // asset.value_unit
            value += worth
            counted += _weighed(asset.tiers, worth) // BPS * (BPS - asset.add_on_bps) // BPS
        maintenance, notional, profit = -(-_weighed(terms.debt_tiers, debt) // BPS), 0, 0
        for market in terms.markets:
            size, entry = positions.get(market.name, (0, 0))
            if not size:
                continue
            mark = marks[market.name]
            of_market = abs(size) * mark
            owed_wad = size * (self._funding_wad(market, mark, timestamp) - kept.funding_wad.get(market.name, 0))
            # Rounded up: what is owed away from zero, what is received towards it.
            owed = -(-owed_wad // WAD)
            notional += of_market
            profit += (of_market if size > 0 else -of_market) - entry - owed
            maintenance += -(-_weighed(market.tiers, of_market) // BPS)
        own = cash - debt + profit
        equity, adjusted = own + value, own + counted
        uni_mmr = _uni_mmr_wad(adjusted, maintenance)
        leverage = (value + notional) * WAD // equity if equity > 0 else UINT256_MAX
        return MarginFigures(equity, adjusted, maintenance, uni_mmr, leverage, debt, notional, self._level(uni_mmr))

    def mark(self, market: MarginMarket, answer: int) -> int:
        """Return the mark price of a market, in smallest units of the stable per contract; 0 without a price."""
        return max(answer, 0) * market.contract_size_wad * self._required().cash_unit // (WAD * _E8)

    def _on_event(self, raw: RawLog, name: str, timestamp: int) -> None:
        named = ["0x" + topic[_ADDRESS_AT:] for topic in raw.topics[1:]]
        if name in _TERMS:
            if name == "MarketSet":
                number = int(raw.topics[1], 16)
                # What had accrued under the rate before came in an event of its own.
                self._funding[number] = (self._funding.get(number, (0, 0))[0], timestamp)
            if name == "LendingSet":
                self._index_ray, self._index_at = self._index_now(timestamp), timestamp
            # Terms that change afterwards are known to the contract alone.
            self.terms = None
        if name == "FundingAccrued":
            self._funding[int(raw.topics[1], 16)] = (_signed(raw.data), timestamp)
        if name == "LiquidationStarted":
            self.frozen.update(named)
        if name == "LiquidationEnded":
            self.frozen.difference_update(named)
        if name in _ACCRUE:
            self._accrued.update(dict.fromkeys(named, timestamp))
        if name in _SETTLE:
            self._settled.update(named)

    def _required(self) -> MarginTerms:
        if self.terms is None:
            raise ValueError("the terms of the margin are not known")
        return self.terms

    def _index_now(self, timestamp: int) -> int:
        rate = self.terms.rate_ray if self.terms is not None else 0
        return self._index_ray * linear_growth_ray(rate, timestamp - self._index_at) // RAY

    def _funding_wad(self, market: MarginMarket, mark: int, timestamp: int) -> int:
        index_wad, at = self._funding[market.number]
        product = market.funding_rate_wad * mark * (timestamp - at)
        # Solidity divides towards zero.
        return index_wad + (product // _FUNDING_SECONDS if product >= 0 else -(-product // _FUNDING_SECONDS))

    def _level(self, uni_mmr_wad: int) -> int:
        terms = self._required()
        for level, line in enumerate((terms.warning_wad, terms.reduce_only_wad, terms.liquidation_wad)):
            if uni_mmr_wad > line:
                return level
        return 3


def _signed(word: str) -> int:
    """Return the int256 that a word of 32 bytes holds, 0x-hex."""
    value = int(word, 16)
    return value if value <= _INT256_MAX else value - 2**256


def _grown(debt: int, from_ray: int, to_ray: int) -> int:
    return debt if debt == 0 or from_ray == to_ray else -(-debt * to_ray // from_ray)


def _weighed(tiers: Sequence[Tier], value: int) -> int:
    total = start = 0
    for up_to, rate_bps in tiers:
        if start >= value:
            break
        total += (min(value, up_to) - start) * rate_bps
        start = up_to
    return total


def _uni_mmr_wad(adjusted: int, maintenance: int) -> int:
    if maintenance == 0:
        return _INT256_MIN if adjusted < 0 else _INT256_MAX
    # Floor division rounds towards minus infinity, as the contract does.
    return adjusted * WAD // maintenance
