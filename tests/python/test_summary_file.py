"""The summary as a file: what is written is read back, what is wrong is refused, and every key is documented."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cascade.analysis import Frames, summarise
from cascade.analysis.doc import render
from cascade.analysis.summary import Summary, read_summary, summary_json
from cascade.errors import CascadeError

Rows = dict[str, list[dict[str, Any]]]
RunOf = Callable[[Rows], Path]

KEYED_BY_DATA = ("stability", "exits", "providers", "shortfall_by_pair_usd", "classes")
NUMBERS_BY_NAMES = ("trough", "depth_at_trough")


@pytest.fixture
def summary(run_of: RunOf, endogenous_rows: Rows) -> Summary:
    return summarise(Frames(run_of(endogenous_rows)), wall_seconds=1.5)


def keys_of(value: object, inside: str = "") -> Iterator[str]:
    """Keys of a summary that are names of figures, without the names of assets, venues and so on."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if inside not in KEYED_BY_DATA and not key.isdigit():
                yield key
            if key not in NUMBERS_BY_NAMES or (isinstance(inner, dict) and "redemption" in inner):
                yield from keys_of(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner, inside)


def test_summary__written_and_read__is_the_same(summary: Summary, tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text(summary_json(summary), encoding="utf-8")

    assert read_summary(tmp_path) == summary
    assert summary.causes is not None, "the run has causes, whose keys are read back too"
    assert summary_json(read_summary(tmp_path)) == summary_json(summary)


def test_summary__as_json__names_the_class_of_a_pivot_as_the_tables_do(summary: Summary) -> None:
    pivots = json.loads(summary_json(summary))["causes"]["pivots"]

    assert pivots
    assert all(set(pivot) == {"kind", "class", "liquidations", "debt_covered_usd"} for pivot in pivots)


def test_document__of_the_summary__has_every_key_of_a_run(summary: Summary) -> None:
    documented = set(re.findall(r"^\| `(\w+)` \|", render(), re.M))
    written = set(keys_of(json.loads(summary_json(summary))))

    assert len(written) > 100
    assert written <= documented


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"seed": "seven"}, "seed: Input should be a valid integer"),
        ({"keepers": {}}, "keepers.active: Field required"),
        ({"liquidations": None}, "liquidations: Input should be a valid integer"),
    ],
)
def test_summary__that_is_not_one__refused_in_one_line(
    summary: Summary, tmp_path: Path, change: dict[str, object], expected: str
) -> None:
    file = tmp_path / "summary.json"
    file.write_text(json.dumps({**json.loads(summary_json(summary)), **change}), encoding="utf-8")

    with pytest.raises(CascadeError) as refused:
        read_summary(tmp_path)

    assert str(refused.value).startswith(f"{file}: {expected}")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "version https://git-lfs.github.com/spec/v1"])
def test_summary__that_is_no_json_object__refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "summary.json").write_text(text, encoding="utf-8")

    with pytest.raises(CascadeError, match=r"summary\.json: its content: .*: expected the summary of a run"):
        read_summary(tmp_path)


def test_summary__missing__refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(CascadeError, match=r"summary\.json: cannot be read: No such file"):
        read_summary(tmp_path)
