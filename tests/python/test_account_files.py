"""Files of accounts: every layout gives the same accounts, and each fault is one line that names its place."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from cascade.account_files import (
    Account,
    AccountFile,
    Holding,
    ReadOptions,
    canonical_text,
    parse_canonical,
    read_accounts,
)
from cascade.errors import ScenarioError

DECIMALS = {"USDe": 18, "USDC": 6, "WETH": 18}
FIRST = "0x" + "ab" * 20
SECOND = "0x" + "00" * 17 + "123456"
# EIP-55 of the two, by hand from keccak256 of the lower-case digits: all digits of the second are decimal.
FIRST_NAME, SECOND_NAME = "0xABaBaBaBABabABabAbAbABAbABabababaBaBABaB", SECOND
USDE_ADDRESS = "0x4c9EDD5852cd905f086C759E8383e09bff1E68B3"

TWO_ACCOUNTS = (
    Account(
        FIRST_NAME,
        2,
        (Holding("USDe", 1_500_000 * 10**18, 0, True), Holding("USDC", 0, 1_200_000_000_001, True)),
    ),
    Account(SECOND_NAME, 0, (Holding("WETH", 3 * 10**18 + 1, 0, False),)),
)

LONG = f"""account,asset,supplied,borrowed,used_as_collateral,emode
{FIRST},USDe,1500000,0,true,2
{FIRST},USDC,0,1200000.000001,,2
{SECOND},WETH,3.000000000000000001,,false,
"""


def read(tmp_path: Path, text: str, name: str = "book.csv", **options: object) -> AccountFile:
    file = tmp_path / name
    file.write_bytes(text.encode())
    return read_accounts(file, decimals=DECIMALS, options=ReadOptions(**options))  # type: ignore[arg-type]


def user_reserve(user: str, symbol: str, supplied: int, debt: int, flag: bool, mode: str | None) -> dict[str, object]:
    """One entry as the protocol's subgraph answers it; its keys are those of the public schema of `userReserves`."""
    category = None if mode is None else {"id": mode}
    address = USDE_ADDRESS.lower() if symbol == "USDe" else "0x" + "77" * 20
    return {
        "user": {"id": user, "eModeCategoryId": category},
        "reserve": {"symbol": symbol, "underlyingAsset": address, "decimals": DECIMALS[symbol]},
        "currentATokenBalance": str(supplied),
        "scaledATokenBalance": "1",
        "currentVariableDebt": str(debt),
        "scaledVariableDebt": "1",
        "currentTotalDebt": str(debt),
        "usageAsCollateralEnabledOnUser": flag,
    }


SUBGRAPH = [
    user_reserve(FIRST, "USDe", 1_500_000 * 10**18, 0, True, "2"),
    user_reserve(FIRST, "USDC", 0, 1_200_000_000_001, True, "2"),
    user_reserve(FIRST, "WETH", 0, 0, False, "2"),
    user_reserve(SECOND, "WETH", 3 * 10**18 + 1, 0, False, None),
]


def test_long_form__decimals__are_exact_smallest_units(tmp_path: Path) -> None:
    found = read(tmp_path, LONG)

    assert found.accounts == TWO_ACCOUNTS
    assert (found.empty_rows, found.rounded_amounts) == (0, 0)
    assert [holding.where for holding in found.accounts[0].holdings] == ["line 2", "line 3"]


def test_long_form__raw_amounts__are_taken_as_they_stand(tmp_path: Path) -> None:
    text = f"account,asset,supplied_raw,borrowed_raw\n{FIRST},USDe,{2**127},7\n"

    (account,) = read(tmp_path, text).accounts

    assert account.holdings == (Holding("USDe", 2**127, 7, True),)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + LONG,
        LONG.replace("\n", "\r\n"),
        "\ufeff" + LONG.replace("\n", "\r\n").replace(FIRST, FIRST_NAME),
        LONG.replace(FIRST, "\\x" + "AB" * 20, 1),
        LONG.replace("true", "TRUE").replace("false", "0"),
        LONG.replace(",2\n", ",2.0\n"),
        LONG.replace("account,asset", "note,account,asset").replace("0x", "of interest,0x"),
        "# exported by hand\n\n" + LONG,
    ],
)
def test_long_form__marks_line_ends_and_cases_of_letters__change_nothing(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text).accounts == TWO_ACCOUNTS


def test_long_form__more_decimals_than_the_asset_has__round_against_the_account(tmp_path: Path) -> None:
    text = f"account,asset,supplied,borrowed\n{FIRST},USDC,1.0000019,0.0000001\n"

    found = read(tmp_path, text)

    assert found.accounts[0].holdings == (Holding("USDC", 1_000_001, 1, True),)
    assert found.rounded_amounts == 2


def test_columns__map_of_names__replaces_those_of_the_layout(tmp_path: Path) -> None:
    text = f"who,what,has,owes_raw\n{FIRST},USDC,2,5\n"
    columns = {"account": "who", "asset": "what", "supplied": "has", "borrowed_raw": "owes_raw"}

    assert read(tmp_path, text, columns=columns).accounts[0].holdings == (Holding("USDC", 2_000_000, 5, True),)


@pytest.mark.parametrize(
    "tree",
    [
        {"data": {"userReserves": SUBGRAPH}},
        {"userReserves": SUBGRAPH},
        SUBGRAPH,
        [{"data": {"userReserves": SUBGRAPH[:2]}}, {"data": {"userReserves": SUBGRAPH[2:]}}],
    ],
)
def test_subgraph__answers_and_pages__are_the_same_accounts(tmp_path: Path, tree: object) -> None:
    found = read(tmp_path, json.dumps(tree), name="page.json", layout="subgraph")

    assert found.accounts == TWO_ACCOUNTS
    assert found.empty_rows == 1


def flattened(entry: dict[str, object]) -> dict[str, object]:
    user, reserve = entry["user"], entry["reserve"]
    assert isinstance(user, dict)
    assert isinstance(reserve, dict)
    mode = user["eModeCategoryId"]
    rest = {key: value for key, value in entry.items() if key not in ("user", "reserve")}
    named = {f"reserve.{key}": value for key, value in reserve.items()}
    return {"user.id": user["id"], "user.eModeCategoryId.id": mode["id"] if mode else "", **named, **rest}


def test_subgraph__flattened_to_csv__is_the_same_accounts(tmp_path: Path) -> None:
    rows = [flattened(entry) for entry in SUBGRAPH]
    lines = [",".join(rows[0]), *(",".join(str(cell) for cell in row.values()) for row in rows)]

    assert read(tmp_path, "\n".join(lines), layout="subgraph").accounts == TWO_ACCOUNTS


def test_subgraph__asset_by_its_address__has_the_scenarios_symbol(tmp_path: Path) -> None:
    entry = user_reserve(FIRST, "USDe", 5, 0, True, None)
    entry["reserve"] = {"symbol": "renamed", "underlyingAsset": USDE_ADDRESS.lower()}
    text = json.dumps([entry])

    found = read(tmp_path, text, name="page.json", layout="subgraph", assets={USDE_ADDRESS: "USDe"})

    assert found.accounts[0].holdings == (Holding("USDe", 5, 0, True),)


def test_query__names_that_queries_give__are_recognised(tmp_path: Path) -> None:
    text = (
        "user_address,token_symbol,supplyAmount,variable_debt,is_collateral,e_mode_category\n"
        f"\\x{'ab' * 20},USDe,1500000,0,t,2\n\\x{'AB' * 20},USDC,0,1200000.000001,,2\n"
        f"{SECOND},WETH,3.000000000000000001,,f,0\n"
    )

    assert read(tmp_path, text, layout="query").accounts == TWO_ACCOUNTS


def test_wide__a_column_per_asset_and_field__is_the_same_accounts(tmp_path: Path) -> None:
    text = (
        "borrower,emode,USDe_supplied,USDC_debt_raw,supply_WETH,WETH_used_as_collateral,total_supplied,health_factor\n"
        f"{FIRST},2,1500000,1200000000001,,,1500000,1.1\n{SECOND},,,,3.000000000000000001,false,3,\n"
    )

    assert read(tmp_path, text, layout="wide").accounts == TWO_ACCOUNTS


def test_wide__an_account_in_two_rows__is_refused(tmp_path: Path) -> None:
    text = f"account,USDe_supplied,USDC_debt\n{FIRST},1,0\n{SECOND},1,0\n{FIRST_NAME},0,1\n"

    with pytest.raises(ScenarioError, match=f"book.csv: line 4: account = '{FIRST_NAME}': stands at line 2 already"):
        read(tmp_path, text, layout="wide")


def test_parquet__typed_columns__are_the_same_accounts(tmp_path: Path) -> None:
    table = pyarrow.table(
        {
            "account": pyarrow.array([bytes.fromhex("ab" * 20), bytes.fromhex("ab" * 20), bytes.fromhex(SECOND[2:])]),
            "asset": ["USDe", "USDC", "WETH"],
            "supplied_raw": pyarrow.array([1_500_000 * 10**18, 0, 3 * 10**18 + 1], type=pyarrow.decimal128(38)),
            "borrowed_raw": pyarrow.array([0, 1_200_000_000_001, None], type=pyarrow.int64()),
            "used_as_collateral": [True, None, False],
            "emode": pyarrow.array([2.0, 2.0, None]),
        }
    )
    file = tmp_path / "book.parquet"
    pyarrow.parquet.write_table(table, file)

    assert read_accounts(file, decimals=DECIMALS).accounts == TWO_ACCOUNTS


@pytest.mark.parametrize(
    ("column", "expected"),
    [("supplied_raw", "a float does not hold raw amounts exactly"), ("supplied", "")],
)
def test_parquet__floats__are_taken_for_decimals_and_refused_as_raw(tmp_path: Path, column: str, expected: str) -> None:
    file = tmp_path / "book.parquet"
    pyarrow.parquet.write_table(
        pyarrow.table({"account": [FIRST], "asset": ["USDe"], column: [1e18], "borrowed": [0.5]}), file
    )

    if expected:
        with pytest.raises(ScenarioError, match=rf"book.parquet: row 1: supplied_raw = .*{expected}"):
            read_accounts(file, decimals=DECIMALS)
    else:
        holding = Holding("USDe", 10**36, 5 * 10**17, True)
        assert read_accounts(file, decimals=DECIMALS).accounts[0].holdings == (holding,)


def test_empty_rows__of_assets_that_nobody_lists_too__are_counted_and_passed_over(tmp_path: Path) -> None:
    text = f"account,asset,supplied,borrowed\n{FIRST},WBTC,0,0.0\n{FIRST},USDC,,\n{FIRST},USDe,1,0\n"

    found = read(tmp_path, text)

    assert found.accounts == (Account(FIRST_NAME, 0, (Holding("USDe", 10**18, 0, True),)),)
    assert found.empty_rows == 2


def test_left_out_asset__account_that_holds_it__keeps_its_name(tmp_path: Path) -> None:
    text = (
        f"account,asset,supplied,borrowed\n{FIRST},USDe,1,0\n{FIRST},WBTC,2,0\n{SECOND},USDe,1,0\n{SECOND},WBTC,0,0\n"
    )

    first, second = read(tmp_path, text, assets={"WBTC": None}).accounts

    assert (first.left_out, second.left_out) == (("WBTC",), ())


@pytest.mark.parametrize("assets", [{}, {"WBTC": None}])
def test_canonical_text__read_again__is_the_same_accounts(tmp_path: Path, assets: dict[str, str | None]) -> None:
    text = LONG + (f"{SECOND},WBTC,2,0,true,0\n" if assets else "")
    found = read(tmp_path, text, assets=assets)

    again = parse_canonical(canonical_text(found), file="book.csv", decimals=DECIMALS, assets=assets)

    assert again.accounts == found.accounts
    assert canonical_text(again) == canonical_text(found)


def test_canonical_text__two_accounts__is_this_text() -> None:
    assert canonical_text(AccountFile("any", TWO_ACCOUNTS)) == (
        "account,asset,supplied_raw,borrowed_raw,used_as_collateral,emode\n"
        f"{FIRST_NAME},USDe,1500000000000000000000000,0,true,2\n"
        f"{FIRST_NAME},USDC,0,1200000000001,true,2\n"
        f"{SECOND_NAME},WETH,3000000000000000001,0,false,0\n"
    )


HEAD = "account,asset,supplied,borrowed,used_as_collateral,emode"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("0x12,USDe,1,0,true,0", "line 2: account = '0x12': expected an address: 0x and 40 hexadecimal digits"),
        (",USDe,1,0,true,0", "line 2: account = '': expected an address"),
        (f"0x{'zz' * 20},USDe,1,0,,0", "line 2: account = "),
        (f"0x{'00' * 20},USDe,1,0,,0", "is the address of nobody"),
        (f"0x{'00' * 19}09,USDe,1,0,,0", "is the address of nobody"),
        (f"{FIRST},WBTC,1,0,true,0", "line 2: asset = 'WBTC': unknown reserve; lending.reserves has USDe, USDC, WETH"),
        (f"{FIRST},usde,1,0,true,0", "line 2: asset = 'usde': unknown reserve: did you mean USDe?"),
        (f"{FIRST},USDe,-1,0,true,0", "line 2: supplied = '-1': expected a balance of at least 0"),
        (f'{FIRST},USDe,"1,000",0,true,0', "line 2: supplied = '1,000': expected a number of tokens"),
        (f"{FIRST},USDe,1,NaN0,true,0", "line 2: borrowed = 'NaN0': expected a number of tokens"),
        (f"{FIRST},USDe,{2**128},0,true,0", "line 2: supplied = .*is beyond the supply of any token"),
        (f"{FIRST},USDe,1,0,true,{'1' * 5000}", "expected the number of an efficiency mode"),
        (f"{FIRST},USDe,{'9' * 5000},0,true,0", "is beyond the supply of any token"),
        (f"{FIRST},USDe,1e999,0,true,0", "line 2: supplied = '1e999': is beyond the supply of any token"),
        (f"{FIRST},USDe,1,0,maybe,0", "line 2: used_as_collateral = 'maybe': expected true or false"),
        (f"{FIRST},USDe,1,0,true,256", "line 2: emode = '256': expected the number of an efficiency mode, 0 to 255"),
        (f"{FIRST},USDe,1,0,true,1.5", "line 2: emode = '1.5': expected the number"),
        (
            f"{FIRST},USDe,1,0,true,0\n{FIRST_NAME},USDe,2,0,true,0",
            f"line 3: asset = 'USDe': {FIRST_NAME} holds it already at line 2",
        ),
        (
            f"{FIRST},USDe,1,0,true,1\n{FIRST},USDC,0,1,true,2",
            f"line 3: emode = 2: {FIRST_NAME} is in mode 1 at line 2: an account has one",
        ),
        (f"{FIRST},USDe,1,0,true,0,7", "line 2 = '7': the row has 7 cells, the header 6"),
        (f"{SECOND},USDe,1,0,true,0\n{FIRST},USDe,1", f"line 3 = '{FIRST},USDe,1': the row has 3 cells, the header 6"),
        ("", "has no rows"),
        (f"{FIRST},USDe,0,0,true,0", "no row has a balance"),
    ],
)
def test_long_form__a_fault__is_one_line_that_names_its_place(tmp_path: Path, row: str, expected: str) -> None:
    with pytest.raises(ScenarioError) as error:
        read(tmp_path, f"{HEAD}\n{row}\n")

    parts = expected.split(".*")
    assert str(error.value).startswith("book.csv: ")
    assert all(part in str(error.value) for part in parts), str(error.value)
    assert "\n" not in str(error.value)


def test_amounts__at_the_bound_of_a_token__are_taken(tmp_path: Path) -> None:
    text = f"account,asset,supplied_raw,borrowed_raw\n{FIRST},USDe,{2**128 - 1},0\n"

    assert read(tmp_path, text).accounts[0].holdings[0].supplied_raw == 2**128 - 1
    for beyond in (str(2**128), "9" * 5000):
        with pytest.raises(ScenarioError, match=r"line 2: supplied_raw = .*beyond the supply of any token"):
            read(tmp_path, text.replace(str(2**128 - 1), beyond))


@pytest.mark.parametrize(
    ("header", "options", "expected"),
    [
        (
            "transaction_type,symbol,borrower,amount,block_time,tx_hash,evt_index",
            {},
            "is an export of events (it has the column evt_index): deposits and borrows are flows and no balances",
        ),
        (
            "user,totalCollateralBase,totalDebtBase,availableBorrowsBase,currentLiquidationThreshold,ltv,healthFactor",
            {},
            "holds totals of accounts in dollars (as getUserAccountData answers) and no assets",
        ),
        ("address,collateral_usd,debt_usd,avg_liquidation_threshold,health_factor", {}, "and no assets"),
        ("side,isCollateral,balance,asset.symbol", {}, "is an export of a Messari-style subgraph"),
        ("user,symbol,supply,debt", {}, "has no column account (columns.account: NAME says which one it is, or set"),
        ("user,USDe_supply,USDe_debt", {}, "or set format: wide"),
        ("user.id,reserve.symbol,currentATokenBalance,currentTotalDebt", {}, "set format: subgraph"),
        ("user.id,reserve.symbol,scaledATokenBalance,scaledVariableDebt", {"layout": "subgraph"}, "need the indexes"),
        ("account,asset,supplied", {}, "has no column supplied and borrowed"),
        ("account;asset;supplied;borrowed", {}, "its cells are parted by ';': export it with commas"),
        ("account.positions", {}, "is an export of a Messari-style subgraph"),
        ("account,asset,supplied,supplied_raw,borrowed", {}, "expected one of the two, raw or with decimals"),
        ("user,symbol,supply,supplied,debt", {"layout": "query"}, "state which one holds the balances"),
        ("account,asset,supplied,borrowed", {"columns": {"acount": "account"}}, "unknown column: did you mean account"),
        ("account,asset,supplied,borrowed", {"columns": {"account": "user"}}, "unknown column of the file"),
        ("account,asset,supplied,borrowed", {"assets": {"X": "USDX"}}, "assets.X = 'USDX': unknown reserve"),
        ("user,USDe_supply,USDe_supply_raw", {"layout": "wide"}, "hold the same figure of the same asset"),
        ("user,price", {"layout": "wide"}, "has no column ASSET_supplied or ASSET_borrowed"),
        ("user,USDe supplied", {"layout": "wide"}, "(name each column by asset and field: USDe_supplied, USDC_borr"),
    ],
)
def test_header__that_holds_no_balances__says_what_to_do(
    tmp_path: Path, header: str, options: dict[str, object], expected: str
) -> None:
    cells = ",".join("1" for _ in header.split(","))

    with pytest.raises(ScenarioError) as error:
        read(tmp_path, f"{header}\n{cells}\n", **options)  # type: ignore[arg-type]

    assert expected in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("extra", "field"),
    [
        ("collateral", "used_as_collateral"),
        ("is_collateral", "used_as_collateral"),
        ("usageAsCollateral", "used_as_collateral"),
        ("usage_as_collateral_enabled", "used_as_collateral"),
        ("Used As Collateral", "used_as_collateral"),
        ("debt", "borrowed"),
        ("stableDebt", "borrowed"),
        ("total_borrows", "borrowed"),
        ("supply", "supplied"),
        ("aToken_balance", "supplied"),
        ("eModeCategoryId", "emode"),
        ("e_mode", "emode"),
    ],
)
def test_long_form__column_that_looks_like_one_of_it__is_refused_and_not_ignored(
    tmp_path: Path, extra: str, field: str
) -> None:
    text = f"account,asset,supplied,borrowed,{extra}\n{FIRST},USDe,1,0,0\n"

    with pytest.raises(ScenarioError) as error:
        read(tmp_path, text)

    assert f"book.csv: line 1 = '{extra}': looks like {field} and would not be read" in str(error.value)
    key = extra if " " not in extra else f'"{extra}"'
    assert f"columns: {{{field}: {key}}} reads it" in str(error.value)


@pytest.mark.parametrize(
    "extra", ["supplied_usd", "debt_value", "collateralFactor", "borrow_rate", "health_factor", "liquidation_threshold"]
)
def test_long_form__column_of_another_figure__is_ignored(tmp_path: Path, extra: str) -> None:
    text = f"account,asset,supplied,borrowed,{extra}\n{FIRST},USDe,1,0,0.5\n"

    assert read(tmp_path, text).accounts[0].holdings == (Holding("USDe", 10**18, 0, True),)


@pytest.mark.parametrize(
    ("columns", "is_collateral"), [({"used_as_collateral": "collateral"}, False), ({"used_as_collateral": None}, True)]
)
def test_columns__that_state_the_flag__read_or_ignore_what_looks_like_it(
    tmp_path: Path, columns: dict[str, str | None], is_collateral: bool
) -> None:
    text = f"account,asset,supplied,borrowed,collateral,asCollateral\n{FIRST},USDe,1,0,false,x\n"

    assert read(tmp_path, text, columns=columns).accounts[0].holdings[0].is_collateral is is_collateral


def test_columns__that_state_the_debt__ignore_another_debt_beside_it(tmp_path: Path) -> None:
    text = f"user,symbol,supply,variable_debt,stable_debt\n{FIRST},USDC,0,3,1\n"

    with pytest.raises(ScenarioError, match="'stable_debt': looks like borrowed"):
        read(tmp_path, text, layout="query")
    found = read(tmp_path, text, layout="query", columns={"borrowed": "variable_debt"})
    assert found.accounts[0].holdings[0].borrowed_raw == 3_000_000


def test_wide__column_of_an_asset_that_is_not_read__is_refused(tmp_path: Path) -> None:
    text = f"account,USDe_supplied,USDC_debt,USDe_collateral\n{FIRST},1,0,false\n"

    with pytest.raises(ScenarioError, match=r"'USDe_collateral': looks like .*: name it ASSET_used_as_collateral"):
        read(tmp_path, text, layout="wide")
    found = read(tmp_path, text, layout="wide", columns={"used_as_collateral": None})
    assert found.accounts[0].holdings[0].is_collateral
    assert read(tmp_path, text.replace("USDe_collateral", "WBTC_collateral"), layout="wide").accounts


def test_subgraph__answer_without_the_flag__is_refused_unless_that_is_stated(tmp_path: Path) -> None:
    entries = [{key: value for key, value in entry.items() if "Collateral" not in key} for entry in SUBGRAPH]
    text = json.dumps(entries)

    with pytest.raises(ScenarioError, match="has no column usageAsCollateralEnabledOnUser: add it to the query"):
        read(tmp_path, text, name="page.json", layout="subgraph")
    found = read(tmp_path, text, name="page.json", layout="subgraph", columns={"used_as_collateral": None})
    assert found.accounts[1].holdings[0].is_collateral


@pytest.mark.parametrize("key", ["currentTotalDebt", "currentATokenBalance", "usageAsCollateralEnabledOnUser"])
def test_subgraph__entry_without_a_key_of_the_others__is_refused_and_not_zero(tmp_path: Path, key: str) -> None:
    cut = {name: value for name, value in SUBGRAPH[1].items() if name not in (key, "currentVariableDebt")}

    with pytest.raises(ScenarioError, match=f"page.json: entry 2: has no {key}, which other entries have"):
        read(tmp_path, json.dumps([SUBGRAPH[0], cut]), name="page.json", layout="subgraph")


def test_columns__null_for_what_every_file_holds__is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"columns\.account: expected a column: null is for used_as_collateral"):
        read(tmp_path, LONG, columns={"account": None})


def test_decimals__other_than_the_scenarios__are_refused(tmp_path: Path) -> None:
    entry = user_reserve(FIRST, "USDC", 5, 0, True, None)
    entry["reserve"] = {"symbol": "USDC", "decimals": 18}

    with pytest.raises(ScenarioError, match=r"page.json: entry 1: reserve.decimals = 18: USDC has 6 decimals"):
        read(tmp_path, json.dumps([entry]), name="page.json", layout="subgraph")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("book.json", "{", "book.json: line 1: is not JSON"),
        ("book.json", "[" + "9" * 5000 + "]", "book.json: is not JSON"),
        ("book.json", "[1]", "book.json: entry 1 = 1: expected an object"),
        ("book.json", '{"errors": [{"message": "x"}]}', "has no rows"),
        ("book.parquet", "text", "book.parquet: is not a Parquet file"),
        ("book.csv", "account,asset,supplied,borrowed", "book.csv: has no rows"),
    ],
)
def test_file__that_is_not_what_its_ending_says__is_refused(
    tmp_path: Path, name: str, content: str, expected: str
) -> None:
    with pytest.raises(ScenarioError) as error:
        read(tmp_path, content, name=name)

    assert expected in str(error.value)


def test_file__missing__is_refused(tmp_path: Path) -> None:
    for name in ("book.csv", "book.parquet", "book.json"):
        with pytest.raises(ScenarioError, match="cannot be read"):
            read_accounts(tmp_path / name, decimals=DECIMALS)


def test_json__numbers_beyond_a_float__stay_exact(tmp_path: Path) -> None:
    text = f'[{{"account": "{FIRST}", "asset": "USDe", "supplied": 123456789.123456789123456789, "borrowed": 0}}]'

    (account,) = read(tmp_path, text, name="book.json").accounts

    assert account.holdings[0].supplied_raw == int(Decimal("123456789.123456789123456789") * 10**18)
    assert replace(account.holdings[0], where="") == account.holdings[0]
