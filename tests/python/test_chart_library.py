"""The chart library is bundled once per user, and a cache that is missing, cut off or changed is made again."""

from __future__ import annotations

from pathlib import Path

import pytest

from cascade.report.shared import bundle

SNIPPET = "export const answer = 42;\r\n"


@pytest.fixture
def bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every bundling, with a cache of its own."""
    made: list[str] = []

    def make(snippet: str) -> str:
        made.append(snippet)
        return f"// library\r\n{snippet}"

    monkeypatch.setattr(bundle, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr("vl_convert.javascript_bundle", make)
    return made


def fresh(snippet: str = SNIPPET) -> str:
    """What a new process would be given."""
    return bundle.chart_library.__wrapped__(snippet)


def files(folder: Path) -> list[Path]:
    return list((folder / "cache" / "charts").iterdir())


def test_library__second_process__reads_the_same_bytes_from_the_cache(bundled: list[str], tmp_path: Path) -> None:
    assert fresh() == fresh() == f"// library\r\n{SNIPPET}"
    assert bundled == [SNIPPET]
    assert len(files(tmp_path)) == 1


def test_library__other_snippet__is_bundled_on_its_own(bundled: list[str]) -> None:
    assert fresh("other") != fresh()
    assert bundled == ["other", SNIPPET]


@pytest.mark.parametrize("damage", [b"", b"0123", b"\xff\xfe", None])
def test_library__cache_cut_off_or_changed__is_bundled_again(
    damage: bytes | None, bundled: list[str], tmp_path: Path
) -> None:
    whole = fresh()
    (kept,) = files(tmp_path)
    kept.write_bytes(kept.read_bytes().replace(b"42", b"43") if damage is None else damage)

    assert fresh() == whole
    assert bundled == [SNIPPET, SNIPPET]


def test_library__cache_that_cannot_be_written__is_no_error(bundled: list[str], tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file in the folder's place", encoding="utf-8")

    assert fresh() == fresh() == f"// library\r\n{SNIPPET}"
    assert len(bundled) == 2
