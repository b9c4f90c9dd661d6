"""`cascade accounts`: judge the accounts of a file as a scenario's pool would, and start nothing."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import click
from rich.console import Console

from cascade.account_files import AccountFile
from cascade.errors import CascadeError
from cascade.positions.accounts.plan import AccountsPlan, PlannedAccount, plan_accounts
from cascade.report.shared.figures import count, counted, dollars
from cascade.report.shared.terminal import print_pairs, print_table, print_text
from cascade.scenario.load import Scenario, load_scenario
from cascade.scenario.tree import shown
from cascade.units import e8_to_float, to_tokens
from cascade.vocabulary import AccountStatus

__all__ = ["show_accounts"]

_ENTRY = "book"


def show_accounts(
    file: Path,
    *,
    scenario: Path,
    format: str | None,
    columns: Iterable[str],
    assets: Iterable[str],
    overrides: tuple[str, ...],
    only_refused: bool,
) -> None:
    """Print what the file holds by asset, which accounts would stand, and why the others would not.

    Parameters
    ----------
    columns, assets : iterable of str
        Entries of the keys of the same names, as `NAME=VALUE`; without a value, an asset is left out, and a
        column is in no file.
    only_refused : bool
        Whether the accounts that the pool would refuse are printed as CSV, and nothing else.

    Raises
    ------
    CascadeError
        For an option that is no pair, and for whatever the scenario or the file is refused for.
    """
    entry: dict[str, object] = {"kind": "accounts", "file": str(file.resolve()), "skip": True}
    entry |= {"format": format} if format is not None else {}
    entry |= {"columns": {name: column or None for name, column in _pairs(columns, "--column")}} if columns else {}
    entry |= {"assets": {name: symbol or None for name, symbol in _pairs(assets, "--asset")}} if assets else {}
    # What the scenario says of its own positions goes with them.
    changes = {"positions": {_ENTRY: entry}, "provenance": [], "sensitivity": {}}
    loaded = load_scenario(scenario, overrides=overrides, set=changes)
    # What lenders supply is no property of the accounts: it is sized when the scenario is written.
    plan = plan_accounts(loaded, require_lent=False)
    if only_refused:
        click.echo(_refused_csv(plan), nl=False)
        return
    found, console = loaded.accounts[_ENTRY], Console()
    print_table(
        console,
        "tokens of those that stand",
        ("asset", "supplied", "borrowed", "accounts"),
        list(_by_asset(loaded, plan)),
    )
    print_pairs(console, f"{file.name} in the pool of {loaded.spec.name}", list(_verdict(plan, found)))
    for sentence in found.notes():
        print_text(console, sentence)
    shown_entry = shown({**entry, "file": file.name})
    print_text(console, f"In a scenario: positions: {{{_ENTRY}: {shown_entry}}}", wrap=False)


def _pairs(texts: Iterable[str], option: str) -> Iterable[tuple[str, str]]:
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise CascadeError(f"{option} = {text!r}: expected NAME=VALUE")
        yield name, value


def _by_asset(scenario: Scenario, plan: AccountsPlan) -> Iterable[tuple[str, str, str, str]]:
    supplied, borrowed = plan.supplied_raw(), plan.borrowed_raw()
    holders = Counter(holding.asset for account in plan.built for holding in account.holdings)
    for asset in scenario.spec.lending.reserves:
        if holders[asset]:
            decimals = scenario.spec.assets[asset].decimals
            held, owed = (f"{to_tokens(total[asset], decimals):,.2f}" for total in (supplied, borrowed))
            yield asset, held, owed, count(holders[asset])


def _verdict(plan: AccountsPlan, found: AccountFile) -> Iterable[tuple[str, str]]:
    by_status = {status: [one for one in plan.planned if one.status is status] for status in AccountStatus}
    yield "in the file", counted(len(found.accounts), "account")
    yield "stand", _worth(by_status[AccountStatus.BUILT])
    refused = by_status[AccountStatus.NOT_BUILT]
    for obstacle, _ in sorted(Counter(str(one.obstacle) for one in refused).items()):
        yield obstacle, _worth([one for one in refused if one.obstacle == obstacle])
    if by_status[AccountStatus.DUST]:
        yield "dust", _worth(by_status[AccountStatus.DUST])
    modes = Counter(account.emode for account in found.accounts if account.emode)
    if modes:
        yield "modes", ", ".join(f"{mode}: {count(number)}" for mode, number in sorted(modes.items()))


def _worth(group: list[PlannedAccount]) -> str:
    supplied, debt = (
        dollars(e8_to_float(sum(figures)))
        for figures in ([one.worth.supplied_e8 for one in group], [one.worth.debt_e8 for one in group])
    )
    return f"{counted(len(group), 'account')}, {supplied} supplied, {debt} of debt"


def _refused_csv(plan: AccountsPlan) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("account", "row", "obstacle", "detail"))
    for one in plan.planned:
        if one.status is AccountStatus.NOT_BUILT:
            writer.writerow((one.account.address, one.account.where, one.obstacle, one.detail))
    return text.getvalue()
