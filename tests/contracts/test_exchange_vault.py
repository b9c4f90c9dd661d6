"""ExchangeVault: what comes in, moves and goes out, and who may do it."""

from __future__ import annotations

from typing import Any

import pytest

from cascade.chain.local import Contract, address_of

from ..conftest import EventReader, Stage
from .exchange_world import EXCHANGE, FEES, OUTSIDER, error

DEPOSITOR, RECEIVER, OPERATOR = address_of("depositor"), address_of("receiver"), address_of("operator")
UNIT = 10**6


class Custody:
    """A vault with an operator, and 100 USDT in the depositor's account; 50 more in the wallet."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.token, self.other = stage.token("USDT", 6), stage.token("ALT", 18)
        self.vault = stage.deploy("ExchangeVault", FEES, EXCHANGE)
        stage.send(self.vault, "setOperator", OPERATOR, True, sender=EXCHANGE)
        stage.fund(self.token, DEPOSITOR, 150 * UNIT, spender=self.vault)
        self.first = self.send("deposit", self.token.address, 100 * UNIT, DEPOSITOR, sender=DEPOSITOR)

    def send(self, function: str, *arguments: Any, sender: str) -> Any:
        return self.stage.send(self.vault, function, *arguments, sender=sender)

    def refusal(self, function: str, *arguments: Any, sender: str) -> str:
        return str(self.stage.refusal(self.vault, function, *arguments, sender=sender))

    def account(self, account: str, token: Contract | None = None) -> list[int]:
        return list(self.stage.view(self.vault, "balanceOf", account, (token or self.token).address))

    def held(self) -> tuple[int, int]:
        """Tokens of the vault, and what its ledger says."""
        total = self.stage.view(self.vault, "totalOf", self.token.address)
        return self.stage.balance(self.token, self.vault), total


@pytest.fixture
def custody(stage: Stage) -> Custody:
    return Custody(stage)


# --- In and out


def test_deposit__own_account__is_free_and_held(custody: Custody, stage: Stage, event: EventReader) -> None:
    assert event(custody.first, "Deposited") == {
        "asset": custody.token.address,
        "payer": DEPOSITOR,
        "account": DEPOSITOR,
        "amount": 100 * UNIT,
    }
    assert custody.account(DEPOSITOR) == [100 * UNIT, 0]
    assert stage.balance(custody.token, DEPOSITOR) == 50 * UNIT
    assert custody.held() == (100 * UNIT, 100 * UNIT)


def test_deposit__for_another__credits_him_and_charges_the_payer(custody: Custody, stage: Stage) -> None:
    custody.send("deposit", custody.token.address, 20 * UNIT, RECEIVER, sender=DEPOSITOR)
    assert custody.account(RECEIVER) == [20 * UNIT, 0]
    assert custody.account(DEPOSITOR) == [100 * UNIT, 0]
    assert stage.balance(custody.token, DEPOSITOR) == 30 * UNIT
    assert custody.held() == (120 * UNIT, 120 * UNIT)


@pytest.mark.parametrize("function", ["deposit", "withdraw"])
def test_transfer__of_nothing__reverts(custody: Custody, function: str) -> None:
    arguments = (custody.token.address, 0, DEPOSITOR)[: 3 if function == "deposit" else 2]
    assert custody.refusal(function, *arguments, sender=DEPOSITOR) == "InvalidAmount"


def test_withdraw__all__pays_and_a_unit_more_reverts(custody: Custody, stage: Stage, event: EventReader) -> None:
    token = custody.token.address
    reason = custody.refusal("withdraw", token, 100 * UNIT + 1, sender=DEPOSITOR)
    assert reason == error("InsufficientBalance", DEPOSITOR, token, 100 * UNIT + 1, 100 * UNIT)

    receipt = custody.send("withdraw", token, 100 * UNIT, sender=DEPOSITOR)

    assert event(receipt, "Withdrawn") == {"asset": token, "account": DEPOSITOR, "amount": 100 * UNIT}
    assert custody.account(DEPOSITOR) == [0, 0]
    assert stage.balance(custody.token, DEPOSITOR) == 150 * UNIT
    assert custody.held() == (0, 0)


def test_withdraw__locked_part__reverts_until_it_is_released(custody: Custody) -> None:
    token = custody.token.address
    custody.send("adjustLock", DEPOSITOR, token, 60 * UNIT, sender=OPERATOR)
    assert custody.account(DEPOSITOR) == [40 * UNIT, 60 * UNIT]
    reason = custody.refusal("withdraw", token, 40 * UNIT + 1, sender=DEPOSITOR)
    assert reason == error("InsufficientBalance", DEPOSITOR, token, 40 * UNIT + 1, 40 * UNIT)
    custody.send("adjustLock", DEPOSITOR, token, -60 * UNIT, sender=OPERATOR)
    custody.send("withdraw", token, 100 * UNIT, sender=DEPOSITOR)


def test_transfers__closed__revert_with_their_own_errors(custody: Custody, event: EventReader) -> None:
    token = custody.token.address
    receipt = custody.send("setTransfers", False, True, sender=EXCHANGE)
    assert event(receipt, "TransfersSet") == {"depositsOpen": False, "withdrawalsOpen": True}
    assert custody.refusal("deposit", token, UNIT, DEPOSITOR, sender=DEPOSITOR) == "DepositsClosed"
    custody.send("withdraw", token, UNIT, sender=DEPOSITOR)

    custody.send("setTransfers", True, False, sender=EXCHANGE)
    assert custody.refusal("withdraw", token, UNIT, sender=DEPOSITOR) == "WithdrawalsClosed"
    custody.send("deposit", token, UNIT, DEPOSITOR, sender=DEPOSITOR)
    custody.send("move", token, DEPOSITOR, RECEIVER, UNIT, sender=OPERATOR)


def test_withdraw__frozen_account__reverts_until_it_is_thawed(custody: Custody, event: EventReader) -> None:
    receipt = custody.send("setFrozen", DEPOSITOR, True, sender=OPERATOR)
    assert event(receipt, "FrozenSet") == {"account": DEPOSITOR, "frozen": True}
    reason = custody.refusal("withdraw", custody.token.address, UNIT, sender=DEPOSITOR)
    assert reason == error("AccountFrozen", DEPOSITOR)
    custody.send("setFrozen", DEPOSITOR, False, sender=OPERATOR)
    custody.send("withdraw", custody.token.address, UNIT, sender=DEPOSITOR)


# --- The ledger


def test_move__free_balance__changes_hands_and_a_unit_more_reverts(custody: Custody, event: EventReader) -> None:
    token = custody.token.address
    reason = custody.refusal("move", token, DEPOSITOR, RECEIVER, 100 * UNIT + 1, sender=OPERATOR)
    assert reason == error("InsufficientBalance", DEPOSITOR, token, 100 * UNIT + 1, 100 * UNIT)

    receipt = custody.send("move", token, DEPOSITOR, RECEIVER, 100 * UNIT, sender=OPERATOR)

    assert event(receipt, "Moved") == {"asset": token, "from": DEPOSITOR, "to": RECEIVER, "amount": 100 * UNIT}
    assert (custody.account(DEPOSITOR), custody.account(RECEIVER)) == ([0, 0], [100 * UNIT, 0])
    assert custody.held() == (100 * UNIT, 100 * UNIT)


def test_pull__by_an_operator__comes_to_him_and_is_refused_as_a_withdrawal_would_be(custody: Custody) -> None:
    token = custody.token.address
    custody.send("pull", token, DEPOSITOR, 30 * UNIT, sender=OPERATOR)
    assert (custody.account(DEPOSITOR), custody.account(OPERATOR)) == ([70 * UNIT, 0], [30 * UNIT, 0])
    custody.send("setFrozen", DEPOSITOR, True, sender=OPERATOR)
    assert custody.refusal("pull", token, DEPOSITOR, 1, sender=OPERATOR) == error("AccountFrozen", DEPOSITOR)
    custody.send("move", token, DEPOSITOR, RECEIVER, 1, sender=OPERATOR)


def test_adjust_lock__one_unit_too_many_in_either_direction__reverts(custody: Custody) -> None:
    token = custody.token.address
    reason = custody.refusal("adjustLock", DEPOSITOR, token, 100 * UNIT + 1, sender=OPERATOR)
    assert reason == error("InsufficientBalance", DEPOSITOR, token, 100 * UNIT + 1, 100 * UNIT)
    custody.send("adjustLock", DEPOSITOR, token, 100 * UNIT, sender=OPERATOR)
    reason = custody.refusal("adjustLock", DEPOSITOR, token, -100 * UNIT - 1, sender=OPERATOR)
    assert reason == error("InsufficientLock", DEPOSITOR, token, 100 * UNIT + 1, 100 * UNIT)


def test_settle_fill__with_fees__each_side_pays_gives_and_gets(custody: Custody, stage: Stage) -> None:
    token, other = custody.token, custody.other
    stage.fund(other, RECEIVER, 10**18, spender=custody.vault)
    custody.send("deposit", other.address, 10**18, RECEIVER, sender=RECEIVER)
    custody.send("adjustLock", DEPOSITOR, token.address, 100 * UNIT, sender=OPERATOR)
    fill = (RECEIVER, DEPOSITOR, other.address, token.address, 4 * 10**17, 30 * UNIT, 10**15, UNIT)

    custody.send("settleFill", fill, sender=OPERATOR)

    assert custody.account(DEPOSITOR) == [0, 70 * UNIT]
    assert custody.account(DEPOSITOR, other) == [4 * 10**17 - 10**15, 0]
    assert custody.account(RECEIVER) == [29 * UNIT, 0]
    assert custody.account(RECEIVER, other) == [6 * 10**17, 0]
    assert (custody.account(FEES), custody.account(FEES, other)) == ([UNIT, 0], [10**15, 0])


def test_settle_fill__more_than_the_maker_locked__reverts(custody: Custody) -> None:
    token = custody.token.address
    custody.send("adjustLock", DEPOSITOR, token, 10 * UNIT, sender=OPERATOR)
    fill = (RECEIVER, DEPOSITOR, custody.other.address, token, 0, 10 * UNIT + 1, 0, 0)
    reason = custody.refusal("settleFill", fill, sender=OPERATOR)
    assert reason == error("InsufficientLock", DEPOSITOR, token, 10 * UNIT + 1, 10 * UNIT)


def test_balances__two_assets__free_and_locked_in_turn(custody: Custody, stage: Stage) -> None:
    custody.send("adjustLock", DEPOSITOR, custody.token.address, UNIT, sender=OPERATOR)
    assets = [custody.token.address, custody.other.address]
    words = [99 * UNIT, UNIT, 0, 0]
    assert stage.view(custody.vault, "balances", DEPOSITOR, assets) == words
    assert stage.view(custody.vault, "balances", DEPOSITOR, assets[::-1] + assets) == words[2:] + words[:2] + words
    assert stage.view(custody.vault, "holding", DEPOSITOR, assets[0]) == 100 * UNIT


# --- Who may


@pytest.mark.parametrize("function", ["move", "pull", "adjustLock", "settleFill", "setFrozen"])
def test_operator_action__by_anyone_else__reverts(custody: Custody, function: str) -> None:
    token, nobody = custody.token.address, OUTSIDER
    arguments = {
        "move": (token, DEPOSITOR, nobody, 1),
        "pull": (token, DEPOSITOR, 1),
        "adjustLock": (DEPOSITOR, token, 1),
        "settleFill": ((nobody, DEPOSITOR, token, token, 0, 1, 0, 0),),
        "setFrozen": (DEPOSITOR, True),
    }[function]
    assert custody.refusal(function, *arguments, sender=nobody) == error("CallerNotOperator", nobody)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [("setOperator", (OUTSIDER, True)), ("setGuard", (OUTSIDER,)), ("setTransfers", (True, True))],
)
def test_owner_action__by_an_operator__reverts(custody: Custody, function: str, arguments: tuple[Any, ...]) -> None:
    assert custody.refusal(function, *arguments, sender=OPERATOR) == error("OwnableUnauthorizedAccount", OPERATOR)


def test_operator__dismissed__is_refused(custody: Custody, event: EventReader) -> None:
    receipt = custody.send("setOperator", OPERATOR, False, sender=EXCHANGE)
    assert event(receipt, "OperatorSet") == {"operator": OPERATOR, "allowed": False}
    reason = custody.refusal("setFrozen", DEPOSITOR, True, sender=OPERATOR)
    assert reason == error("CallerNotOperator", OPERATOR)


@pytest.mark.parametrize(("maker_fee", "taker_fee"), [(0, 0), (1, 0), (0, 1), (1, 1), (2, 2)])
def test_settle_fill__fees_of_a_unit_or_two__all_come_to_the_fee_account(
    custody: Custody, stage: Stage, maker_fee: int, taker_fee: int
) -> None:
    token, other = custody.token, custody.other
    stage.fund(other, RECEIVER, 10, spender=custody.vault)
    custody.send("deposit", other.address, 10, RECEIVER, sender=RECEIVER)
    custody.send("adjustLock", DEPOSITOR, token.address, 10, sender=OPERATOR)
    fill = (RECEIVER, DEPOSITOR, other.address, token.address, 10, 10, maker_fee, taker_fee)
    custody.send("settleFill", fill, sender=OPERATOR)
    assert (custody.account(DEPOSITOR, other), custody.account(FEES, other)) == ([10 - maker_fee, 0], [maker_fee, 0])
    assert (custody.account(RECEIVER), custody.account(FEES)) == ([10 - taker_fee, 0], [taker_fee, 0])


def test_settle_fill__more_than_the_taker_has__reverts(custody: Custody) -> None:
    token = custody.token.address
    custody.send("adjustLock", DEPOSITOR, token, 10, sender=OPERATOR)
    fill = (RECEIVER, DEPOSITOR, custody.other.address, token, 1, 10, 0, 0)
    reason = custody.refusal("settleFill", fill, sender=OPERATOR)
    assert reason == error("InsufficientBalance", RECEIVER, custody.other.address, 1, 0)


@pytest.mark.parametrize("change", [1, -1])
def test_adjust_lock__one_unit_and_back__moves_it(custody: Custody, change: int) -> None:
    token = custody.token.address
    custody.send("adjustLock", DEPOSITOR, token, 50, sender=OPERATOR)
    custody.send("adjustLock", DEPOSITOR, token, change, sender=OPERATOR)
    assert custody.account(DEPOSITOR) == [100 * UNIT - 50 - change, 50 + change]
    custody.send("adjustLock", DEPOSITOR, token, 0, sender=OPERATOR)
    assert custody.account(DEPOSITOR) == [100 * UNIT - 50 - change, 50 + change]


def test_set_guard__anything__is_told_and_asked_from_then_on(custody: Custody, event: EventReader) -> None:
    receipt = custody.send("setGuard", custody.token.address, sender=EXCHANGE)
    assert event(receipt, "GuardSet") == {"guard": custody.token.address}
    # A token answers no guard's question.
    assert not custody.stage.attempt(custody.vault, "withdraw", custody.token.address, 1, sender=DEPOSITOR).ok


def test_balance__largest_and_one_more__is_held_and_refused(custody: Custody, stage: Stage) -> None:
    most = 2**128 - 1
    stage.fund(custody.other, RECEIVER, most + 1, spender=custody.vault)
    custody.send("deposit", custody.other.address, most, RECEIVER, sender=RECEIVER)
    assert stage.view(custody.vault, "holding", RECEIVER, custody.other.address) == most
    assert not stage.attempt(custody.vault, "deposit", custody.other.address, 1, RECEIVER, sender=RECEIVER).ok
