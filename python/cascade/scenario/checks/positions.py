"""Cohorts of positions, and what their equity is borrowed against."""

from __future__ import annotations

from cascade.scenario.checks.case import Case
from cascade.scenario.model import CohortSpec, ParMintVenue, PledgeSpec

__all__ = ["check_cohort"]


def check_cohort(case: Case, name: str, cohort: CohortSpec) -> None:
    """Refuse a cohort that the pool, the venue or the desk would not let be built."""
    key = f"positions.{name}"
    for role in ("collateral", "debt"):
        asset = getattr(cohort, role)
        if asset not in case.spec.lending.reserves:
            case.refuse(f"{key}.{role}", asset, "expected an asset of lending.reserves")
    if not case.spec.lending.reserves[cohort.debt].borrowing:
        case.refuse(f"{key}.debt", cohort.debt, f"lending.reserves.{cohort.debt}.borrowing is off")
    case.require_venue(f"{key}.venue", cohort.venue)
    venue = case.spec.venues[cohort.venue]
    pair = {venue.asset_in, venue.asset_out} if isinstance(venue, ParMintVenue) else set(venue.coins)
    staked = case.spec.assets[cohort.collateral].stakes if isinstance(venue, ParMintVenue) else None
    if pair != {staked or cohort.collateral, cohort.debt}:
        case.refuse(f"{key}.venue", cohort.venue, f"does not swap {cohort.debt} to {cohort.collateral}")
    if cohort.pledge is not None:
        _pledge(case, f"{key}.pledge", name, cohort)
    if cohort.emode:
        mode = case.spec.lending.emodes.get(cohort.emode)
        if mode is None:
            case.refuse(f"{key}.emode", cohort.emode, "unknown mode; expected a number of lending.emodes, or 0")
        if cohort.debt not in mode.borrowable:
            case.refuse(f"{key}.emode", cohort.emode, f"its borrowable assets lack {cohort.debt}")


def _pledge(case: Case, key: str, name: str, cohort: CohortSpec) -> None:
    assert cohort.pledge is not None
    if cohort.pledge.line is not None:
        _desk_pledge(case, key, cohort, cohort.pledge)
    elif cohort.pledge.collateral not in case.spec.lending.reserves:
        case.refuse(f"{key}.collateral", cohort.pledge.collateral, "expected an asset of lending.reserves")
    if not isinstance(case.spec.venues[cohort.venue], ParMintVenue):
        case.refuse(f"positions.{name}.venue", cohort.venue, "a cohort with a pledge mints: expected a par-mint")


def _desk_pledge(case: Case, key: str, cohort: CohortSpec, pledge: PledgeSpec) -> None:
    exchange = case.spec.exchange
    if exchange is None or exchange.desk is None:
        case.refuse(f"{key}.line", pledge.line, "there is no desk: add exchange.desk, or let the pool lend")
    if pledge.line not in exchange.desk.lines:
        case.refuse(
            f"{key}.line", pledge.line, f"unknown line; exchange.desk.lines has {', '.join(exchange.desk.lines)}"
        )
    book = exchange.books.get(pledge.line)
    if book is not None and book.base != pledge.collateral:
        case.refuse(f"{key}.collateral", pledge.collateral, f"the line {pledge.line} takes {book.base}")
    if cohort.debt != exchange.cash:
        case.refuse(f"{key}.line", pledge.line, f"lends {exchange.cash}, and the loop is of {cohort.debt}")
