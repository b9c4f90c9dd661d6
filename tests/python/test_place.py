"""Places that results cannot be written to: each is refused in one line, before anything runs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from cascade import load_scenario, replay
from cascade.errors import CascadeError
from cascade.run.place import require_writable_file, require_writable_folder
from cascade.toolchain.paths import project_root


@pytest.mark.parametrize("name", ["", "new", "new/deeper/still"])
def test_folder__there_or_to_be_made__is_accepted_and_not_made(tmp_path: Path, name: str) -> None:
    require_writable_folder(tmp_path / name)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("below", ["", "runs"])
def test_folder__is_a_file_or_below_one__is_refused(tmp_path: Path, below: str) -> None:
    file = tmp_path / "file"
    file.write_text("")

    with pytest.raises(CascadeError, match=rf"^--out = .*: {file} is no folder: expected one"):
        require_writable_folder(file / below)


def test_folder__read_only__is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The superuser may write to a read-only folder, so that permissions alone would not show it in every environment.
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)

    with pytest.raises(CascadeError, match=r"cannot be written to: expected a folder that can"):
        require_writable_folder(tmp_path / "runs")


def test_folder__disk_is_full__is_refused_with_the_space_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=3 * 2**20))

    with pytest.raises(CascadeError, match=r"3 MiB are free on its disk: expected at least 64"):
        require_writable_folder(tmp_path / "runs")


def test_file__in_a_missing_folder__is_refused_with_what_to_make(tmp_path: Path) -> None:
    with pytest.raises(CascadeError, match=r"^--markdown = .*posts/post\.md: .*posts does not exist: make that folder"):
        require_writable_file(tmp_path / "posts" / "post.md", option="--markdown")


def test_file__is_a_folder__is_refused(tmp_path: Path) -> None:
    with pytest.raises(CascadeError, match="is a folder: expected the path of a file"):
        require_writable_file(tmp_path, option="--markdown")


def test_file__new_or_there__is_accepted(tmp_path: Path) -> None:
    (tmp_path / "old.md").write_text("")

    require_writable_file(tmp_path / "old.md", option="--markdown")
    require_writable_file(tmp_path / "new.md", option="--markdown")
    assert not (tmp_path / "new.md").exists()


def test_replay__out_is_a_file__is_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "runs"
    file.write_text("")
    monkeypatch.setattr("cascade.staging.world.load_artifacts", lambda: pytest.fail("contracts were compiled"))

    with pytest.raises(CascadeError, match=r"^--out = .*runs: .*runs is no folder"):
        replay(load_scenario(project_root() / "scenarios" / "frictionless-loop.yaml"), out=file)
