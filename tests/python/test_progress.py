"""Progress bars: their rate, the time left, and what was done before."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from cascade.run.progress import Progress, quiet


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def shown(*, total: int, done: int, steps: int, seconds: float) -> str:
    """The last state of a bar, of which a step was done every so many seconds, and which is not finished."""
    clock, file = Clock(), io.StringIO()
    progress = Progress(Console(file=file, force_terminal=True, width=120), clock=clock)
    with progress.bar("runs", total, done=done) as advance:
        for _ in range(steps):
            clock.now += seconds
            advance(1)
    # The display is refreshed a last time when it ends; codes of the terminal are no text.
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue()).replace("\r", "\n").strip().splitlines()[-1]


def test_bar__step_every_four_seconds__has_its_rate_per_minute_and_the_time_left() -> None:
    line = shown(total=50, done=0, steps=5, seconds=4)

    # 45 steps at four seconds each.
    assert line.startswith("runs")
    assert " 5/50 15.0 per min 0:00:20 0:03:00 left" in line


def test_bar__many_steps_a_second__has_its_rate_per_second() -> None:
    # 950 steps at sixteen a second are 59.4 seconds, which are rounded up.
    assert " 50/1000 16 per s 0:00:03 0:01:00 left" in shown(total=1000, done=0, steps=50, seconds=0.0625)


def test_bar__that_goes_on__counts_what_was_done_before_but_not_in_the_rate() -> None:
    line = shown(total=1000, done=900, steps=5, seconds=4)

    assert "905/1000 15.0 per min 0:00:20 0:06:20 left" in line


def test_bar__without_a_step__knows_no_rate() -> None:
    line = shown(total=10, done=0, steps=0, seconds=1)

    assert "per" not in line
    assert "left" not in line


def test_bar__finished__has_no_time_left() -> None:
    line = shown(total=5, done=0, steps=5, seconds=4)

    assert "5/5 15.0 per min 0:00:20" in line
    assert "left" not in line


def test_quiet__bar__prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with quiet().bar("runs", 3) as advance:
        advance(3)

    assert capsys.readouterr() == ("", "")
