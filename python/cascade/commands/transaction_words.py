"""Print a transaction in full, and the state of a rebuilt chain, on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from cascade.node import StandingNode
from cascade.observation import BlockView
from cascade.recording.transaction_record import Call, TransactionRecord
from cascade.report.run.transactions import call_text, transaction_words
from cascade.run.opened import Run
from cascade.units import e8_to_float

__all__ = ["print_record", "print_state"]

_BAR = 24
"""Width in letters of the bar that shows a call's part of the gas."""


def print_record(console: Console, run: Run, record: TransactionRecord) -> None:
    """Print a transaction: its call, its liquidations, what it moved, what triggered it, its events, and its calls."""
    words = transaction_words(run.frames, record)
    console.print(words.title)
    _print_facts(console, words.facts)
    for liquidation in words.liquidations:
        console.print(_filled(liquidation.title, ("figure", "before", "after"), liquidation.rows))
        _print_facts(console, liquidation.facts)
    console.print(_filled("Balances that it moved", ("account", "asset", "before", "after", "change"), words.balances))
    console.print(_filled("Events", ("log", "contract", "event", "arguments"), words.events))
    if words.call is None:
        console.print("Calls: the run was made in process, which has no call traces")
        return
    tree = Tree(_branch(words.call, words.call.gas_used))
    _grow(tree, words.call, words.call.gas_used)
    console.print("Calls with their gas, that of the calls below them included")
    console.print(tree)


def _print_facts(console: Console, facts: Sequence[tuple[str, str]]) -> None:
    for name, text in facts:
        console.print(f"{name:<12} {escape(text)}", soft_wrap=True)


def _filled(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(value) for value in row))
    return table


def _grow(tree: Tree, call: Call, gas: int) -> None:
    for below in call.calls:
        _grow(tree.add(_branch(below, gas)), below, gas)


def _branch(call: Call, gas: int) -> str:
    bar = "█" * round(_BAR * call.gas_used / gas) if gas else ""
    end = f" failed: {call.error}" if call.error else f" = {call.answer}" if call.answer else ""
    text = f"{call.gas_used:>9,} {call_text(call.target, call.function, call.arguments)}{end}"
    return f"{escape(text)} [cyan]{bar}[/cyan]"


def print_state(console: Console, node: StandingNode) -> None:
    """Print prices, venues and reserves of the pool, as the chain has them after the node's latest block."""
    world = node.world
    chain = world.chain
    view = BlockView(world, book=(), step=0, next_timestamp=chain.timestamp)
    prices = [(asset, view.oracle_price_e8(asset)) for asset in world.feeds]
    decimals = {name: 10**asset.decimals for name, asset in world.scenario.spec.assets.items()}
    venues = [
        (name, asset, f"{held / decimals[asset]:,.4f}")
        for name, venue in world.venues.items()
        for asset, token in world.tokens.items()
        if (held := world.balances.balance_of(token, venue.contract.address))
    ]
    reserves = [
        (
            asset,
            f"{world.balances.balance_of(world.tokens[asset], a_token.address) / decimals[asset]:,.4f}",
            f"{chain.call(a_token, 'totalSupply') / decimals[asset]:,.4f}",
            f"{chain.call(world.debt_tokens[asset], 'totalSupply') / decimals[asset]:,.4f}",
        )
        for asset, a_token in world.a_tokens.items()
    ]
    oracle = [(asset, f"{e8_to_float(price):,.6f}" if price else "refused") for asset, price in prices]
    console.print(_filled(f"Prices after block {node.block_number}", ("asset", "oracle, USD"), oracle))
    console.print(_filled("Venues", ("venue", "holds", "amount"), venues))
    console.print(_filled("Reserves of the pool", ("asset", "cash", "supplied", "borrowed"), reserves))
