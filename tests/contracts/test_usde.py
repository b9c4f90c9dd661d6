"""USDe: which account may mint and burn it, and which may appoint that account."""

from __future__ import annotations

import pytest

from cascade.chain.local import Contract, address_of

from ..conftest import EventReader, Stage

OWNER, MINTER, HOLDER = address_of("owner"), address_of("minter"), address_of("holder")
OTHER = address_of("beneficiary")
ZERO = "0x" + "0" * 40


@pytest.fixture
def usde(stage: Stage) -> Contract:
    return stage.deploy("USDe", OWNER)


def test_set_minter__owner__replaces_and_emits_the_event(stage: Stage, usde: Contract, event: EventReader) -> None:
    receipt = stage.send(usde, "setMinter", MINTER, sender=OWNER)
    assert event(receipt, "MinterUpdated") == {"newMinter": MINTER, "oldMinter": ZERO}
    assert stage.view(usde, "minter") == MINTER
    stage.send(usde, "mint", HOLDER, 5, sender=MINTER)
    assert stage.balance(usde, HOLDER) == 5


def test_set_minter__anyone_else__reverts(stage: Stage, usde: Contract) -> None:
    reason = stage.refusal(usde, "setMinter", MINTER, sender=MINTER)
    assert reason.lower() == f"OwnableUnauthorizedAccount({MINTER})".lower()


def test_usde_mint__not_the_minter__reverts(stage: Stage, usde: Contract) -> None:
    assert stage.refusal(usde, "mint", HOLDER, 5, sender=OWNER) == "OnlyMinter"


def test_usde_renounce_ownership__owner__reverts(stage: Stage, usde: Contract) -> None:
    assert stage.refusal(usde, "renounceOwnership", sender=OWNER) == "CantRenounceOwnership"


def test_usde_renounce_ownership__anyone_else__reverts_as_any_action_of_the_owner(stage: Stage, usde: Contract) -> None:
    reason = stage.refusal(usde, "renounceOwnership", sender=OTHER)
    assert reason.lower() == f"OwnableUnauthorizedAccount({OTHER})".lower()


def test_usde_burn__holder__supply_falls(stage: Stage, usde: Contract) -> None:
    stage.send(usde, "setMinter", MINTER, sender=OWNER)
    stage.send(usde, "mint", HOLDER, 5, sender=MINTER)
    stage.send(usde, "burn", 2, sender=HOLDER)
    assert (stage.balance(usde, HOLDER), stage.view(usde, "totalSupply")) == (3, 3)
    assert stage.refusal(usde, "burnFrom", HOLDER, 1, sender=OTHER).startswith("ERC20InsufficientAllowance")
