"""Texts of scenarios: numbers as they are written, values from Python, JSON, and names that were almost right."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from cascade.errors import ScenarioError, unknown_name
from cascade.scenario.load import load_scenario, restore_scenario
from cascade.scenario.tree import dump_tree, parse_override, parse_tree
from cascade.toolchain.paths import project_root

SCENARIOS = project_root() / "scenarios"
FRICTIONLESS = SCENARIOS / "frictionless-loop.yaml"
OCTOBER = SCENARIOS / "october-2025.yaml"


def refusal(*changes: str, file: Path = FRICTIONLESS) -> str:
    with pytest.raises(ScenarioError) as refused:
        load_scenario(file, overrides=changes)
    return str(refused.value)


@pytest.mark.parametrize(
    ("written", "reading"),
    [
        ("010", "YAML reads 8"),
        ("0100", "YAML reads 64"),
        ("+010", "YAML reads 8"),
        ("08", "YAML reads a text"),
        ("1:30", "YAML reads 90"),
        ("1:30.5", "YAML reads 90.5"),
        ("0b10", "YAML reads 2"),
        ("0x10", "YAML reads 16"),
        ("0o10", "YAML reads a text"),
    ],
)
def test_number__not_decimal__refused_with_what_it_would_be_read_as(written: str, reading: str) -> None:
    assert f"seed = '{written}': the value is not YAML: {written} is not a decimal number ({reading})" in refusal(
        f"seed={written}"
    )
    with pytest.raises(ScenarioError, match=r"mine\.yaml: line 2: ") as refused:
        parse_tree(f"name: x\nseed: {written}\n", file="mine.yaml")
    assert reading in str(refused.value)


def test_number__octal_by_its_tag__refused() -> None:
    assert "YAML reads 8" in refusal("seed=!!int 010")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0", 0),
        ("-7", -7),
        ("1_000_000", 1_000_000),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1e-7", 1e-7),
        ("1e6", 1e6),
        ("2.5E+3", 2500.0),
        ("'010'", "010"),
        ('"1:30"', "1:30"),
        ("1.2.3", "1.2.3"),
        ("2025-10-10T20:45:00Z", datetime(2025, 10, 10, 20, 45, tzinfo=UTC)),
    ],
)
def test_number__decimal_or_in_quotes__is_what_is_written(written: str, value: object) -> None:
    assert parse_override(f"key={written}") == ("key", value)


@pytest.mark.parametrize(
    "text", ["010", "1e7", "1e-7", "1:30", "0x10", "true", "null", "", "12", "1_0", ".inf", "#", "a: b"]
)
def test_text__that_looks_like_another_type__stays_text_when_read_again(text: str) -> None:
    assert parse_tree(dump_tree({"key": text}), file="x") == {"key": text}
    assert yaml.safe_load(dump_tree({"key": text})) == {"key": text}, "other readers of YAML agree"


def test_ltv__in_scientific_notation__is_a_number_and_not_a_text() -> None:
    message = refusal("lending.reserves.USDC.lenders_supply=-1e-7")

    assert "lenders_supply = -1e-07: Input should be greater than or equal to 0" in message


def test_merge_key__refused_with_what_to_use_instead() -> None:
    with pytest.raises(ScenarioError, match=r"line 2: a merge key .* is not read: use `extends`"):
        parse_tree("base: &base {a: 1}\nother: {<<: *base, b: 2}\n", file="x")


@pytest.mark.parametrize("brackets", ["[" * 2000 + "]" * 2000, "{a: " * 2000 + "}" * 2000])
def test_scenario__nested_too_deeply__is_one_line(brackets: str) -> None:
    with pytest.raises(ScenarioError, match="nested too deeply"):
        parse_tree(f"name: {brackets}", file="x")


def test_scenario__aliases_that_stand_for_billions_of_values__refused() -> None:
    text = "a: &a [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]\n"
    for name, inner in zip("bcdefghij", "abcdefghi", strict=True):
        text += f"{name}: &{name} [{', '.join([f'*{inner}'] * 10)}]\n"

    with pytest.raises(ScenarioError, match="at most 1,000,000 values"):
        parse_tree(text, file="x")


def test_scenario__file_without_an_end__refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "endless.yaml").symlink_to("/dev/zero")

    with pytest.raises(ScenarioError, match=r"endless\.yaml: expected a file of at most 16 MB"):
        load_scenario(tmp_path / "endless.yaml")


def test_time__in_quotes__is_the_same_time() -> None:
    quoted = load_scenario(FRICTIONLESS, overrides=["timeline.end='2025-10-10T21:41:00Z'"])
    plain = load_scenario(FRICTIONLESS, overrides=["timeline.end=2025-10-10T21:41:00Z"])

    assert quoted.parameters_json() == plain.parameters_json()


@pytest.mark.parametrize("time", ["2025-10-10", "2025-10-10T21:41:00", "noon", "1760132400", "2025-10-10T21:41:00.5Z"])
def test_time__that_is_no_whole_second_with_a_zone__refused(time: str) -> None:
    assert "frictionless-loop.yaml: timeline.end = " in refusal(f"timeline.end={time}")
    assert "expected " in refusal(f"timeline.end='{time}'")


@pytest.mark.parametrize(
    ("path", "given", "plain"),
    [
        ("timeline.end", "2025-10-10T21:41:00Z", "2025-10-10T21:41:00Z"),
        ("timeline.end", datetime(2025, 10, 10, 21, 41, tzinfo=UTC), "2025-10-10T21:41:00Z"),
        ("timeline.end", pd.Timestamp("2025-10-10T21:41:00Z"), "2025-10-10T21:41:00Z"),
        ("seed", np.int64(11), "11"),
        ("seed", pd.Series([11])[0], "11"),
        ("lending.reserves.USDe.ltv_bps", np.int32(7500), "7500"),
        ("lending.reserves.USDC.lenders_supply", np.float64(900_000.5), "900000.5"),
        ("lending.reserves.USDC.lenders_supply", Decimal("900000.25"), "900000.25"),
        ("lending.reserves.USDC.lenders_supply", Decimal("9e5"), "900000"),
        ("agents.keeper.exits", ("at-oracle",), "[at-oracle]"),
    ],
)
def test_set_from_python__scalar_of_any_library__is_as_its_text(path: str, given: object, plain: str) -> None:
    from_python = load_scenario(FRICTIONLESS, set={path: given})
    from_text = load_scenario(FRICTIONLESS, overrides=[f"{path}={plain}"])

    assert from_python.parameters_json() == from_text.parameters_json()
    assert from_python.text == from_text.text or isinstance(given, str)


@pytest.mark.parametrize(
    "value", [object(), {1.5: 2}, {"a": {1}}, pd.NaT, Decimal("0.1234567890123456789"), b"bytes", np.array([1, 2])]
)
def test_set_from_python__value_that_yaml_cannot_hold__refused_in_one_line(value: Any) -> None:
    with pytest.raises(ScenarioError, match=r"^--set: |frictionless-loop\.yaml: ") as refused:
        load_scenario(FRICTIONLESS, set={"lending.reserves.USDC.lenders_supply": value})

    assert "\n" not in str(refused.value)


def test_json__scenario__loads_to_the_same_parameters(tmp_path: Path) -> None:
    tree = parse_tree(FRICTIONLESS.read_text(encoding="utf-8"), file="x")
    (tmp_path / "mine.json").write_text(json.dumps(tree, default=str, indent="\t"), encoding="utf-8")
    (tmp_path / "frictionless-loop.csv").write_bytes((SCENARIOS / "frictionless-loop.csv").read_bytes())

    loaded = load_scenario(tmp_path / "mine.json")
    restored = restore_scenario(
        text=loaded.text, path_file=loaded.path.file, path_text=loaded.path_text, file="mine.json"
    )

    assert loaded.parameters_json() == load_scenario(FRICTIONLESS).parameters_json()
    assert restored.parameters_json() == loaded.parameters_json()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"seed": 1, "seed": 2}', "'seed' is given twice"),
        ('{"seed": 1,}', "expected JSON: Expecting property name enclosed in double quotes: line 1 column 12"),
        ("[" * 100_000, "nested too deeply"),
        ("[1]", "expected a mapping"),
    ],
)
def test_json__that_is_wrong__refused_in_one_line(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "mine.json").write_text(text, encoding="utf-8")

    with pytest.raises(ScenarioError) as refused:
        load_scenario(tmp_path / "mine.json")

    assert str(refused.value).startswith("mine.json: ")
    assert expected in str(refused.value)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("agents.keepers.kind=keepr", "agents.keepers.kind = 'keepr': unknown kind: did you mean keeper?"),
        ("agents.x={kind: zebra}", "agents.x.kind = 'zebra': unknown kind; known are path-poster, market-poster"),
        ("agents.x={count: 1}", "agents.x.kind: is missing"),
        ("timelin.start=1", "timelin: unknown key: did you mean timeline?"),
        ("agents.keeper.laziness=1", "agents.keeper.laziness = 1: unknown key; known are kind, "),
        ("exchange.books.ALT-USDC.tik=1", "exchange.books.ALT-USDC.tik = 1: unknown key: did you mean tick?"),
        ("lending.reserves.USDe.ltv_pbs=1", "lending.reserves.USDe.ltv_pbs = 1: unknown key: did you mean ltv_bps?"),
        ("venues.new={kind: stable-swop}", "unknown kind: did you mean stable-swap?"),
        ("oracle.USDe={kind: amm-spott}", "oracle.USDe.kind = 'amm-spott': unknown kind: did you mean amm-spot?"),
        ("exchange.books.ALT-USDC.index.redemption_venu=x", "unknown key"),
        ("agents.flow={kind: path-flow, venue: usde-usdt, asset: USDe}", "unknown venue: did you mean usde-usdc?"),
    ],
)
def test_name__almost_right__suggests_the_nearest_in_a_short_line(change: str, expected: str) -> None:
    message = refusal(change, file=OCTOBER)

    assert expected in message
    assert len(message) < 200


def test_unknown_name__many_known_and_none_near__shows_some_and_counts_the_rest() -> None:
    known = [f"name-{number:03}" for number in range(500)]

    message = unknown_name("thing", "x", known)

    assert message.startswith("unknown thing; known are name-000, name-001")
    assert message.endswith(" more")
    assert len(message) < 120
