"""StakedUSDe: shares, rewards that vest over 8 hours, the cooldown and its silo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from eth_utils import keccak

from cascade.chain.abi import Interface
from cascade.chain.artifacts import load_artifacts
from cascade.chain.local import Contract, address_of

from ..conftest import EventReader, Stage

ADMIN, REWARDER = address_of("vault-admin"), address_of("rewarder")
STAKER, SECOND_STAKER, RECEIVER = address_of("staker"), address_of("second-staker"), address_of("receiver")
ZERO = "0x" + "0" * 40
USDE = 10**18
HOURS, DAYS = 3600, 24 * 3600
VESTING = 8 * HOURS
START = 100_000 * USDE
"""USDe that each staker and the rewarder begin with."""


@dataclass(frozen=True)
class Vault:
    stage: Stage
    usde: Contract
    susde: Contract
    silo: Contract

    def stake(self, account: str, assets: int) -> Any:
        return self.stage.send(self.susde, "deposit", assets, account, sender=account)

    def reward(self, amount: int, *, timestamp: int | None = None) -> int:
        """Pay rewards in; when."""
        self.stage.send(self.susde, "transferInRewards", amount, sender=REWARDER, timestamp=timestamp)
        return int(self.stage.chain.timestamp)

    def view(self, function: str, *arguments: Any, timestamp: int | None = None) -> Any:
        return self.stage.view(self.susde, function, *arguments, timestamp=timestamp)

    def refusal(self, function: str, *arguments: Any, sender: str) -> str:
        return str(self.stage.refusal(self.susde, function, *arguments, sender=sender))

    def balances(self, token: Contract, *accounts: Any) -> list[int]:
        return [self.stage.balance(token, account) for account in accounts]


@pytest.fixture
def vault(stage: Stage) -> Vault:
    usde = stage.deploy("USDe", ADMIN)
    stage.send(usde, "setMinter", ADMIN, sender=ADMIN)
    susde = stage.deploy("StakedUSDe", usde.address, REWARDER, ADMIN)
    silo = Contract(stage.view(susde, "silo"), Interface("USDeSilo", load_artifacts()["USDeSilo"].interface.abi))
    stage.chain.know(silo)
    for account in (STAKER, SECOND_STAKER, REWARDER):
        stage.send(usde, "mint", account, START, sender=ADMIN)
        stage.send(usde, "approve", susde.address, 2**256 - 1, sender=account)
    return Vault(stage, usde, susde, silo)


# --- Deposits


def test_deposit__first__mints_one_share_per_asset(vault: Vault, event: EventReader) -> None:
    receipt = vault.stake(STAKER, 1000 * USDE)

    assert event(receipt, "Deposit") == {
        "sender": STAKER,
        "owner": STAKER,
        "assets": 1000 * USDE,
        "shares": 1000 * USDE,
    }
    assert vault.balances(vault.usde, STAKER, vault.susde) == [START - 1000 * USDE, 1000 * USDE]
    assert vault.balances(vault.susde, STAKER) == [1000 * USDE] == [vault.view("totalSupply")]
    assert vault.view("totalAssets") == 1000 * USDE
    assert (vault.view("decimals"), vault.view("symbol"), vault.view("asset")) == (18, "sUSDe", vault.usde.address)


def test_deposit__while_rewards_vest__buys_at_the_vested_price_rounded_down(vault: Vault) -> None:
    vault.stake(STAKER, 1000 * USDE)
    start = vault.reward(80 * USDE)

    vault.stage.send(
        vault.susde, "deposit", 500 * USDE, SECOND_STAKER, sender=SECOND_STAKER, timestamp=start + 2 * HOURS
    )

    # A quarter has vested: 1,020 USDe stand behind 1,000 shares; one virtual share and asset round against the buyer.
    shares = 500 * USDE * (1000 * USDE + 1) // (1020 * USDE + 1)
    assert vault.balances(vault.susde, SECOND_STAKER) == [shares]


@pytest.mark.parametrize("function", ["deposit", "mint"])
def test_deposit__zero__reverts(vault: Vault, function: str) -> None:
    assert vault.refusal(function, 0, STAKER, sender=STAKER) == "InvalidAmount"


def test_deposit__less_than_a_whole_share_in_total__reverts_and_one_works(vault: Vault) -> None:
    assert vault.refusal("deposit", USDE - 1, STAKER, sender=STAKER) == "MinSharesViolation"
    vault.stake(STAKER, USDE)


def test_cooldown__that_would_leave_less_than_a_whole_share__reverts_and_all_or_one_left_works(vault: Vault) -> None:
    vault.stake(STAKER, 3 * USDE)
    assert vault.refusal("cooldownShares", 2 * USDE + 1, sender=STAKER) == "MinSharesViolation"
    vault.stage.send(vault.susde, "cooldownShares", 2 * USDE, sender=STAKER)
    vault.stage.send(vault.susde, "cooldownShares", USDE, sender=STAKER)
    assert (vault.view("totalSupply"), vault.view("totalAssets")) == (0, 0)


# --- Rewards


def test_rewards__vest_linearly__nothing_at_once_all_after_eight_hours(vault: Vault, event: EventReader) -> None:
    vault.stake(STAKER, 1000 * USDE)
    amount = 7 * USDE + 1

    receipt = vault.stage.send(vault.susde, "transferInRewards", amount, sender=REWARDER)

    assert event(receipt, "RewardsReceived") == {"amount": amount}
    assert vault.balances(vault.usde, REWARDER, vault.susde) == [START - amount, 1000 * USDE + amount]
    start = vault.stage.chain.timestamp
    assert (vault.view("vestingAmount"), vault.view("lastDistributionTimestamp")) == (amount, start)
    for elapsed in (0, 1, HOURS, VESTING - 1, VESTING, VESTING + 1):
        unvested = amount * max(VESTING - elapsed, 0) // VESTING
        assert vault.view("getUnvestedAmount", timestamp=start + elapsed) == unvested
        assert vault.view("totalAssets", timestamp=start + elapsed) == 1000 * USDE + amount - unvested


def test_rewards__a_second_before_the_last_have_vested__revert_and_on_time_work(vault: Vault) -> None:
    vault.stake(STAKER, 1000 * USDE)
    start = vault.reward(8 * USDE)
    early = vault.stage.attempt(vault.susde, "transferInRewards", USDE, sender=REWARDER, timestamp=start + VESTING - 1)
    assert early.revert_reason == "StillVesting"
    vault.reward(USDE, timestamp=start + VESTING)
    assert vault.view("totalAssets") == 1008 * USDE


def test_rewards__by_another_account_or_of_zero__revert(vault: Vault) -> None:
    role = keccak(text="REWARDER_ROLE").hex()
    reason = vault.refusal("transferInRewards", 1, sender=STAKER)
    assert reason.lower().startswith(f"AccessControlUnauthorizedAccount({STAKER}".lower())
    assert vault.refusal("transferInRewards", 0, sender=REWARDER) == "InvalidAmount"
    assert vault.view("REWARDER_ROLE").hex() == role


# --- Cooldown on


def test_withdraw_and_redeem__cooldown_on__revert(vault: Vault) -> None:
    vault.stake(STAKER, 1000 * USDE)
    assert vault.view("cooldownDuration") == 7 * DAYS
    for function in ("withdraw", "redeem"):
        assert vault.refusal(function, USDE, STAKER, STAKER, sender=STAKER) == "OperationNotAllowed"


def test_cooldown_shares__after_rewards__moves_their_worth_to_the_silo(vault: Vault, event: EventReader) -> None:
    vault.stake(STAKER, 1000 * USDE)
    start = vault.reward(10 * USDE)
    shares = 333 * USDE + 7
    assets = shares * (1010 * USDE + 1) // (1000 * USDE + 1)
    when = start + VESTING

    receipt = vault.stage.send(vault.susde, "cooldownShares", shares, sender=STAKER, timestamp=when)

    assert event(receipt, "Withdraw") == {
        "sender": STAKER,
        "receiver": vault.silo.address,
        "owner": STAKER,
        "assets": assets,
        "shares": shares,
    }
    assert vault.balances(vault.susde, STAKER) == [1000 * USDE - shares] == [vault.view("totalSupply")]
    assert vault.balances(vault.usde, vault.silo, vault.susde) == [assets, 1010 * USDE - assets]
    assert vault.view("cooldowns", STAKER) == (when + 7 * DAYS, assets)


def test_cooldown_assets__after_rewards__burns_shares_rounded_up(vault: Vault, event: EventReader) -> None:
    vault.stake(STAKER, 1000 * USDE)
    start = vault.reward(10 * USDE)
    assets = 333 * USDE + 7
    shares = -(-assets * (1000 * USDE + 1) // (1010 * USDE + 1))

    receipt = vault.stage.send(vault.susde, "cooldownAssets", assets, sender=STAKER, timestamp=start + VESTING)

    assert event(receipt, "Withdraw")["shares"] == shares
    assert vault.balances(vault.susde, STAKER) == [1000 * USDE - shares]
    assert vault.balances(vault.usde, vault.silo, vault.susde) == [assets, 1010 * USDE - assets]
    assert vault.view("cooldowns", STAKER) == (start + VESTING + 7 * DAYS, assets)


def test_cooldown__more_than_is_there__reverts_and_all_works(vault: Vault) -> None:
    vault.stake(STAKER, 1000 * USDE)
    assert vault.refusal("cooldownShares", 1000 * USDE + 1, sender=STAKER) == "ExcessiveRedeemAmount"
    assert vault.refusal("cooldownAssets", 1000 * USDE + 1, sender=STAKER) == "ExcessiveWithdrawAmount"
    assert vault.refusal("cooldownShares", 0, sender=STAKER) == "InvalidAmount"
    vault.stage.send(vault.susde, "cooldownShares", 1000 * USDE, sender=STAKER)


def test_unstake__a_second_early_and_on_time__reverts_and_pays_all(vault: Vault) -> None:
    vault.stake(STAKER, 1000 * USDE)
    vault.stage.send(vault.susde, "cooldownShares", 400 * USDE, sender=STAKER)
    end = vault.stage.chain.timestamp + 7 * DAYS

    early = vault.stage.attempt(vault.susde, "unstake", RECEIVER, sender=STAKER, timestamp=end - 1)
    assert early.revert_reason == "InvalidCooldown"
    vault.stage.send(vault.susde, "unstake", RECEIVER, sender=STAKER, timestamp=end)

    assert vault.balances(vault.usde, RECEIVER, vault.silo, vault.susde) == [400 * USDE, 0, 600 * USDE]
    assert vault.view("cooldowns", STAKER) == (0, 0)


def test_cooldown__second_call__restarts_the_period_for_everything(vault: Vault) -> None:
    vault.stake(STAKER, 1000 * USDE)
    vault.stage.send(vault.susde, "cooldownShares", 400 * USDE, sender=STAKER)
    second = vault.stage.chain.timestamp + 6 * DAYS

    vault.stage.send(vault.susde, "cooldownAssets", 100 * USDE, sender=STAKER, timestamp=second)

    assert vault.view("cooldowns", STAKER) == (second + 7 * DAYS, 500 * USDE)
    early = vault.stage.attempt(vault.susde, "unstake", STAKER, sender=STAKER, timestamp=second + 7 * DAYS - 1)
    assert early.revert_reason == "InvalidCooldown"


def test_silo__while_the_cooldown_runs__earns_nothing(vault: Vault) -> None:
    vault.stake(STAKER, 1000 * USDE)
    vault.stake(SECOND_STAKER, 1000 * USDE)
    vault.stage.send(vault.susde, "cooldownShares", 1000 * USDE, sender=STAKER)
    start = vault.reward(50 * USDE)

    vault.stage.send(vault.susde, "unstake", STAKER, sender=STAKER, timestamp=start + 7 * DAYS)

    assert vault.balances(vault.usde, STAKER) == [START]
    assert vault.view("convertToAssets", 1000 * USDE) == 1000 * USDE * (1050 * USDE + 1) // (1000 * USDE + 1)


def test_unstake__nothing_waits__pays_nothing(vault: Vault) -> None:
    vault.stage.send(vault.susde, "unstake", RECEIVER, sender=STAKER)
    assert vault.balances(vault.usde, RECEIVER) == [0]


def test_silo__anyone_else__reverts(vault: Vault) -> None:
    assert vault.stage.refusal(vault.silo, "withdraw", STAKER, 0, sender=STAKER) == "OnlyStakingVault"


# --- Cooldown off


def test_cooldown_off__withdraw_pays_at_once_and_cooldowns_are_closed(vault: Vault, event: EventReader) -> None:
    vault.stake(STAKER, 1000 * USDE)
    receipt = vault.stage.send(vault.susde, "setCooldownDuration", 0, sender=ADMIN)
    assert event(receipt, "CooldownDurationUpdated") == {"previousDuration": 7 * DAYS, "newDuration": 0}

    vault.stage.send(vault.susde, "withdraw", 300 * USDE, RECEIVER, STAKER, sender=STAKER)
    vault.stage.send(vault.susde, "redeem", 200 * USDE, RECEIVER, STAKER, sender=STAKER)

    assert vault.balances(vault.usde, RECEIVER, vault.susde) == [500 * USDE, 500 * USDE]
    assert vault.balances(vault.susde, STAKER) == [500 * USDE]
    for function in ("cooldownShares", "cooldownAssets"):
        assert vault.refusal(function, USDE, sender=STAKER) == "OperationNotAllowed"


def test_unstake__cooldown_switched_off_meanwhile__pays_at_once(vault: Vault) -> None:
    vault.stake(STAKER, 1000 * USDE)
    vault.stage.send(vault.susde, "cooldownShares", 400 * USDE, sender=STAKER)
    vault.stage.send(vault.susde, "setCooldownDuration", 0, sender=ADMIN)

    vault.stage.send(vault.susde, "unstake", STAKER, sender=STAKER)

    assert vault.balances(vault.usde, STAKER, vault.silo) == [START - 600 * USDE, 0]


def test_set_cooldown_duration__over_ninety_days_or_by_another__reverts(vault: Vault) -> None:
    assert vault.refusal("setCooldownDuration", 90 * DAYS + 1, sender=ADMIN) == "InvalidCooldown"
    vault.stage.send(vault.susde, "setCooldownDuration", 90 * DAYS, sender=ADMIN)
    assert vault.refusal("setCooldownDuration", 0, sender=STAKER).startswith("AccessControlUnauthorizedAccount")


def test_constructor__address_zero__reverts(vault: Vault) -> None:
    for arguments in ((ZERO, REWARDER, ADMIN), (vault.usde.address, ZERO, ADMIN), (vault.usde.address, REWARDER, ZERO)):
        with pytest.raises(Exception, match="InvalidZeroAddress"):
            vault.stage.deploy("StakedUSDe", *arguments)


def test_deposit__of_one_share_and_of_none__works_and_reverts(vault: Vault) -> None:
    vault.stake(STAKER, 1000 * USDE)
    vault.stake(SECOND_STAKER, 1)
    assert vault.view("balanceOf", SECOND_STAKER) == 1
    paid_at = vault.reward(1000 * USDE)
    # Two assets a share once the reward has vested: one unit buys no share.
    vault.stage.chain.mine([], timestamp=paid_at + VESTING)
    assert vault.refusal("deposit", 1, SECOND_STAKER, sender=SECOND_STAKER) == "InvalidAmount"
    vault.stake(SECOND_STAKER, 2)
    assert vault.view("balanceOf", SECOND_STAKER) == 2


@pytest.mark.parametrize("function", ["cooldownAssets", "cooldownShares"])
def test_cooldown__of_all_and_of_a_unit_more__works_and_reverts(vault: Vault, function: str) -> None:
    vault.stake(STAKER, 1000 * USDE)
    reason = "ExcessiveWithdrawAmount" if function == "cooldownAssets" else "ExcessiveRedeemAmount"
    assert vault.refusal(function, 1000 * USDE + 1, sender=STAKER) == reason
    vault.stage.send(vault.susde, function, 1000 * USDE, sender=STAKER)
    assert vault.balances(vault.usde, vault.silo) == [1000 * USDE]
    assert vault.view("totalSupply") == 0
