"""Check that the exchange's money adds up, to the unit: ledger, orders, desk and margin."""

from __future__ import annotations

from collections.abc import Sequence

from cascade.chain.abi import signed_word
from cascade.chain.local import Contract
from cascade.errors import AccountingViolation
from cascade.scenario.accounts import raw_amount
from cascade.world.exchange import BUY, SELL, DeployedExchange
from cascade.world.world import World

__all__ = ["check_exchange_conservation"]

# More levels than a book can hold, so that one call returns the whole side.
_EVERY_LEVEL = 2**24
_LOAN_WORDS = 5


def check_exchange_conservation(world: World) -> None:
    """Check the exchange's identities, which docs/EXCHANGE.md states.

    Raises
    ------
    AccountingViolation
        Naming the identity and both figures.
    """
    exchange = world.exchange
    if exchange is None:
        return
    holders = sorted({*world.actors, *world.contract_names, *exchange.accounts})
    _check_ledger(world, exchange, holders)
    if exchange.desk is not None:
        _check_desk(world, exchange, exchange.desk, holders)
    if exchange.margin is not None:
        _check_margin(world, exchange, exchange.margin)


def _check_ledger(world: World, exchange: DeployedExchange, holders: Sequence[str]) -> None:
    tokens = [world.tokens[asset].address for asset in exchange.assets]
    words = world.chain.call_in_chunks(exchange.lens, "balances", exchange.vault.address, tokens, each=list(holders))
    width = 2 * len(tokens)
    orders = _locked_by_orders(world, exchange, holders)
    for i, asset in enumerate(exchange.assets):
        token = world.tokens[asset]
        held = int(world.chain.call(token, "balanceOf", exchange.vault.address))
        total = int(world.chain.call(exchange.vault, "totalOf", token.address))
        free, locked = sum(words[2 * i :: width]), sum(words[2 * i + 1 :: width])
        _require(f"the vault's {asset}, and what its ledger owes", held, total)
        _require(f"{asset} of the vault's ledger, and of its accounts", total, free + locked)
        _require(f"{asset} locked in the vault, and what open orders would pay", locked, orders[asset])


def _locked_by_orders(world: World, exchange: DeployedExchange, holders: Sequence[str]) -> dict[str, int]:
    locked = dict.fromkeys(exchange.assets, 0)
    for book in exchange.books.values():
        for side in (BUY, SELL):
            words = world.chain.call(book.contract, "levels", side, _EVERY_LEVEL)
            for price, lots in zip(words[::2], words[1::2], strict=True):
                if side == BUY:
                    locked[exchange.cash] += book.value_raw(lots, price)
                else:
                    locked[book.base] += lots * book.lot_raw
        words = world.chain.call_in_chunks(exchange.lens, "remainders", book.contract.address, each=list(holders))
        sides, lots = words[::2], words[1::2]
        # A sale's rest stays locked until it goes on; a purchase pays as it goes.
        locked[book.base] += sum(size for side, size in zip(sides, lots, strict=True) if side == SELL) * book.lot_raw
    return locked


def _check_desk(world: World, exchange: DeployedExchange, desk: Contract, holders: Sequence[str]) -> None:
    def of_all(function: str) -> int:
        return sum(int(world.chain.call(desk, function, line)) for line in exchange.lines.values())

    owed = of_all("totalDebt") + of_all("lossOf")
    cash = _holding(world, exchange, desk, exchange.cash)
    paid_in = raw_amount(world.scenario.spec, exchange.cash, exchange.spec.require_desk().capital)
    _require(
        "the desk's cash, debts and losses, and what was paid in with interest",
        cash + owed,
        paid_in + of_all("interestBooked"),
    )
    for name, line in exchange.lines.items():
        words = world.chain.call_in_chunks(desk, "loans", line, each=list(holders))
        base = exchange.books[name].base
        held = _holding(world, exchange, desk, base)
        _require(f"{base} that the desk holds, and that is pledged", held, sum(words[::_LOAN_WORDS]))


def _check_margin(world: World, exchange: DeployedExchange, margin: Contract) -> None:
    entries = 0
    for name, market in exchange.markets.items():
        # The margin keeps its own list of holders per market; the sums below fail if the list misses one.
        holders = list(world.chain.call(margin, "holders", market))
        words = world.chain.call_in_chunks(exchange.lens, "positions", margin.address, market, each=holders)
        _require(f"contracts of {name} held long, and short", sum(map(signed_word, words[::2])), 0)
        # Contracts cancel, entry values need not: a profit that a closed position took stays in the entries of the
        # others.
        entries += sum(map(signed_word, words[1::2]))
    debts, interest, funding, bad_debt = world.chain.call(margin, "totals")
    cash = _holding(world, exchange, margin, exchange.cash)
    paid_in = raw_amount(world.scenario.spec, exchange.cash, exchange.spec.require_margin().capital)
    _require(
        "the margin's cash, debts and entry values, and what was paid in with interest and funding, less bad debt",
        cash + debts + entries,
        paid_in + interest + funding - bad_debt,
    )


def _holding(world: World, exchange: DeployedExchange, owner: Contract, asset: str) -> int:
    return int(world.chain.call(exchange.vault, "holding", owner.address, world.tokens[asset].address))


def _require(what: str, left: int, right: int) -> None:
    if left != right:
        raise AccountingViolation(f"exchange: {what}, differ: {left} and {right}")
