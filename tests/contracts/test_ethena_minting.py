"""EthenaMinting: signed orders, the direct way, limits a block, fees, buffer, custody, roles."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils import keccak

from cascade.chain.local import Contract, Transaction, address_of

from ..conftest import EventReader, Stage

ADMIN, SENDER, GATEKEEPER = address_of("minting-admin"), address_of("order-sender"), address_of("gatekeeper")
CUSTODIAN, SECOND_CUSTODIAN = address_of("custodian"), address_of("second-custodian")
BENEFICIARY, OUTSIDER = address_of("beneficiary"), address_of("outsider")
LOOPER = address_of("looper")
ZERO = "0x" + "0" * 40
USDE, USDC = 10**18, 10**6
NO_LIMIT = 2**256 - 1
MINT, REDEEM = 0, 1
PENDING, ACCEPTED = 1, 2
DIRECT_MINT, DIRECT_REDEEM = "mint(uint256,address)", "redeem(uint256,address)"
MINTER_ROLE, REDEEMER_ROLE = keccak(text="MINTER_ROLE"), keccak(text="REDEEMER_ROLE")
GATEKEEPER_ROLE = keccak(text="GATEKEEPER_ROLE")
ORDER_FIELDS = [
    ("order_type", "uint8"),
    ("expiry", "uint256"),
    ("nonce", "uint256"),
    ("benefactor", "address"),
    ("beneficiary", "address"),
    ("collateral_asset", "address"),
    ("collateral_amount", "uint256"),
    ("usde_amount", "uint256"),
]


@dataclass(frozen=True)
class Order:
    order_type: int
    expiry: int
    nonce: int
    benefactor: str
    beneficiary: str
    collateral_asset: str
    collateral_amount: int
    usde_amount: int


@dataclass(frozen=True)
class Primary:
    """USDe's primary market: 100 M USDC with the looper, 1 M USDC and 10 WETH with the signer."""

    stage: Stage
    minting: Contract
    usde: Contract
    usdc: Contract
    weth: Contract
    signer: LocalAccount

    def order(self, **changes: Any) -> Order:
        order = Order(
            MINT,
            self.stage.chain.timestamp + 100,
            7,
            self.signer.address,
            BENEFICIARY,
            self.usdc.address,
            1000 * USDC,
            999 * USDE,
        )
        return replace(order, **changes)

    def sign(self, order: Order, signer: LocalAccount | None = None) -> tuple[int, bytes]:
        domain = {"name": "EthenaMinting", "version": "1", "chainId": 31337, "verifyingContract": self.minting.address}
        types = {"Order": [{"name": name, "type": kind} for name, kind in ORDER_FIELDS]}
        signed = Account.sign_typed_data((signer or self.signer).key, domain, types, vars(order))
        return 0, bytes(signed.signature)

    def send_mint(self, order: Order, *, signature: Any = None, route: Any = None, **options: Any) -> Any:
        arguments = (astuple(order), route or ([CUSTODIAN], [10_000]), signature or self.sign(order))
        return self.stage.attempt(self.minting, "mint", *arguments, sender=options.pop("sender", SENDER), **options)

    def send_redeem(self, order: Order, *, signature: Any = None, **options: Any) -> Any:
        data = self.minting.encode(SIGNED_REDEEM, astuple(order), signature or self.sign(order))
        sender = options.pop("sender", SENDER)
        self.stage.chain.fund([sender])
        transaction = Transaction(sender, self.minting.address, data, 30_000_000)
        timestamp = options.pop("timestamp", self.stage.chain.timestamp + 1)
        return self.stage.chain.mine([transaction], timestamp=timestamp).receipts[0]

    def in_one_block(self, *calls: tuple[str, int]) -> list[Any]:
        """Direct calls of the looper, in order, in the next block."""
        self.stage.chain.fund([LOOPER])
        transactions = [
            Transaction(LOOPER, self.minting.address, self.minting.encode(function, amount, LOOPER), 1_000_000)
            for function, amount in calls
        ]
        return list(self.stage.chain.mine(transactions, timestamp=self.stage.chain.timestamp + 1).receipts)

    def balances(self, token: Contract, *accounts: Any) -> list[int]:
        return [self.stage.balance(token, account) for account in accounts]


ORDER_TYPE = "(" + ",".join(kind for _, kind in ORDER_FIELDS) + ")"
SIGNED_REDEEM = f"redeem({ORDER_TYPE},(uint8,bytes))"


@pytest.fixture
def primary(stage: Stage) -> Primary:
    usde = stage.deploy("USDe", ADMIN)
    usdc, weth = stage.token("USDC", 6), stage.token("WETH", 18)
    minting = stage.deploy(
        "EthenaMinting", usde.address, usdc.address, [CUSTODIAN, SECOND_CUSTODIAN], ADMIN, NO_LIMIT, NO_LIMIT
    )
    stage.send(usde, "setMinter", minting.address, sender=ADMIN)
    for role, account in ((MINTER_ROLE, SENDER), (REDEEMER_ROLE, SENDER), (GATEKEEPER_ROLE, GATEKEEPER)):
        stage.send(minting, "grantRole", role, account, sender=ADMIN)
    stage.send(minting, "addWhitelistedBenefactor", LOOPER, sender=ADMIN)
    stage.send(minting, "addSupportedAsset", weth.address, sender=ADMIN)
    signer = Account.from_key(keccak(text="benefactor who signs"))
    stage.fund(usdc, LOOPER, 100_000_000 * USDC, spender=minting)
    stage.fund(usdc, signer.address, 1_000_000 * USDC, spender=minting)
    stage.fund(weth, signer.address, 10 * 10**18, spender=minting)
    for account in (LOOPER, signer.address):
        stage.send(usde, "approve", minting.address, NO_LIMIT, sender=account)
    return Primary(stage, minting, usde, usdc, weth, signer)


# --- Direct: mint


def test_direct_mint__whitelisted__par_to_the_beneficiary_and_collateral_in_the_buffer(
    primary: Primary, event: EventReader
) -> None:
    paid = 123_456_789
    assert primary.stage.view(primary.minting, "previewMint", paid) == paid * 10**12

    receipt = primary.stage.send(primary.minting, DIRECT_MINT, paid, BENEFICIARY, sender=LOOPER)

    assert event(receipt, "Mint") == {
        "minter": LOOPER,
        "benefactor": LOOPER,
        "beneficiary": BENEFICIARY,
        "collateral_asset": primary.usdc.address,
        "collateral_amount": paid,
        "usde_amount": paid * 10**12,
    }
    assert primary.balances(primary.usdc, LOOPER, primary.minting) == [100_000_000 * USDC - paid, paid]
    assert primary.balances(primary.usde, LOOPER, BENEFICIARY) == [0, paid * 10**12]
    assert primary.stage.view(primary.usde, "totalSupply") == paid * 10**12
    block = primary.stage.chain.block_number
    assert primary.stage.view(primary.minting, "mintedPerBlock", block) == paid * 10**12
    assert primary.stage.view(primary.minting, "mintedPerBlock", block - 1) == 0


def test_direct_mint__with_a_fee__rounds_the_usde_down_and_keeps_the_fee_in_the_buffer(primary: Primary) -> None:
    primary.stage.send(primary.minting, "setFees", 7, 0, sender=ADMIN)
    paid = 1_234_567

    primary.stage.send(primary.minting, DIRECT_MINT, paid, LOOPER, sender=LOOPER)

    assert primary.balances(primary.usde, LOOPER) == [paid * 10**12 * 9993 // 10_000]
    assert primary.balances(primary.usdc, primary.minting) == [paid]


@pytest.mark.parametrize("function", [DIRECT_MINT, DIRECT_REDEEM])
def test_direct__benefactor_not_whitelisted__reverts(primary: Primary, function: str) -> None:
    reason = primary.stage.refusal(primary.minting, function, USDE, OUTSIDER, sender=OUTSIDER)
    assert reason == "BenefactorNotWhitelisted"


def test_direct_mint__zero__reverts(primary: Primary) -> None:
    assert primary.stage.refusal(primary.minting, DIRECT_MINT, 0, LOOPER, sender=LOOPER) == "InvalidAmount"


def test_direct_mint__one_unit_over_the_limit__reverts_and_the_limit_works(primary: Primary) -> None:
    primary.stage.send(primary.minting, "setMaxMintPerBlock", 1000 * USDE, sender=ADMIN)

    reason = primary.stage.refusal(primary.minting, DIRECT_MINT, 1000 * USDC + 1, LOOPER, sender=LOOPER)
    assert reason == "MaxMintPerBlockExceeded"
    primary.stage.send(primary.minting, DIRECT_MINT, 1000 * USDC, LOOPER, sender=LOOPER)


def test_direct_mint__several_in_a_block__share_the_limit_and_the_next_block_begins_anew(primary: Primary) -> None:
    primary.stage.send(primary.minting, "setMaxMintPerBlock", 1000 * USDE, sender=ADMIN)

    receipts = primary.in_one_block((DIRECT_MINT, 600 * USDC), (DIRECT_MINT, 400 * USDC + 1), (DIRECT_MINT, 400 * USDC))

    assert [receipt.revert_reason for receipt in receipts] == ["", "MaxMintPerBlockExceeded", ""]
    block = primary.stage.chain.block_number
    assert primary.stage.view(primary.minting, "mintedPerBlock", block) == 1000 * USDE
    primary.stage.send(primary.minting, DIRECT_MINT, 1000 * USDC, LOOPER, sender=LOOPER)
    assert primary.balances(primary.usde, LOOPER) == [2000 * USDE]


# --- Direct: redeem


def test_direct_redeem__with_ethenas_fee__burns_all_and_rounds_the_payment_down(
    primary: Primary, event: EventReader
) -> None:
    primary.stage.send(primary.minting, "setFees", 0, 10, sender=ADMIN)
    primary.stage.send(primary.minting, DIRECT_MINT, 1000 * USDC, LOOPER, sender=LOOPER)
    amount = 5 * USDE + 999_999_999_999
    paid = amount * 9990 // 10_000 // 10**12
    assert paid == 4_995_000

    receipt = primary.stage.send(primary.minting, DIRECT_REDEEM, amount, BENEFICIARY, sender=LOOPER)

    assert event(receipt, "Redeem") == {
        "redeemer": LOOPER,
        "benefactor": LOOPER,
        "beneficiary": BENEFICIARY,
        "collateral_asset": primary.usdc.address,
        "collateral_amount": paid,
        "usde_amount": amount,
    }
    assert primary.balances(primary.usdc, BENEFICIARY, primary.minting) == [paid, 1000 * USDC - paid]
    assert primary.balances(primary.usde, LOOPER, BENEFICIARY) == [1000 * USDE - amount, 0]
    assert primary.stage.view(primary.usde, "totalSupply") == 1000 * USDE - amount
    assert primary.stage.view(primary.minting, "redeemedPerBlock", primary.stage.chain.block_number) == amount


def test_direct_redeem__less_than_one_unit_of_collateral__reverts_and_one_unit_works(primary: Primary) -> None:
    primary.stage.send(primary.minting, DIRECT_MINT, USDC, LOOPER, sender=LOOPER)
    assert primary.stage.refusal(primary.minting, DIRECT_REDEEM, 10**12 - 1, LOOPER, sender=LOOPER) == "InvalidAmount"
    primary.stage.send(primary.minting, DIRECT_REDEEM, 10**12, LOOPER, sender=LOOPER)


def test_direct_redeem__several_in_a_block__share_the_limit(primary: Primary) -> None:
    primary.stage.send(primary.minting, DIRECT_MINT, 5000 * USDC, LOOPER, sender=LOOPER)
    primary.stage.send(primary.minting, "setMaxRedeemPerBlock", 1000 * USDE, sender=ADMIN)
    assert primary.stage.view(primary.minting, "availableToRedeem") == 1000 * USDE

    receipts = primary.in_one_block((DIRECT_REDEEM, 999 * USDE), (DIRECT_REDEEM, USDE + 1), (DIRECT_REDEEM, USDE))

    assert [receipt.revert_reason for receipt in receipts] == ["", "MaxRedeemPerBlockExceeded", ""]
    assert primary.balances(primary.usdc, primary.minting) == [4000 * USDC]
    assert primary.stage.view(primary.minting, "availableToRedeem") == 0


def test_direct_redeem__limit_lowered_under_what_the_block_used__refuses_and_counts_nothing_left(
    primary: Primary,
) -> None:
    primary.stage.send(primary.minting, DIRECT_MINT, 100 * USDC, LOOPER, sender=LOOPER)
    primary.stage.chain.fund([LOOPER, ADMIN])
    calls = [
        (LOOPER, primary.minting.encode(DIRECT_REDEEM, 50 * USDE, LOOPER)),
        (ADMIN, primary.minting.encode("setMaxRedeemPerBlock", 10 * USDE)),
        (LOOPER, primary.minting.encode(DIRECT_REDEEM, USDE, LOOPER)),
    ]
    block = [Transaction(sender, primary.minting.address, data, 1_000_000) for sender, data in calls]

    receipts = primary.stage.chain.mine(block, timestamp=primary.stage.chain.timestamp + 1).receipts

    assert [receipt.revert_reason for receipt in receipts] == ["", "", "MaxRedeemPerBlockExceeded"]
    assert primary.stage.view(primary.minting, "availableToRedeem") == 0


@pytest.mark.parametrize("fee_bps", [0, 10, 333])
def test_available_to_redeem__short_buffer__is_the_last_amount_that_it_pays(primary: Primary, fee_bps: int) -> None:
    primary.stage.send(primary.minting, "setFees", 0, fee_bps, sender=ADMIN)
    primary.stage.send(primary.minting, DIRECT_MINT, 1000 * USDC, LOOPER, sender=LOOPER)
    taken = 1000 * USDC - 123_456_789
    primary.stage.send(primary.minting, "transferToCustody", CUSTODIAN, primary.usdc.address, taken, sender=SENDER)
    # The first amount for which 123,456,790 units are due, less one.
    first_too_much = -(-123_456_790 * 10**12 * 10_000 // (10_000 - fee_bps))
    available = primary.stage.view(primary.minting, "availableToRedeem")
    assert available == first_too_much - 1

    reason = primary.stage.refusal(primary.minting, DIRECT_REDEEM, available + 1, LOOPER, sender=LOOPER)
    assert reason == "InsufficientBuffer(123456790, 123456789)"
    primary.stage.send(primary.minting, DIRECT_REDEEM, available, LOOPER, sender=LOOPER)
    assert primary.balances(primary.usdc, primary.minting) == [0]


# --- Signed orders


def test_hash_order__any_order__is_the_eip_712_digest(primary: Primary) -> None:
    order = primary.order()
    domain_type = keccak(text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
    order_type = keccak(text="Order(" + ",".join(f"{kind} {name}" for name, kind in ORDER_FIELDS) + ")")

    def words(*values: Any) -> bytes:
        raw = (value if isinstance(value, int) else int(value, 16) for value in values)
        return b"".join(value.to_bytes(32, "big") for value in raw)

    domain = keccak(
        domain_type + keccak(text="EthenaMinting") + keccak(text="1") + words(31337, primary.minting.address)
    )
    digest = keccak(b"\x19\x01" + domain + keccak(order_type + words(*astuple(order))))

    assert primary.stage.view(primary.minting, "hashOrder", astuple(order)) == digest
    assert primary.stage.view(primary.minting, "verifyOrder", astuple(order), primary.sign(order)) == (True, digest)


def test_mint__signed_order_over_two_custodians__pays_each_his_share_and_the_last_the_rest(
    primary: Primary, event: EventReader
) -> None:
    order = primary.order(collateral_amount=1_000_000_001, usde_amount=1000 * USDE)

    receipt = primary.send_mint(order, route=([CUSTODIAN, SECOND_CUSTODIAN], [3_333, 6_667]))

    assert event(receipt, "Mint") == {
        "minter": SENDER,
        "benefactor": primary.signer.address,
        "beneficiary": BENEFICIARY,
        "collateral_asset": primary.usdc.address,
        "collateral_amount": 1_000_000_001,
        "usde_amount": 1000 * USDE,
    }
    first = 1_000_000_001 * 3_333 // 10_000
    holders = (primary.signer.address, CUSTODIAN, SECOND_CUSTODIAN, primary.minting)
    assert primary.balances(primary.usdc, *holders) == [
        1_000_000 * USDC - 1_000_000_001,
        first,
        1_000_000_001 - first,
        0,
    ]
    assert primary.balances(primary.usde, BENEFICIARY, primary.signer.address) == [1000 * USDE, 0]
    assert primary.stage.view(primary.usde, "totalSupply") == 1000 * USDE
    assert primary.stage.view(primary.minting, "mintedPerBlock", primary.stage.chain.block_number) == 1000 * USDE


def test_mint__signed_order_in_ether__takes_the_quoted_amounts(primary: Primary) -> None:
    order = primary.order(collateral_asset=primary.weth.address, collateral_amount=10**18, usde_amount=1995 * USDE)

    assert primary.send_mint(order).ok

    assert primary.balances(primary.weth, primary.signer.address, CUSTODIAN) == [9 * 10**18, 10**18]
    assert primary.balances(primary.usde, BENEFICIARY) == [1995 * USDE]


def test_redeem__signed_order__burns_the_benefactors_and_pays_from_the_buffer(
    primary: Primary, event: EventReader
) -> None:
    primary.stage.send(primary.minting, DIRECT_MINT, 5000 * USDC, primary.signer.address, sender=LOOPER)
    primary.stage.send(primary.minting, "setFees", 0, 10, sender=ADMIN)
    order = primary.order(order_type=REDEEM, usde_amount=1000 * USDE, collateral_amount=999 * USDC)

    receipt = primary.send_redeem(order)

    assert event(receipt, "Redeem") == {
        "redeemer": SENDER,
        "benefactor": primary.signer.address,
        "beneficiary": BENEFICIARY,
        "collateral_asset": primary.usdc.address,
        "collateral_amount": 999 * USDC,
        "usde_amount": 1000 * USDE,
    }
    assert primary.balances(primary.usdc, BENEFICIARY, primary.minting) == [999 * USDC, 4001 * USDC]
    assert primary.balances(primary.usde, primary.signer.address) == [4000 * USDE]
    assert primary.stage.view(primary.usde, "totalSupply") == 4000 * USDE
    assert primary.stage.view(primary.minting, "redeemedPerBlock", primary.stage.chain.block_number) == 1000 * USDE


def test_redeem__signed_order_over_the_buffer__reverts(primary: Primary) -> None:
    assert primary.send_mint(primary.order(beneficiary=primary.signer.address)).ok
    order = primary.order(order_type=REDEEM, nonce=8, usde_amount=999 * USDE, collateral_amount=999 * USDC)
    assert primary.send_redeem(order).revert_reason == f"InsufficientBuffer({999 * USDC}, 0)"


def test_orders__better_than_the_direct_rate__revert_and_at_it_they_work(primary: Primary) -> None:
    primary.stage.send(primary.minting, "setFees", 5, 10, sender=ADMIN)
    primary.stage.send(primary.minting, DIRECT_MINT, 5000 * USDC, primary.signer.address, sender=LOOPER)
    best = 1000 * USDE * 9995 // 10_000

    assert primary.send_mint(primary.order(usde_amount=best + 1)).revert_reason == "InvalidStablePrice"
    assert primary.send_mint(primary.order(usde_amount=best)).ok
    redeemed = primary.order(order_type=REDEEM, nonce=8, usde_amount=1000 * USDE, collateral_amount=999 * USDC)
    too_good = replace(redeemed, collateral_amount=999 * USDC + 1)
    assert primary.send_redeem(too_good).revert_reason == "InvalidStablePrice"
    assert primary.send_redeem(redeemed).ok


def test_orders__of_the_other_kind__revert(primary: Primary) -> None:
    assert primary.send_mint(primary.order(order_type=REDEEM)).revert_reason == "InvalidOrder"
    assert primary.send_redeem(primary.order()).revert_reason == "InvalidOrder"


def test_mint__nonce_used__reverts_and_each_other_works(primary: Primary) -> None:
    assert primary.send_mint(primary.order(nonce=0)).revert_reason == "InvalidNonce"
    for nonce in (1, 255, 256, 2**256 - 1):
        assert primary.send_mint(primary.order(nonce=nonce)).ok
        assert primary.send_mint(primary.order(nonce=nonce, usde_amount=USDE)).revert_reason == "InvalidNonce"
    word = 1 << 1 | 1 << 255
    assert primary.stage.view(primary.minting, "verifyNonce", primary.signer.address, 2) == (True, 0, word, 1 << 2)
    assert primary.stage.view(primary.minting, "verifyNonce", OUTSIDER, 1) == (True, 0, 0, 2)


def test_redeem__nonce_used_by_a_mint__reverts(primary: Primary) -> None:
    assert primary.send_mint(primary.order()).ok
    order = primary.order(order_type=REDEEM, collateral_amount=999 * USDC)
    assert primary.send_redeem(order).revert_reason == "InvalidNonce"


def test_mint__at_the_expiry_and_a_second_later__works_and_reverts(primary: Primary) -> None:
    expiry = primary.stage.chain.timestamp + 50
    late = primary.send_mint(primary.order(expiry=expiry - 1, nonce=8), timestamp=expiry)
    assert late.revert_reason == "SignatureExpired"
    expiry += 10
    assert primary.send_mint(primary.order(expiry=expiry), timestamp=expiry).ok


def test_mint__signed_by_another_or_changed_after_signing__reverts(primary: Primary) -> None:
    stranger = Account.from_key(keccak(text="stranger"))
    order = primary.order()
    by_stranger = primary.sign(order, stranger)
    assert primary.send_mint(order, signature=by_stranger).revert_reason == "InvalidSignature"
    changed = replace(order, beneficiary=OUTSIDER)
    assert primary.send_mint(changed, signature=primary.sign(order)).revert_reason == "InvalidSignature"
    assert primary.send_mint(order, signature=(0, b"\x01" * 64)).revert_reason == "InvalidSignature"


def test_mint__invalid_signature__does_not_sign_for_address_zero(primary: Primary) -> None:
    order = primary.order(benefactor=ZERO)
    assert primary.send_mint(order, signature=(0, b"\x01" * 65)).revert_reason == "InvalidSignature"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"beneficiary": ZERO}, "InvalidAddress"),
        ({"collateral_amount": 0}, "InvalidAmount"),
        ({"usde_amount": 0}, "InvalidAmount"),
        ({"collateral_asset": BENEFICIARY}, "UnsupportedAsset"),
    ],
)
def test_orders__incomplete__revert(primary: Primary, changes: dict[str, Any], reason: str) -> None:
    assert primary.send_mint(primary.order(**changes)).revert_reason == reason
    assert primary.send_redeem(primary.order(order_type=REDEEM, **changes)).revert_reason == reason


@pytest.mark.parametrize(
    "route",
    [
        ([], []),
        ([CUSTODIAN], [9_999]),
        ([CUSTODIAN], [10_001]),
        ([OUTSIDER], [10_000]),
        ([CUSTODIAN, SECOND_CUSTODIAN], [10_000, 0]),
        ([CUSTODIAN, SECOND_CUSTODIAN], [10_000]),
        ([CUSTODIAN, SECOND_CUSTODIAN], [2, 2**256 - 1]),
    ],
)
def test_mint__bad_route__reverts(primary: Primary, route: Any) -> None:
    assert primary.send_mint(primary.order(), route=route).revert_reason == "InvalidRoute"
    assert primary.stage.view(primary.minting, "verifyRoute", route, MINT) is False
    assert primary.stage.view(primary.minting, "verifyRoute", route, REDEEM) is True


def test_orders_and_direct_calls__in_one_block__share_the_limit(primary: Primary) -> None:
    primary.stage.send(primary.minting, "setMaxMintPerBlock", 1000 * USDE, sender=ADMIN)
    order = primary.order()
    signed = primary.minting.encode(
        f"mint({ORDER_TYPE},(address[],uint256[]),(uint8,bytes))",
        astuple(order),
        ([CUSTODIAN], [10_000]),
        primary.sign(order),
    )
    primary.stage.chain.fund([SENDER, LOOPER])
    calls = [
        (SENDER, signed),
        (LOOPER, primary.minting.encode(DIRECT_MINT, USDC + 1, LOOPER)),
        (LOOPER, primary.minting.encode(DIRECT_MINT, USDC, LOOPER)),
    ]
    block = [Transaction(sender, primary.minting.address, data, 1_000_000) for sender, data in calls]

    receipts = primary.stage.chain.mine(block, timestamp=primary.stage.chain.timestamp + 1).receipts

    assert [receipt.revert_reason for receipt in receipts] == ["", "MaxMintPerBlockExceeded", ""]


# --- Delegates


def test_delegated_signer__asked_and_confirmed__may_sign_until_removed(primary: Primary, event: EventReader) -> None:
    delegate = Account.from_key(keccak(text="delegate"))
    owner = primary.signer.address
    order = primary.order()
    by_delegate = primary.sign(order, delegate)

    receipt = primary.stage.send(primary.minting, "setDelegatedSigner", delegate.address, sender=owner)
    assert event(receipt, "DelegatedSignerInitiated") == {"signer": delegate.address, "delegator": owner}
    assert primary.stage.view(primary.minting, "delegatedSigner", delegate.address, owner) == PENDING
    assert primary.send_mint(order, signature=by_delegate).revert_reason == "InvalidSignature"

    receipt = primary.stage.send(primary.minting, "confirmDelegatedSigner", owner, sender=delegate.address)
    assert event(receipt, "DelegatedSignerAdded") == {"signer": delegate.address, "delegator": owner}
    assert primary.stage.view(primary.minting, "delegatedSigner", delegate.address, owner) == ACCEPTED
    assert primary.send_mint(order, signature=by_delegate).ok

    receipt = primary.stage.send(primary.minting, "removeDelegatedSigner", delegate.address, sender=owner)
    assert event(receipt, "DelegatedSignerRemoved") == {"signer": delegate.address, "delegator": owner}
    later = primary.order(nonce=9)
    assert primary.send_mint(later, signature=primary.sign(later, delegate)).revert_reason == "InvalidSignature"


def test_confirm_delegated_signer__no_request__reverts(primary: Primary) -> None:
    reason = primary.stage.refusal(primary.minting, "confirmDelegatedSigner", LOOPER, sender=OUTSIDER)
    assert reason == "DelegationNotInitiated"


# --- Gatekeeper, custody, administration


def test_disable_mint_redeem__gatekeeper__closes_both_ways_until_the_admin_opens_them(
    primary: Primary, event: EventReader
) -> None:
    primary.stage.send(primary.minting, DIRECT_MINT, 10 * USDC, LOOPER, sender=LOOPER)

    receipt = primary.stage.send(primary.minting, "disableMintRedeem", sender=GATEKEEPER)

    assert event(receipt, "MaxMintPerBlockChanged") == {"oldMaxMintPerBlock": NO_LIMIT, "newMaxMintPerBlock": 0}
    assert event(receipt, "MaxRedeemPerBlockChanged") == {"oldMaxRedeemPerBlock": NO_LIMIT, "newMaxRedeemPerBlock": 0}
    assert primary.stage.view(primary.minting, "availableToRedeem") == 0
    refusal = primary.stage.refusal
    assert refusal(primary.minting, DIRECT_MINT, USDC, LOOPER, sender=LOOPER) == "MaxMintPerBlockExceeded"
    assert refusal(primary.minting, DIRECT_REDEEM, USDE, LOOPER, sender=LOOPER) == "MaxRedeemPerBlockExceeded"
    assert primary.send_mint(primary.order()).revert_reason == "MaxMintPerBlockExceeded"
    primary.stage.send(primary.minting, "setMaxRedeemPerBlock", NO_LIMIT, sender=ADMIN)
    primary.stage.send(primary.minting, DIRECT_REDEEM, USDE, LOOPER, sender=LOOPER)


def test_gatekeeper__minter_and_redeemer_removed__their_orders_revert(primary: Primary) -> None:
    primary.stage.send(primary.minting, "removeMinterRole", SENDER, sender=GATEKEEPER)
    assert primary.send_mint(primary.order()).revert_reason.startswith("AccessControlUnauthorizedAccount")
    primary.stage.send(primary.minting, "removeRedeemerRole", SENDER, sender=GATEKEEPER)
    reason = primary.send_redeem(primary.order(order_type=REDEEM)).revert_reason
    assert reason.startswith("AccessControlUnauthorizedAccount")


def test_transfer_to_custody__minter__moves_the_buffer_to_a_custodian_only(
    primary: Primary, event: EventReader
) -> None:
    primary.stage.send(primary.minting, DIRECT_MINT, 100 * USDC, LOOPER, sender=LOOPER)
    arguments = (CUSTODIAN, primary.usdc.address, 60 * USDC)

    receipt = primary.stage.send(primary.minting, "transferToCustody", *arguments, sender=SENDER)

    assert event(receipt, "CustodyTransfer") == {
        "wallet": CUSTODIAN,
        "asset": primary.usdc.address,
        "amount": 60 * USDC,
    }
    assert primary.balances(primary.usdc, CUSTODIAN, primary.minting) == [60 * USDC, 40 * USDC]
    elsewhere = (OUTSIDER, primary.usdc.address, 1)
    assert primary.stage.refusal(primary.minting, "transferToCustody", *elsewhere, sender=SENDER) == "InvalidAddress"


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("setMaxMintPerBlock", (1,)),
        ("setMaxRedeemPerBlock", (1,)),
        ("setFees", (1, 1)),
        ("addSupportedAsset", (OUTSIDER,)),
        ("removeSupportedAsset", (OUTSIDER,)),
        ("addCustodianAddress", (OUTSIDER,)),
        ("removeCustodianAddress", (CUSTODIAN,)),
        ("addWhitelistedBenefactor", (OUTSIDER,)),
        ("removeWhitelistedBenefactor", (LOOPER,)),
        ("setWhitelistedBenefactors", ([OUTSIDER], True)),
        ("disableMintRedeem", ()),
        ("removeMinterRole", (SENDER,)),
        ("removeRedeemerRole", (SENDER,)),
        ("transferToCustody", (CUSTODIAN, CUSTODIAN, 1)),
    ],
)
def test_roles__another_account__reverts(primary: Primary, function: str, arguments: tuple[Any, ...]) -> None:
    reason = primary.stage.refusal(primary.minting, function, *arguments, sender=OUTSIDER)
    assert reason.lower().startswith(f"AccessControlUnauthorizedAccount({OUTSIDER}".lower())


def test_whitelist__a_batch__sets_each_and_emits_one_event(primary: Primary) -> None:
    batch = [address_of(f"benefactor-{k}") for k in range(500)]

    receipt = primary.stage.send(primary.minting, "setWhitelistedBenefactors", [LOOPER, *batch], True, sender=ADMIN)

    assert [log.arguments["benefactor"] for log in receipt.logs if log.event == "BenefactorAdded"] == batch
    assert primary.stage.view(primary.minting, "isWhitelistedBenefactor", batch[-1]) is True
    receipt = primary.stage.send(primary.minting, "setWhitelistedBenefactors", [OUTSIDER, LOOPER], False, sender=ADMIN)
    assert [(log.event, log.arguments["benefactor"]) for log in receipt.logs] == [("BenefactorRemoved", LOOPER)]
    assert primary.stage.view(primary.minting, "isWhitelistedBenefactor", LOOPER) is False


def test_set_fees__of_100_per_cent__reverts_and_one_unit_less_works(primary: Primary, event: EventReader) -> None:
    refusal = primary.stage.refusal
    assert refusal(primary.minting, "setFees", 10_000, 0, sender=ADMIN) == "InvalidFee(10000)"
    assert refusal(primary.minting, "setFees", 0, 10_000, sender=ADMIN) == "InvalidFee(10000)"
    receipt = primary.stage.send(primary.minting, "setFees", 9_999, 9_998, sender=ADMIN)
    assert event(receipt, "FeesChanged") == {"mintFeeBps": 9_999, "redeemFeeBps": 9_998}


def test_assets_and_custodians__added_twice_or_removed_unknown__revert(primary: Primary, event: EventReader) -> None:
    refusal, minting, send = primary.stage.refusal, primary.minting, primary.stage.send
    for bad in (primary.usdc.address, primary.usde.address, ZERO):
        assert refusal(minting, "addSupportedAsset", bad, sender=ADMIN) == "InvalidAssetAddress"
    for bad in (CUSTODIAN, primary.usde.address, ZERO):
        assert refusal(minting, "addCustodianAddress", bad, sender=ADMIN) == "InvalidCustodianAddress"
    assert refusal(minting, "removeSupportedAsset", OUTSIDER, sender=ADMIN) == "InvalidAssetAddress"
    assert refusal(minting, "removeCustodianAddress", OUTSIDER, sender=ADMIN) == "InvalidCustodianAddress"
    receipt = send(minting, "removeSupportedAsset", primary.weth.address, sender=ADMIN)
    assert event(receipt, "AssetRemoved") == {"asset": primary.weth.address}
    receipt = send(minting, "removeCustodianAddress", CUSTODIAN, sender=ADMIN)
    assert event(receipt, "CustodianAddressRemoved") == {"custodian": CUSTODIAN}
    assert primary.send_mint(primary.order()).revert_reason == "InvalidRoute"


def test_assets_and_benefactors__added_and_removed__are_told_and_kept(primary: Primary, event: EventReader) -> None:
    minting, send, view = primary.minting, primary.stage.send, primary.stage.view
    receipt = send(minting, "addSupportedAsset", OUTSIDER, sender=ADMIN)
    assert event(receipt, "AssetAdded") == {"asset": OUTSIDER}
    assert view(minting, "isWhitelistedBenefactor", LOOPER) is True
    send(minting, "removeWhitelistedBenefactor", LOOPER, sender=ADMIN)
    assert view(minting, "isWhitelistedBenefactor", LOOPER) is False
    assert view(minting, "isSupportedAsset", OUTSIDER) is True
    send(minting, "removeSupportedAsset", OUTSIDER, sender=ADMIN)
    assert view(minting, "isSupportedAsset", OUTSIDER) is False
