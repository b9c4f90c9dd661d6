"""The tutorial: every command in it exists and takes its options."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from cascade.commands.console import COMMANDS, cli
from cascade.toolchain.paths import project_root

TUTORIAL = (project_root() / "docs" / "TUTORIAL.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", TUTORIAL, flags=re.DOTALL)
LINES = [line for kind, block in BLOCKS if kind == "sh" for line in block.splitlines() if line.startswith("cascade ")]


@pytest.mark.parametrize("line", LINES)
def test_command__of_the_tutorial__is_one_that_cascade_takes(line: str) -> None:
    _, name, *arguments = shlex.split(line)

    assert name in COMMANDS
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    # Parsed, and not run.
    context = command.make_context(name, arguments)
    assert context.command is command


def test_tutorial__names_the_commands_of_a_first_day() -> None:
    assert {shlex.split(line)[1] for line in LINES} >= {"setup", "doctor", "init", "prices", "accounts", "proposal"}
