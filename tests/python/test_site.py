"""The documentation site: it builds strictly, works from disk, and its commands are ones that cascade takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config

from cascade.commands.console import COMMANDS, cli
from cascade.toolchain.paths import project_root

ROOT = project_root()
PAGES = sorted((ROOT / "docs").rglob("*.md"))
LINES = [
    (page.relative_to(ROOT / "docs").as_posix(), line)
    for page in PAGES
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for line in block.splitlines()
    if line.startswith("cascade ")
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    # Strict: a link or an anchor that leads nowhere, and a name that no docstring has, end the build.
    config = load_config(str(ROOT / "mkdocs.yml"), strict=True, site_dir=str(folder))
    build(config)
    return folder


def test_site__every_page_of_the_documents__is_in_it_and_in_its_menu(site: Path) -> None:
    menu = (site / "index.html").read_text(encoding="utf-8").split("<main")[0].split('role="main"')[0]

    assert len(PAGES) > 25
    for page in PAGES:
        name = page.relative_to(ROOT / "docs").with_suffix(".html").as_posix()
        assert (site / name).is_file(), name
        assert f'href="{name}"' in menu, name


def test_site__opened_from_disk__asks_no_host_for_anything(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r'<(?:script|img|iframe)[^>]*\ssrc="(?:https?:)?//', text), page.name
        assert not re.findall(r'<link[^>]*\shref="(?:https?:)?//', text), page.name
    for style in site.rglob("*.css"):
        assert not re.findall(r"url\([\"']?(?:https?:)?//", style.read_text(encoding="utf-8")), style.name


def test_site__reference__has_what_a_script_imports_with_its_docstring(site: Path) -> None:
    text = (site / "reference.html").read_text(encoding="utf-8")

    for name in ("cascade.scenario.load.load_scenario", "cascade.harness.replay", "cascade.run.opened.Run"):
        assert f'id="{name}"' in text, name
    assert "Run a scenario and write the folder of the run" in text


@pytest.mark.parametrize(("page", "line"), LINES)
def test_command__of_a_page__is_one_that_cascade_takes(page: str, line: str) -> None:
    _, name, *arguments = shlex.split(line, comments=True)

    assert name in COMMANDS, page
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    # Parsed, and not run.
    assert command.make_context(name, arguments).command is command
