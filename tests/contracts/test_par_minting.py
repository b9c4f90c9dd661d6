"""USDe and its minting at par: who may mint, what is paid, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from cascade.chain.local import address_of

OWNER, MINTER, HOLDER = address_of("owner"), address_of("minter"), address_of("holder")
OTHER = address_of("beneficiary")
ZERO = "0x" + "0" * 40


@pytest.fixture
def usde(stage: Any) -> Any:
    return stage.deploy("USDe", OWNER)


@pytest.fixture
def usdc(stage: Any) -> Any:
    return stage.token("USDC", 6)


@pytest.fixture
def minting(stage: Any, usde: Any, usdc: Any) -> Any:
    minting = stage.deploy("ParMinting", usde.address, usdc.address, OWNER)
    stage.send(usde, "setMinter", minting.address, sender=OWNER)
    stage.fund(usdc, HOLDER, 1_000_000 * 10**6, spender=minting)
    stage.send(usde, "approve", minting.address, 2**256 - 1, sender=HOLDER)
    return minting


def test_set_minter__owner__replaces_and_says_so(stage: Any, usde: Any, event: Any) -> None:
    receipt = stage.send(usde, "setMinter", MINTER, sender=OWNER)
    assert event(receipt, "MinterUpdated") == {"newMinter": MINTER, "oldMinter": ZERO}
    assert stage.view(usde, "minter") == MINTER
    stage.send(usde, "mint", HOLDER, 5, sender=MINTER)
    assert stage.balance(usde, HOLDER) == 5


def test_set_minter__anyone_else__reverts(stage: Any, usde: Any) -> None:
    reason = stage.refusal(usde, "setMinter", MINTER, sender=MINTER)
    assert reason.lower() == f"OwnableUnauthorizedAccount({MINTER})".lower()


def test_usde_mint__not_the_minter__reverts(stage: Any, usde: Any) -> None:
    assert stage.refusal(usde, "mint", HOLDER, 5, sender=OWNER) == "OnlyMinter"


def test_usde_renounce_ownership__owner__reverts(stage: Any, usde: Any) -> None:
    assert stage.refusal(usde, "renounceOwnership", sender=OWNER) == "CantRenounceOwnership"


def test_usde_burn__holder__supply_falls(stage: Any, usde: Any) -> None:
    stage.send(usde, "setMinter", MINTER, sender=OWNER)
    stage.send(usde, "mint", HOLDER, 5, sender=MINTER)
    stage.send(usde, "burn", 2, sender=HOLDER)
    assert (stage.balance(usde, HOLDER), stage.view(usde, "totalSupply")) == (3, 3)
    assert stage.refusal(usde, "burnFrom", HOLDER, 1, sender=OTHER).startswith("ERC20InsufficientAllowance")


def test_mint__collateral__usde_at_par_to_the_beneficiary(
    stage: Any, usde: Any, usdc: Any, minting: Any, event: Any
) -> None:
    receipt = stage.send(minting, "mint", 123_456_789, OTHER, sender=HOLDER)
    assert event(receipt, "Mint") == {
        "benefactor": HOLDER, "beneficiary": OTHER, "collateral_asset": usdc.address,
        "collateral_amount": 123_456_789, "usde_amount": 123_456_789 * 10**12,
    }  # fmt: skip
    assert stage.balance(usde, OTHER) == 123_456_789 * 10**12
    assert stage.balance(usdc, HOLDER) == 1_000_000 * 10**6 - 123_456_789
    assert stage.balance(usdc, minting) == 123_456_789


def test_redeem__odd_amount__burns_all_and_rounds_the_payment_down(
    stage: Any, usde: Any, usdc: Any, minting: Any, event: Any
) -> None:
    stage.send(minting, "mint", 1000 * 10**6, HOLDER, sender=HOLDER)
    amount = 5 * 10**12 + 999_999_999_999

    receipt = stage.send(minting, "redeem", amount, OTHER, sender=HOLDER)

    assert event(receipt, "Redeem") == {
        "benefactor": HOLDER, "beneficiary": OTHER, "collateral_asset": usdc.address,
        "collateral_amount": 5, "usde_amount": amount,
    }  # fmt: skip
    assert stage.balance(usdc, OTHER) == 5
    assert stage.balance(usde, HOLDER) == 1000 * 10**18 - amount == stage.view(usde, "totalSupply")
    assert stage.balance(usdc, minting) == 1000 * 10**6 - 5


def test_redeem__less_than_one_unit_of_collateral__reverts_and_one_unit_works(stage: Any, minting: Any) -> None:
    stage.send(minting, "mint", 10**6, HOLDER, sender=HOLDER)
    assert stage.refusal(minting, "redeem", 10**12 - 1, HOLDER, sender=HOLDER) == "InvalidAmount"
    stage.send(minting, "redeem", 10**12, HOLDER, sender=HOLDER)


def test_mint__zero__reverts(stage: Any, minting: Any) -> None:
    assert stage.refusal(minting, "mint", 0, HOLDER, sender=HOLDER) == "InvalidAmount"


def test_redeem__closed_then_open__refused_then_paid(stage: Any, minting: Any, event: Any) -> None:
    stage.send(minting, "mint", 10**6, HOLDER, sender=HOLDER)
    receipt = stage.send(minting, "setRedemptionOpen", False, sender=OWNER)
    assert event(receipt, "RedemptionOpenSet") == {"open": False}
    assert stage.refusal(minting, "redeem", 10**18, HOLDER, sender=HOLDER) == "RedemptionClosed"
    stage.send(minting, "setRedemptionOpen", True, sender=OWNER)
    stage.send(minting, "redeem", 10**18, HOLDER, sender=HOLDER)


def test_set_redemption_open__anyone_else__reverts(stage: Any, minting: Any) -> None:
    reason = stage.refusal(minting, "setRedemptionOpen", False, sender=HOLDER)
    assert reason.startswith("OwnableUnauthorizedAccount")
