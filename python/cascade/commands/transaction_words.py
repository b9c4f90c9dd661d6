"""Print a transaction in full, and the state of a rebuilt chain, on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from cascade.node import StandingNode
from cascade.observation import BlockView
from cascade.recording.tables import LiquidationRow, TransactionRow
from cascade.recording.transaction_record import Call, TransactionRecord
from cascade.run.opened import Run
from cascade.units import UINT256_MAX, e8_to_float, wad_to_float

__all__ = ["print_record", "print_state"]

_BAR = 24
"""Width in letters of the bar that shows a call's part of the gas."""


def print_record(console: Console, run: Run, record: TransactionRecord) -> None:
    """Print a transaction: its call, its liquidations, what it moved, what triggered it, its events, and its calls."""
    why = f" ({', '.join(record.why)})" if record.why else ""
    gas = "unknown" if record.gas_used is None else f"{record.gas_used:,} of {record.gas_limit:,}"
    for name, text in (
        ("transaction", f"{record.tx_hash}{why}"),
        ("block", f"{record.block_number}, position {record.transaction_index}"),
        ("caller", f"{record.caller} ({record.role})"),
        ("call", _call_text(record.target, record.function, record.arguments)),
        ("status", record.status),
        ("gas", gas),
        ("reason", record.reason),
    ):
        console.print(f"{name:<12} {escape(text)}")
    rows = run.frames.rows(LiquidationRow)
    for number in record.liquidations:
        _print_liquidation(console, run, rows[number - 1], number)
    _print_balances(console, run, record)
    table = _table("Events", "log", "contract", "event", "arguments")
    for event in record.events:
        table.add_row(str(event.log_index), event.contract, event.event, _arguments(event.arguments))
    console.print(table)
    if record.call is None:
        console.print("Calls: the run was made in process, which has no call traces")
        return
    tree = Tree(_branch(record.call, record.call.gas_used))
    _grow(tree, record.call, record.call.gas_used)
    console.print("Calls with their gas, those below them included")
    console.print(tree)


def _print_liquidation(console: Console, run: Run, row: LiquidationRow, number: int) -> None:
    table = _table(f"Liquidation {number} of {row.borrower}", "figure", "before", "after")
    scale = {asset: 10 ** run.frames.decimals(asset) for asset in (row.collateral_asset, row.debt_asset)}
    collateral, debt = scale[row.collateral_asset], scale[row.debt_asset]
    table.add_row("health factor", _health(row.health_factor_before_wad), _health(row.health_factor_after_wad))
    table.add_row(
        f"collateral, {row.collateral_asset}",
        f"{row.collateral_before_raw / collateral:,.4f}",
        f"{(row.collateral_before_raw - row.collateral_seized_raw) / collateral:,.4f}",
    )
    table.add_row(
        f"debt, {row.debt_asset}",
        f"{row.debt_before_raw / debt:,.4f}",
        f"{(row.debt_before_raw - row.debt_covered_raw - row.deficit_raw) / debt:,.4f}",
    )
    console.print(table)
    console.print(
        f"prices read  {row.collateral_asset} {e8_to_float(row.collateral_price_e8):,.6f} USD, "
        f"{row.debt_asset} {e8_to_float(row.debt_price_e8):,.6f} USD"
    )
    if row.deficit_raw:
        console.print(f"deficit      {row.deficit_raw / debt:,.4f} {row.debt_asset}")
    console.print(f"triggered by {escape(_trigger(run, row))}")


def _trigger(run: Run, row: LiquidationRow) -> str:
    if not row.triggered_by:
        return f"no transaction: the health factor fell under 1 at step {row.unhealthy_since_step}"
    found = next((one for one in run.frames.rows(TransactionRow) if one.tx_hash == row.triggered_by), None)
    if found is None:
        return row.triggered_by
    return (
        f"{found.tx_hash} in block {found.block_number}: {found.actor} ({found.role}), {found.intent} at "
        f"{found.target}: {found.reason}"
    )


def _print_balances(console: Console, run: Run, record: TransactionRecord) -> None:
    table = _table("Balances that it moved", "account", "asset", "before", "after", "change")
    for row in record.balances:
        scale = 10 ** run.frames.decimals(row.asset)
        before, after = int(row.before_raw), int(row.after_raw)
        table.add_row(
            row.account,
            row.asset,
            f"{before / scale:,.4f}",
            f"{after / scale:,.4f}",
            f"{(after - before) / scale:+,.4f}",
        )
    console.print(table)


def _grow(tree: Tree, call: Call, gas: int) -> None:
    for below in call.calls:
        _grow(tree.add(_branch(below, gas)), below, gas)


def _branch(call: Call, gas: int) -> str:
    bar = "█" * round(_BAR * call.gas_used / gas) if gas else ""
    end = f" failed: {call.error}" if call.error else f" = {call.answer}" if call.answer else ""
    text = f"{call.gas_used:>9,} {_call_text(call.target, call.function, call.arguments)}{end}"
    return f"{escape(text)} [cyan]{bar}[/cyan]"


def _call_text(target: str, function: str, arguments: dict[str, str]) -> str:
    return f"{target}.{function}({_arguments(arguments)})"


def _arguments(arguments: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in arguments.items())


def _health(wad: int) -> str:
    return "no debt" if wad == UINT256_MAX else f"{wad_to_float(wad):.4f}"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def print_state(console: Console, node: StandingNode) -> None:
    """Print prices, venues and reserves of the pool, as the chain has them after the node's latest block."""
    world = node.world
    chain = world.chain
    view = BlockView(world, book=(), step=0, next_timestamp=chain.timestamp)
    prices = _table(f"Prices after block {node.block_number}", "asset", "oracle, USD")
    for asset in world.feeds:
        price = view.oracle_price_e8(asset)
        prices.add_row(asset, f"{e8_to_float(price):,.6f}" if price else "refused")
    venues = _table("Venues", "venue", "holds", "amount")
    for name, venue in world.venues.items():
        for asset, token in world.tokens.items():
            held = world.balances.balance_of(token, venue.contract.address)
            if held:
                venues.add_row(name, asset, f"{held / 10 ** world.scenario.spec.assets[asset].decimals:,.4f}")
    reserves = _table("Reserves of the pool", "asset", "cash", "supplied", "borrowed")
    for asset, a_token in world.a_tokens.items():
        scale = 10 ** world.scenario.spec.assets[asset].decimals
        reserves.add_row(
            asset,
            f"{world.balances.balance_of(world.tokens[asset], a_token.address) / scale:,.4f}",
            f"{chain.call(a_token, 'totalSupply') / scale:,.4f}",
            f"{chain.call(world.debt_tokens[asset], 'totalSupply') / scale:,.4f}",
        )
    for table in (prices, venues, reserves):
        console.print(table)
