"""Plan the accounts of a file: who stands, who is dust, whom the pool would refuse, and what lenders supply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cascade.account_files import Account
from cascade.errors import ScenarioError
from cascade.positions.accounts.pool_rules import Market, Worth, isolated_collateral, obstacle_of, worth_of
from cascade.scenario.accounts import raw_amount
from cascade.scenario.load import Scenario
from cascade.scenario.model import AccountsSpec, LendingSpec
from cascade.scenario.sources import initial_price_usd
from cascade.units import BPS, E8, to_tokens
from cascade.vocabulary import AccountStatus, Obstacle

__all__ = ["AccountsPlan", "PlannedAccount", "market_of", "plan_accounts", "scenario_to_build"]

_MOST_NAMED = 3
_IMPLAUSIBLE_USD = 1_000_000_000_000
"""Worth of one account from which its amounts are taken for smallest units read as tokens."""
"""Accounts that a refusal names; the others are counted."""


@dataclass(frozen=True)
class PlannedAccount:
    """An account of the file, and whether it stands in the run.

    Attributes
    ----------
    obstacle : Obstacle, optional
        Reason why the pool would refuse it; None where it stands, or is dust.
    detail : str
        The same in words; empty likewise.
    worth : Worth
        Its value before anything happens.
    """

    account: Account
    status: AccountStatus
    worth: Worth
    obstacle: Obstacle | None = None
    detail: str = ""


@dataclass(frozen=True)
class AccountsPlan:
    """The accounts of a scenario's file; empty where the scenario has no file.

    Attributes
    ----------
    entry : str
        Entry of `positions`, which is the cohort of the accounts.
    planned : tuple of PlannedAccount
        Every account, in the order of the file.
    lenders_raw : mapping of str to int
        Amount that lenders supply of each reserve whose utilisation is stated, in smallest units.
    """

    entry: str = ""
    file: str = ""
    planned: tuple[PlannedAccount, ...] = ()
    lenders_raw: Mapping[str, int] = field(default_factory=dict)

    @property
    def built(self) -> list[Account]:
        """Accounts that stand in the run."""
        return [planned.account for planned in self.planned if planned.status is AccountStatus.BUILT]

    @property
    def borrowers(self) -> list[Account]:
        """Accounts that stand in the run and owe something."""
        return [account for account in self.built if account.has_debt]

    def supplied_raw(self) -> Counter[str]:
        """Return the amount that the standing accounts supply of each asset, in smallest units."""
        return _sum((h.asset, h.supplied_raw) for account in self.built for h in account.holdings)

    def borrowed_raw(self) -> Counter[str]:
        """Return the amount that the standing accounts borrow of each asset, in smallest units."""
        return _sum((h.asset, h.borrowed_raw) for account in self.built for h in account.holdings)


def plan_accounts(scenario: Scenario, *, require_lent: bool = True) -> AccountsPlan:
    """Judge every account of a scenario's file in the order of the file, exactly as the pool would.

    Parameters
    ----------
    require_lent : bool
        Whether accounts that borrow more of a reserve than it has are refused.

    Raises
    ------
    ScenarioError
        When the pool would refuse an account and the entry does not skip it; when the accounts borrow more of a reserve
        than it has; and when a utilisation cannot be reached.
    """
    for name, entry in scenario.spec.account_files.items():
        return _Planner(scenario, name, entry).plan(require_lent=require_lent)
    return AccountsPlan()


def scenario_to_build(scenario: Scenario, plan: AccountsPlan) -> Scenario:
    """Return the scenario under whose lending lines the accounts are built: the same one where there are none.

    A real account may have borrowed when prices were better, up to its liquidation threshold, and its reserve may have
    grown over its cap by interest since. So the pool lends up to the threshold, without caps, until the accounts stand;
    caps are judged beforehand. `reconfigure_lending` then sets the scenario's own lines.
    """
    if not plan.planned:
        return scenario
    lending, decimals = scenario.spec.lending, _decimals(scenario)
    reserves = {
        asset: reserve.model_copy(
            update={
                "ltv_bps": reserve.liquidation_threshold_bps,
                "supply_cap": 0,
                "borrow_cap": 0,
                "lenders_supply": to_tokens(plan.lenders_raw[asset], decimals[asset])
                if asset in plan.lenders_raw
                else reserve.lenders_supply,
            }
        )
        for asset, reserve in lending.reserves.items()
    }
    emodes = {
        number: mode.model_copy(update={"ltv_bps": mode.liquidation_threshold_bps})
        for number, mode in lending.emodes.items()
    }
    loosened = lending.model_copy(update={"reserves": reserves, "emodes": emodes})
    return replace(scenario, spec=scenario.spec.model_copy(update={"lending": loosened}))


def market_of(scenario: Scenario) -> Market:
    """Return what the pool of a scenario knows of its reserves before the crash."""
    lending = scenario.spec.lending
    prices = {asset: int(initial_price_usd(scenario.spec, asset) * E8) for asset in lending.reserves}
    return Market(lending, prices, _decimals(scenario))


class _Planner:
    """Judges accounts one after the other: each takes room under the caps."""

    def __init__(self, scenario: Scenario, name: str, entry: AccountsSpec) -> None:
        self._scenario, self._name, self._entry = scenario, name, entry
        self._lending: LendingSpec = scenario.spec.lending
        self._found = scenario.accounts[name]
        self._decimals = _decimals(scenario)
        self._market = market_of(scenario)
        self._supplied = Counter({asset: self._lenders_raw(asset) for asset in self._lending.reserves})
        self._borrowed: Counter[str] = Counter()
        self._isolated_cents: Counter[str] = Counter()

    def plan(self, *, require_lent: bool) -> AccountsPlan:
        """Return the plan."""
        accounts = self._found.accounts if self._entry.borrows else map(_without_debt, self._found.accounts)
        planned = tuple(self._judge(account) for account in accounts)
        self._refuse_unless_skipped(planned)
        plan = AccountsPlan(self._name, self._found.file, planned)
        plan = replace(plan, lenders_raw=self._sized(plan))
        if require_lent:
            self._require_lent(plan)
        return plan

    def _judge(self, account: Account) -> PlannedAccount:
        worth = worth_of(account, self._market)
        self._require_plausible(account, worth)
        dust_e8 = int(self._entry.dust_usd * E8)
        if not account.left_out and worth.supplied_e8 < dust_e8 and worth.debt_e8 < dust_e8:
            return PlannedAccount(account, AccountStatus.DUST, worth)
        obstacle = obstacle_of(account, self._market) or self._cap_reached(account)
        if obstacle is not None:
            return PlannedAccount(account, AccountStatus.NOT_BUILT, worth, *obstacle)
        for holding in account.holdings:
            self._supplied[holding.asset] += holding.supplied_raw
            self._borrowed[holding.asset] += holding.borrowed_raw
        isolated = isolated_collateral(account, self._lending)
        if isolated is not None:
            self._isolated_cents[isolated] += self._cents(account)
        return PlannedAccount(account, AccountStatus.BUILT, worth)

    def _require_plausible(self, account: Account, worth: Worth) -> None:
        """Refuse amounts that are worth more than all tokens there are: raw ones were read as decimals."""
        most_e8 = max(worth.supplied_e8, worth.debt_e8)
        if most_e8 < _IMPLAUSIBLE_USD * E8:
            return
        raise ScenarioError(
            file=self._found.file,
            key=account.where,
            value=account.address,
            expected=f"its amounts are worth {most_e8 // E8:,} dollars, which no account has: amounts of smallest "
            "units stand in a column named with _raw, or that columns: {supplied_raw: NAME, borrowed_raw: NAME} names",
        )

    def _cap_reached(self, account: Account) -> tuple[Obstacle, str] | None:
        for holding in account.holdings:
            reserve, unit = self._lending.reserves[holding.asset], 10 ** self._decimals[holding.asset]
            sides = (
                (Obstacle.SUPPLY_CAP, "supply", reserve.supply_cap, self._supplied, holding.supplied_raw),
                (Obstacle.BORROW_CAP, "borrow", reserve.borrow_cap, self._borrowed, holding.borrowed_raw),
            )
            for obstacle, word, cap, total, raw in sides:
                if raw and cap and total[holding.asset] + raw > cap * unit:
                    return obstacle, f"goes over the {word} cap of {holding.asset}, {cap:,}"
        isolated = isolated_collateral(account, self._lending)
        if isolated is None:
            return None
        ceiling = self._lending.reserves[isolated].debt_ceiling_cents
        if self._isolated_cents[isolated] + self._cents(account) > ceiling:
            return Obstacle.DEBT_CEILING, f"goes over the debt ceiling of {isolated}, {ceiling / 100:,.2f} dollars"
        return None

    def _cents(self, account: Account) -> int:
        """Return what an account's debts count against a ceiling: each token as a dollar, rounded down to cents."""
        return sum(h.borrowed_raw * 100 // 10 ** self._decimals[h.asset] for h in account.holdings)

    def _lenders_raw(self, asset: str) -> int:
        return raw_amount(self._scenario.spec, asset, self._lending.reserves[asset].lenders_supply)

    def _refuse_unless_skipped(self, planned: Sequence[PlannedAccount]) -> None:
        refused = [one for one in planned if one.status is AccountStatus.NOT_BUILT]
        if not refused or self._entry.skip:
            return
        named = "; ".join(f"{one.account.where}: {one.account.address} {one.detail}" for one in refused[:_MOST_NAMED])
        rest = f"; and {len(refused) - _MOST_NAMED:,} more" if len(refused) > _MOST_NAMED else ""
        by_reason = Counter(one.obstacle.value for one in refused if one.obstacle is not None)
        counts = ", ".join(f"{count:,} {reason}" for reason, count in sorted(by_reason.items()))
        raise ScenarioError(
            file=self._found.file,
            key="",
            value=None,
            expected=f"{len(refused):,} of {len(planned):,} accounts cannot be built ({counts}): {named}{rest}; "
            f"positions.{self._name}.skip: true leaves them out and reports them",
        )

    def _sized(self, plan: AccountsPlan) -> dict[str, int]:
        """Return what lenders supply so that each stated utilisation holds once the accounts stand."""
        supplied, borrowed, sized = plan.supplied_raw(), plan.borrowed_raw(), {}
        for asset, share_bps in self._entry.utilisation_bps.items():
            # Rounded up: one unit less would put the utilisation above the one stated.
            needed = -(-borrowed[asset] * BPS // share_bps)
            key, decimals = f"positions.{self._name}.utilisation_bps.{asset}", self._decimals[asset]
            if needed < supplied[asset]:
                reached = borrowed[asset] * BPS // supplied[asset]
                raise self._refusal(
                    key,
                    share_bps,
                    f"the accounts supply {_whole(supplied[asset], decimals)} {asset} themselves and borrow "
                    f"{_whole(borrowed[asset], decimals)}: expected at most {reached}",
                )
            cap = self._lending.reserves[asset].supply_cap
            if cap and needed > cap * 10**decimals:
                raise self._refusal(
                    key, share_bps, f"needs {_whole(needed, decimals)} {asset} supplied, over its supply cap {cap:,}"
                )
            sized[asset] = needed - supplied[asset]
        return sized

    def _require_lent(self, plan: AccountsPlan) -> None:
        """Refuse the first account, in the order of the file, whose debt exceeds what is supplied of a reserve."""
        supplied = plan.supplied_raw()
        for asset in self._lending.reserves:
            supplied[asset] += plan.lenders_raw.get(asset, self._lenders_raw(asset))
        borrowed: Counter[str] = Counter()
        for account in plan.built:
            for holding in account.holdings:
                asset, decimals = holding.asset, self._decimals[holding.asset]
                borrowed[asset] += holding.borrowed_raw
                if borrowed[asset] > supplied[asset]:
                    raise ScenarioError(
                        file=self._found.file,
                        key=holding.where or account.where,
                        value=account.address,
                        expected=f"with this account {_whole(borrowed[asset], decimals)} {asset} are borrowed, and "
                        f"{_whole(supplied[asset], decimals)} are supplied: state "
                        f"positions.{self._name}.utilisation_bps.{asset} or lending.reserves.{asset}.lenders_supply",
                    )

    def _refusal(self, key: str, value: object, expected: str) -> ScenarioError:
        return ScenarioError(file=self._scenario.file, key=key, value=value, expected=expected)


def _without_debt(account: Account) -> Account:
    kept = tuple(replace(holding, borrowed_raw=0) for holding in account.holdings if holding.supplied_raw)
    return replace(account, holdings=kept)


def _decimals(scenario: Scenario) -> dict[str, int]:
    return {asset: scenario.spec.assets[asset].decimals for asset in scenario.spec.lending.reserves}


def _sum(amounts: Iterable[tuple[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for asset, raw in amounts:
        total[asset] += raw
    return total


def _whole(raw: int, decimals: int) -> str:
    return f"{raw // 10**decimals:,}"
