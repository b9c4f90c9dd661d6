"""The exchange's engine: it calls margins, sells pledges and accounts' assets, and continues market orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cascade.agents.interface import Proposal
from cascade.chain.local import address_of
from cascade.observation import BlockView
from cascade.observation.exchange_view import BookState, DeskLoan, ExchangeView, MarginAccount
from cascade.scenario.model import ExchangeKeeperSpec
from cascade.units import BPS, WAD
from cascade.vocabulary import Intent
from cascade.world.exchange import BUY
from cascade.world.world import World

__all__ = ["ExchangeKeeper"]

_GAS = 10**9
"""Gas per transaction of the exchange's lane, whose limit is never reached."""

_FREE, _LIQUIDATION = 0, 3
"""Levels of an account."""


@dataclass(frozen=True)
class _DueAccount:
    address: str
    account: MarginAccount
    lots: dict[str, int]
    """Lots that the next call offers, by book that would take some."""


@dataclass(frozen=True)
class _DueLoan:
    line: str
    address: str
    loan: DeskLoan
    is_sold: bool
    """Whether a liquidation is due."""
    sale_lots: int
    """Lots that a liquidation would offer; 0 where less than a lot is left, and only a shortfall is settled."""


@dataclass(frozen=True)
class _Sight:
    view: BlockView
    unfinished: tuple[tuple[str, str], ...]
    """Book and account of market orders that can be continued."""
    accounts: tuple[_DueAccount, ...]
    loans: tuple[_DueLoan, ...]
    bid_lots: dict[str, int]
    """Lots bid in the books that a pledge would be sold into."""


class ExchangeKeeper:
    """Make the calls that the exchange's rules require, from one account, the largest debt first.

    It proposes no call that it knows to have no effect: none before a pause is over, and none into a book that is
    halted or that has no bid left after earlier sales of the same block. It does not know what others do in the same
    block: its contract checks again when a call runs, and makes only the calls that are still due.
    """

    def __init__(self, name: str, spec: ExchangeKeeperSpec) -> None:
        self.name = name
        self.spec = spec
        self.address = address_of(name)

    def prepare(self, world: World) -> None:
        """Deploy the contract that it acts through: calls that are no longer due when they run do nothing."""
        world.require_exchange().engine = world.deploy("ExchangeEngine", name="ExchangeEngine")

    def see(self, view: BlockView) -> _Sight:
        """Read unfinished market orders, and accounts and loans at or over a line."""
        exchange = view.exchange.exchange
        open_books = {name: book for name in exchange.books if _meets(book := view.exchange.book(name), view.exchange)}
        unfinished = [
            (name, account) for name in open_books for account, _side, _lots in view.exchange.unfinished(name)
        ]
        accounts, loans = list(self._due_accounts(view.exchange, open_books)), list(self._due_loans(view.exchange))
        sold_into = dict.fromkeys(due.line for due in loans if due.sale_lots and due.line in open_books)
        return _Sight(
            view,
            tuple(unfinished),
            tuple(sorted(accounts, key=lambda due: (-due.account.debt, due.address))),
            tuple(sorted(loans, key=lambda due: (-due.loan.debt, due.address, due.line))),
            {line: sum(lots for _, lots in view.exchange.levels(line, BUY)) for line in sold_into},
        )

    def propose(self, sight: _Sight) -> Sequence[Proposal]:
        """Propose one call per order, account and loan."""
        exchange = sight.view.exchange.exchange
        left = dict(sight.bid_lots)
        proposals: list[Proposal] = []
        # A liquidation that begins cancels the account's orders, the unfinished one among them.
        beginning = {due.address for due in sight.accounts if not due.account.is_liquidating}
        for name, address in sight.unfinished:
            if address not in beginning:
                proposals.append(
                    self._call(
                        sight,
                        "continueMarket",
                        (exchange.books[name].contract.address, address, self.spec.max_fills),
                        intent=Intent.CONTINUE,
                        about=f"{name} {address}",
                        why=f"unfinished order in {name}",
                        whose=address,
                    )
                )
        for due in sight.accounts:
            proposals.append(
                self._call(
                    sight,
                    "liquidateAccount",
                    (exchange.require_margin().address, due.address, self.spec.max_steps, self.spec.max_fills),
                    intent=Intent.LIQUIDATE_ACCOUNT,
                    about=due.address,
                    why=_margin_in_words(due.account),
                    whose=due.address,
                )
            )
            for name, lots in due.lots.items():
                if name in left:
                    left[name] -= lots
        for loan in sight.loans:
            proposals += self._loan_call(sight, loan, left)
        return proposals

    def _due_accounts(self, view: ExchangeView, open_books: dict[str, BookState]) -> Iterator[_DueAccount]:
        exchange = view.exchange
        if not self.spec.accounts or exchange.margin is None:
            return
        slice_bps = exchange.spec.require_margin().rules.slice_bps
        for address in exchange.accounts:
            account = view.account(address)
            if not account.is_liquidating and account.level != _LIQUIDATION:
                continue
            if view.lane_timestamp < account.paused_until:
                continue
            lots = {}
            for name in exchange.collateral:
                book = exchange.books[name]
                held = book.lots(view.balance(address, book.base).total)
                if held and name in open_books and open_books[name].bid:
                    lots[name] = -(-held * slice_bps // BPS)
            waits = account.is_liquidating and not lots and not account.notional and account.equity > 0
            # What has only assets that nobody bids for waits for a bid, or for a price that frees it.
            if not waits or account.level == _FREE:
                yield _DueAccount(address, account, lots)

    def _due_loans(self, view: ExchangeView) -> Iterator[_DueLoan]:
        exchange = view.exchange
        if not self.spec.desk or exchange.spec.desk is None:
            return
        for line, terms in exchange.spec.desk.lines.items():
            if not view.book(line).index:
                continue
            for address in exchange.accounts:
                loan = view.loan(line, address)
                is_over = loan.ltv_bps >= terms.margin_call_ltv_bps
                if not loan.debt or (not is_over and not loan.deadline):
                    continue
                is_late = is_over and loan.deadline != 0 and view.lane_timestamp > loan.deadline
                sells = loan.ltv_bps >= terms.liquidation_ltv_bps or is_late
                sells = sells and view.lane_timestamp >= loan.paused_until
                yield _DueLoan(line, address, loan, sells, view.sale_lots(line, address) if sells else 0)

    def _loan_call(self, sight: _Sight, due: _DueLoan, left: dict[str, int]) -> list[Proposal]:
        exchange, loan = sight.view.exchange.exchange, due.loan
        terms = exchange.spec.require_desk().lines[due.line]
        is_under = loan.ltv_bps < terms.margin_call_ltv_bps
        if due.is_sold and (not due.sale_lots or left.get(due.line, 0) > 0):
            left[due.line] = left.get(due.line, 0) - due.sale_lots
            function, intent, most = "liquidateLoan", Intent.LIQUIDATE_LOAN, [self.spec.max_fills]
        elif is_under and loan.deadline:
            function, intent, most = "endCall", Intent.END_CALL, []
        elif not is_under and not loan.deadline:
            function, intent, most = "callMargin", Intent.MARGIN_CALL, []
        else:
            return []
        arguments = (exchange.require_desk().address, exchange.lines[due.line], due.address, *most)
        about = f"{due.line} {due.address}"
        return [
            self._call(
                sight, function, arguments, intent=intent, about=about, why=_ltv_in_words(loan), whose=due.address
            )
        ]

    def _call(
        self,
        sight: _Sight,
        function: str,
        arguments: tuple[object, ...],
        *,
        intent: Intent,
        about: str,
        why: str,
        whose: str,
    ) -> Proposal:
        engine = sight.view.exchange.exchange.require_engine()
        name = sight.view.world.actors[whose].name
        return Proposal(
            sender=self.address,
            contract=engine,
            function=function,
            arguments=arguments,
            gas_limit=_GAS,
            tip_wei=0,
            intent=intent,
            reason=f"{name}: {why}",
            key=f"{intent} {about}",
        )


def _meets(book: BookState, view: ExchangeView) -> bool:
    """Return whether orders are matched in the exchange's next block."""
    return book.halted_until <= view.lane_timestamp


def _margin_in_words(account: MarginAccount) -> str:
    if not account.maintenance:
        return "owes nothing"
    return f"uniMMR {account.uni_mmr_wad / WAD:.4f}"


def _ltv_in_words(loan: DeskLoan) -> str:
    return f"LTV {loan.ltv_bps / BPS:.2%}" if loan.pledged else "nothing pledged"
