"""Check cohorts of positions, what their equity is borrowed against, and files of accounts."""

from __future__ import annotations

from cascade.errors import unknown_name
from cascade.scenario.model import AccountsSpec, Case, CohortSpec, PledgeSpec

__all__ = ["check_accounts", "check_cohort"]


def check_cohort(case: Case, name: str, cohort: CohortSpec) -> None:
    """Refuse a cohort that could not be built with this pool, venue or desk."""
    key = f"positions.{name}"
    for role, asset in (("collateral", cohort.collateral), ("debt", cohort.debt)):
        if asset not in case.spec.lending.reserves:
            case.refuse(f"{key}.{role}", asset, "expected an asset of lending.reserves")
    if not case.spec.lending.reserves[cohort.debt].borrowing:
        case.refuse(f"{key}.debt", cohort.debt, f"lending.reserves.{cohort.debt}.borrowing is off")
    _check_isolation(case, f"{key}.debt", cohort.collateral, cohort.debt)
    venue = case.venue(f"{key}.venue", cohort.venue)
    # A loop on a staked USDe mints USDe at the venue, and stakes it.
    staked = case.spec.assets[cohort.collateral].stakes if venue.mints else None
    if set(venue.pair) != {staked or cohort.collateral, cohort.debt}:
        case.refuse(f"{key}.venue", cohort.venue, f"does not swap {cohort.debt} to {cohort.collateral}")
    if cohort.pledge is not None:
        _check_pledge(case, f"{key}.pledge", cohort, cohort.pledge)
        # Its equity is borrowed stables, which become collateral by minting and not by buying.
        if not venue.mints:
            case.refuse(f"{key}.venue", cohort.venue, "a cohort with a pledge mints: expected a par-mint")
    if cohort.emode:
        mode = case.spec.lending.emodes.get(cohort.emode)
        if mode is None:
            case.refuse(f"{key}.emode", cohort.emode, "unknown mode; expected a number of lending.emodes, or 0")
        if cohort.debt not in mode.borrowable:
            case.refuse(f"{key}.emode", cohort.emode, f"its borrowable assets lack {cohort.debt}")


def check_accounts(case: Case) -> None:
    """Refuse a second file of accounts, and lenders' supply that is stated twice or of reserves that loops use too."""
    first: str | None = None
    for name, entry in case.spec.account_files.items():
        key = f"positions.{name}"
        if first is not None:
            case.refuse(key, entry.file, f"positions.{first} has a file of accounts already: join the two files")
        first = name
        for account in case.accounts[name].accounts:
            for holding in account.holdings:
                if holding.asset not in case.spec.lending.reserves:
                    case.refuse(
                        f"{key}.file", holding.asset, "its accounts hold it: expected an asset of lending.reserves"
                    )
        for asset in entry.utilisation_bps:
            _check_utilisation(case, f"{key}.utilisation_bps.{asset}", asset, entry)


def _check_utilisation(case: Case, key: str, asset: str, entry: AccountsSpec) -> None:
    reserve = case.spec.lending.reserves.get(asset)
    if reserve is None:
        reserves = case.spec.lending.reserves
        case.refuse(key, asset, unknown_name("reserve", asset, reserves, holder="lending.reserves"))
    value = entry.utilisation_bps[asset]
    if reserve.lenders_supply:
        case.refuse(key, value, f"lending.reserves.{asset}.lenders_supply is stated: expected one of the two")
    for name, cohort in case.spec.cohorts.items():
        pledged = cohort.pledge.collateral if cohort.pledge is not None else None
        if asset in (cohort.collateral, cohort.debt, pledged):
            case.refuse(key, value, f"positions.{name} uses {asset} too: state lending.reserves.{asset}.lenders_supply")


def _check_pledge(case: Case, key: str, cohort: CohortSpec, pledge: PledgeSpec) -> None:
    if pledge.line is not None:
        _check_desk_pledge(case, key, cohort, pledge, pledge.line)
    elif pledge.collateral not in case.spec.lending.reserves:
        case.refuse(f"{key}.collateral", pledge.collateral, "expected an asset of lending.reserves")
    else:
        _check_isolation(case, f"{key}.collateral", pledge.collateral, cohort.debt)


def _check_isolation(case: Case, key: str, collateral: str, debt: str) -> None:
    """Refuse a loan against isolated collateral of an asset that is not lent against it."""
    reserves = case.spec.lending.reserves
    if reserves[collateral].debt_ceiling_usd and not reserves[debt].borrowable_in_isolation:
        expected = f"{collateral} is isolated collateral: set lending.reserves.{debt}.borrowable_in_isolation"
        case.refuse(key, debt, expected)


def _check_desk_pledge(case: Case, key: str, cohort: CohortSpec, pledge: PledgeSpec, line: str) -> None:
    exchange = case.spec.exchange
    if exchange is None or exchange.desk is None:
        case.refuse(f"{key}.line", line, "there is no desk: add exchange.desk, or let the pool lend")
    case.line(f"{key}.line", line)
    book = exchange.books.get(line)
    if book is not None and book.base != pledge.collateral:
        case.refuse(f"{key}.collateral", pledge.collateral, f"the line {line} takes {book.base}")
    if cohort.debt != exchange.cash:
        case.refuse(f"{key}.line", line, f"lends {exchange.cash}, but the loop borrows {cohort.debt}")
