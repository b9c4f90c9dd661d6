"""Tables on disk: the declared schema, exact integers, the hash over content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from cascade.analysis.frames import Frames
from cascade.errors import CascadeError
from cascade.recording.canonical import canonical_sha256, combined_sha256
from cascade.recording.doc import render
from cascade.recording.store import (
    SchemaViolation,
    read_table,
    rows_of,
    table_sha256,
    tables_sha256,
    write_derived,
    write_recorded,
    write_tables,
)
from cascade.recording.tables import TABLES, Kind, LinkRow, LoopRow, PositionRow, PriceRow, Row
from cascade.recording.tables import row as declare
from cascade.vocabulary import Motive

from .table_rows import typed

Rows = dict[str, list[dict[str, Any]]]

MAX = 2**256 - 1


def row_of(table: str, **values: Any) -> Any:
    plain: dict[Kind, Any] = {Kind.TEXT: "a", Kind.INT64: 1, Kind.UINT256: 2, Kind.BOOL: True, Kind.FLOAT64: 0.1}
    columns = {column.name: plain[column.kind] for column in TABLES[table].columns}
    return TABLES[table].row(**{**columns, **values})


def test_write_tables__of_no_rows__writes_every_declared_table(tmp_path: Path) -> None:
    write_tables(tmp_path, [])
    assert {path.stem for path in tmp_path.iterdir()} == set(TABLES)
    for name, table in TABLES.items():
        frame = read_table(tmp_path, name)
        assert list(frame.columns) == table.column_names
        assert len(frame) == 0


def test_read_table__after_write__returns_every_value_and_type(
    tmp_path: Path, crash_rows: Rows, endogenous_rows: Rows
) -> None:
    crash_rows["price_moves"] = endogenous_rows["price_moves"]
    crash_rows["links"] = [asdict(row_of("links", size=1 / 3))]
    write_tables(tmp_path, typed(crash_rows))
    dtypes = {
        Kind.TEXT: "object",
        Kind.INT64: "int64",
        Kind.UINT256: "object",
        Kind.BOOL: "bool",
        Kind.FLOAT64: "float64",
    }
    for name, table in TABLES.items():
        frame = read_table(tmp_path, name)
        assert frame.to_dict("records") == crash_rows.get(name, [])
        assert {column.name: str(frame[column.name].dtype) for column in table.columns} == {
            column.name: "Int64" if column.is_nullable and column.kind is Kind.INT64 else dtypes[column.kind]
            for column in table.columns
        }


def test_nullable_column__of_missing_values__keeps_them_and_every_other_integer_exact(tmp_path: Path) -> None:
    prices = [row_of("prices", price_e8=value) for value in (None, 2**62 + 1, 0)]
    positions = [row_of("positions", debt_base_e8=value) for value in (None, MAX)]
    write_tables(tmp_path, [*prices, *positions])
    found, held = read_table(tmp_path, "prices"), read_table(tmp_path, "positions")

    assert found["price_e8"].isna().tolist() == [True, False, False]
    assert [row.price_e8 for row in rows_of(found, PriceRow)] == [None, 2**62 + 1, 0]
    assert [row.debt_base_e8 for row in rows_of(held, PositionRow)] == [None, MAX]
    assert canonical_sha256(found, "prices") == canonical_sha256(prices, "prices")
    assert canonical_sha256(found, "prices") != canonical_sha256([row_of("prices", price_e8=0), *prices[1:]], "prices")


def test_write_tables__missing_value_where_none_may_be__is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaViolation, match="table prices, column block_number: None is NoneType, not int64"):
        write_tables(tmp_path, [row_of("prices", block_number=None)])
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("value", [0, 2**53 + 1, 2**63, 2**64 + 1, MAX])
def test_read_table__of_a_uint256__is_that_python_int(tmp_path: Path, value: int) -> None:
    write_tables(tmp_path, [row_of("positions", health_factor_wad=value)])
    found = read_table(tmp_path, "positions")["health_factor_wad"].iloc[0]
    assert type(found) is int
    assert found == value


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("health_factor_wad", MAX + 1, "out of the range of uint256"),
        ("health_factor_wad", -1, "out of the range of uint256"),
        ("health_factor_wad", 1.0, "1.0 is float, not uint256"),
        ("health_factor_wad", "1", "'1' is str, not uint256"),
        ("block_number", 2**63, "out of the range of int64"),
        ("block_number", True, "True is bool, not int64"),
        ("block_number", None, "None is NoneType, not int64"),
        ("borrower", 1, "1 is int, not text"),
    ],
)
def test_write_tables__a_value_that_does_not_fit__names_table_and_column(
    tmp_path: Path, column: str, value: object, what: str
) -> None:
    with pytest.raises(SchemaViolation, match=f"table positions, column {column}: .*{what}") as caught:
        write_tables(tmp_path / "tables", [row_of("positions", **{column: value})])
    assert isinstance(caught.value, CascadeError)
    assert not (tmp_path / "tables").exists()


def test_write_tables__a_loss_of_a_liquidator__is_the_one_signed_integer(tmp_path: Path) -> None:
    write_tables(tmp_path, [row_of("liquidations", liquidator_profit_raw=-(2**200))])
    assert read_table(tmp_path, "liquidations")["liquidator_profit_raw"].iloc[0] == -(2**200)
    with pytest.raises(SchemaViolation, match="debt_covered_raw"):
        write_tables(tmp_path, [row_of("liquidations", debt_covered_raw=-1)])


def test_row__with_a_missing_or_an_unknown_column__cannot_be_made() -> None:
    columns = asdict(row_of("loops"))
    with pytest.raises(TypeError, match="unexpected keyword argument 'depth'"):
        LoopRow(**{**columns, "depth": 1})
    del columns["round"]
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'round'"):
        LoopRow(**columns)


def test_frames__tables_still_in_hand__are_those_of_the_files(
    tmp_path: Path, crash_rows: Rows, endogenous_rows: Rows
) -> None:
    crash_rows["price_moves"] = endogenous_rows["price_moves"]
    recorded = write_recorded(tmp_path / "tables", typed(crash_rows))
    in_hand, read = Frames(tmp_path, recorded=recorded), Frames(tmp_path, recorded.hashes)
    for name, table in TABLES.items():
        pd.testing.assert_frame_equal(getattr(in_hand, name), getattr(read, name))
        assert in_hand.rows(table.row) == read.rows(table.row)
    # A derived table is written after the others, and must come from its file.
    links = [row_of("links", size=1 / 3)]
    write_derived(tmp_path / "tables", LinkRow, links)
    assert Frames(tmp_path, recorded=recorded).rows(LinkRow) == links


def test_positions_at__rows_out_of_block_order__the_last_of_each_position(tmp_path: Path) -> None:
    def position(borrower: str, block: int, debt: int) -> Row:
        row: Row = row_of("positions", borrower=borrower, block_number=block, debt_raw=debt)
        return row

    rows = [position("a", 5, 1), position("b", 3, 2), position("a", 2, 3), position("b", 3, 4), position("c", 9, 5)]
    write_tables(tmp_path / "tables", rows)
    frames = Frames(tmp_path)
    assert [(row.borrower, row.debt_raw) for row in frames.positions_at(3)] == [("a", 3), ("b", 4)]
    assert [(row.borrower, row.debt_raw) for row in frames.positions_at(5)] == [("b", 4), ("a", 1)]
    assert [(row.borrower, row.debt_raw) for row in frames.positions_at(1)] == []


@pytest.fixture
def without_notes() -> Iterator[None]:
    yield
    TABLES.pop("notes", None)


@pytest.mark.usefixtures("without_notes")
def test_table__declared_by_a_class_alone__is_written_read_and_documented(tmp_path: Path) -> None:
    @declare.table("notes")
    class NoteRow(Row):
        """One row per note."""

        length: int = declare.uint256("-", "length of the note", signed=True)

    rows = [NoteRow(run_id="a", seed=1, length=-(2**200)), NoteRow(run_id="a", seed=1, length=3)]
    write_tables(tmp_path / "tables", rows)

    assert Frames(tmp_path).rows(NoteRow) == rows
    assert "| `length` | uint256 | - | length of the note |" in render()


def test_write_tables__a_row_of_no_table__is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaViolation, match="table of Row: is not declared"):
        write_tables(tmp_path / "tables", [row_of("loops"), Row(run_id="a", seed=1)])
    assert not (tmp_path / "tables").exists()


def test_write_tables__a_member_of_a_vocabulary__is_its_text(tmp_path: Path) -> None:
    write_tables(tmp_path, [row_of("transactions", motive=Motive.MARGIN_CALL)])
    (motive,) = read_table(tmp_path, "transactions")["motive"]
    assert type(motive) is str
    assert motive == "margin-call"
    row = row_of("transactions", motive=Motive.MARGIN_CALL)
    assert canonical_sha256([row], "transactions") == table_sha256(tmp_path)["transactions"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1])
def test_write_derived__a_figure_that_is_no_finite_float__is_refused(tmp_path: Path, value: Any) -> None:
    write_tables(tmp_path, [])
    with pytest.raises(SchemaViolation, match="table links, column peak"):
        write_derived(tmp_path, LinkRow, [row_of("links", peak=value)])
    assert len(read_table(tmp_path, "links")) == 0


def test_write_derived__of_links__stands_in_place_of_the_empty_table(tmp_path: Path) -> None:
    write_tables(tmp_path, [])
    before = table_sha256(tmp_path)
    write_derived(tmp_path, LinkRow, [row_of("links")])
    assert rows_of(read_table(tmp_path, "links"), LinkRow) == [row_of("links")]
    assert {name for name, digest in table_sha256(tmp_path).items() if digest != before[name]} == {"links"}


def test_write_derived__a_recorded_table__is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaViolation, match="table prices: is not declared as derived"):
        write_derived(tmp_path, PriceRow, [])


def test_read_table__an_undeclared_table__is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaViolation, match="table loop: is not declared"):
        read_table(tmp_path, "loop")


def test_read_table__a_file_with_other_columns__is_refused(tmp_path: Path) -> None:
    write_tables(tmp_path, [])
    (tmp_path / "loops.parquet").write_bytes((tmp_path / "swaps.parquet").read_bytes())
    with pytest.raises(SchemaViolation, match="table loops: the file differs from the schema in"):
        read_table(tmp_path, "loops")


def test_write_tables__the_same_rows_twice__writes_the_same_bytes(tmp_path: Path, crash_rows: Rows) -> None:
    for name in ("first", "second"):
        write_tables(tmp_path / name, typed(crash_rows))
    for table in TABLES:
        first, second = (tmp_path / name / f"{table}.parquet" for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()


def test_write_tables__a_file__is_zstd_says_its_units_and_nothing_of_pandas(tmp_path: Path, crash_rows: Rows) -> None:
    write_tables(tmp_path, typed(crash_rows))
    with pq.ParquetFile(tmp_path / "prices.parquet") as file:
        metadata = file.metadata
        assert metadata.row_group(0).column(0).compression == "ZSTD"
        assert set(metadata.metadata) == {b"cascade.table", b"cascade.columns"}
        columns = json.loads(metadata.metadata[b"cascade.columns"])
    assert [column["name"] for column in columns] == TABLES["prices"].column_names
    assert columns[-1]["unit"] == "USD 1e-8"


def test_canonical_sha256__two_small_rows__is_the_hash_of_the_text_it_describes() -> None:
    rows = [row_of("health", run_id='b"\u00e9', collateral_base_e8=MAX), row_of("health", run_id="a")]
    kinds = ",".join(f'["{column.name}","{column.kind.value}"]' for column in TABLES["health"].columns)
    text = (
        f'["cascade-table-1","health",[{kinds}]]\n'
        '["a",1,"a",1,1,1,1,1,1,2,2]\n'
        f'["b\\"\\u00e9",1,"a",1,1,1,1,1,1,{MAX},2]\n'
    )
    assert canonical_sha256(rows, "health") == hashlib.sha256(text.encode("ascii")).hexdigest()


def test_canonical_sha256__a_number_that_begins_another__is_sorted_by_whole_lines() -> None:
    last = TABLES["health"].columns[-1]
    rows = [row_of("health", **{last.name: value}) for value in (1, 12, 123)]
    values = [
        "a" if column.kind is Kind.TEXT else 1 if column.kind is Kind.INT64 else 2
        for column in TABLES["health"].columns
    ]
    head = ["cascade-table-1", "health", [[column.name, column.kind.value] for column in TABLES["health"].columns]]
    # A bracket comes after every digit: the line that ends with 123 is before that with 12, and 1 is the last.
    lines = [head, *([*values[:-1], value] for value in (123, 12, 1))]
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    assert canonical_sha256(rows, "health") == hashlib.sha256(text.encode("ascii")).hexdigest()


def test_canonical_sha256__rows_frame_and_other_orders__is_the_same(tmp_path: Path, crash_rows: Rows) -> None:
    write_tables(tmp_path, typed(crash_rows))
    frame = read_table(tmp_path, "liquidations")
    expected = canonical_sha256(typed({"liquidations": crash_rows["liquidations"]}), "liquidations")
    assert canonical_sha256(frame, "liquidations") == expected
    assert canonical_sha256(frame.iloc[::-1], "liquidations") == expected
    assert canonical_sha256(frame[frame.columns[::-1]], "liquidations") == expected
    changed: pd.DataFrame = frame.copy()
    first, *others = frame["debt_covered_raw"].tolist()
    changed["debt_covered_raw"] = [first + 1, *others]
    assert canonical_sha256(changed, "liquidations") != expected


def test_tables_sha256__of_a_folder__is_the_hash_over_the_tables_hashes(tmp_path: Path, crash_rows: Rows) -> None:
    write_tables(tmp_path, typed(crash_rows))
    hashes = table_sha256(tmp_path)
    assert hashes == {name: canonical_sha256(typed({name: crash_rows.get(name, [])}), name) for name in TABLES}
    text = "{" + ",".join(f'"{name}":"{hashes[name]}"' for name in sorted(hashes)) + "}"
    expected = hashlib.sha256(text.encode("ascii")).hexdigest()
    assert tables_sha256(tmp_path) == combined_sha256(hashes) == expected


def test_tables_document__every_column__is_there() -> None:
    text = render()
    for table in TABLES.values():
        assert f"## {table.name}\n" in text
        for column in table.columns:
            kind = f"{column.kind.value} or null" if column.is_nullable else column.kind.value
            assert f"| `{column.name}` | {kind} | {column.unit} |" in text
