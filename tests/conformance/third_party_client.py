"""A program that drives a pool with web3-ethereum-defi alone; `test_third_party_client.py` runs it and checks.

Takes one JSON object (addresses and amounts), prints one (what the client read). It imports nothing of this project.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from eth_defi.aave_v3.balances import aave_v3_get_deposit_balance, aave_v3_get_variable_borrow_balance
from eth_defi.aave_v3.constants import MAX_AMOUNT
from eth_defi.aave_v3.deployment import fetch_deployment
from eth_defi.aave_v3.loan import borrow, repay, supply, withdraw
from eth_defi.token import fetch_erc20_details
from web3 import HTTPProvider, Web3


def main(given: dict[str, Any]) -> dict[str, Any]:
    web3 = Web3(HTTPProvider(given["url"]))
    aave = fetch_deployment(
        web3, pool_address=given["pool"], data_provider_address=given["data_provider"], oracle_address=given["oracle"]
    )
    collateral, debt = (fetch_erc20_details(web3, given[side]) for side in ("collateral", "debt"))
    user = given["user"]

    def send(*functions: Any) -> None:
        for function in functions:
            receipt = web3.eth.wait_for_transaction_receipt(function.transact({"from": user, "gas": 3_000_000}))
            assert receipt["status"] == 1, function

    read: dict[str, Any] = {
        "price": aave.get_price(collateral.address),
        "configuration": list(aave.get_reserve_configuration_data(collateral.address)),
        "symbol": collateral.symbol,
    }
    send(*supply(aave, token=collateral.contract, amount=given["supply"], wallet_address=user))
    send(borrow(aave, token=debt.contract, amount=given["borrow"], wallet_address=user))
    read["borrowed"] = list(aave.get_user_data(user))
    tokens = [aave.data_provider.functions.getReserveTokensAddresses(t.address).call() for t in (collateral, debt)]
    read["deposit"] = str(aave_v3_get_deposit_balance(web3, tokens[0][0], user))
    read["owed"] = str(aave_v3_get_variable_borrow_balance(web3, tokens[1][2], user))
    read["user_reserve"] = aave.data_provider.functions.getUserReserveData(debt.address, user).call()
    read["reserves"] = aave.data_provider.functions.getAllReservesTokens().call()

    approve, pay_back = repay(aave, token=debt.contract, amount=MAX_AMOUNT, wallet_address=user)
    send(approve, pay_back, withdraw(aave, token=collateral.contract, amount=MAX_AMOUNT, wallet_address=user))
    read["closed"] = list(aave.get_user_data(user))
    read["collateral_back"] = collateral.contract.functions.balanceOf(user).call()
    return read


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
