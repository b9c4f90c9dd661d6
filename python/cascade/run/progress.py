"""Progress bars on a terminal, with their rate and the time left; silent otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    GetTimeCallable,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as RichProgress
from rich.text import Text

__all__ = ["Progress", "quiet", "terminal"]


_MINUTE, _HOUR = 60, 3600


class _Rate(ProgressColumn):
    """Steps per second, or per minute where they are slower."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        return Text(f"{speed:,.0f} per s" if speed >= 1 else f"{speed * _MINUTE:,.1f} per min")


class _Left(ProgressColumn):
    """Time that the rest takes at the rate so far."""

    def render(self, task: Task) -> Text:
        left = task.time_remaining
        if left is None or task.finished:
            return Text("")
        seconds = int(left)
        return Text(f"{seconds // _HOUR}:{seconds % _HOUR // _MINUTE:02}:{seconds % _MINUTE:02} left")


class Progress:
    """Reports the stages of a run on a console.

    Parameters
    ----------
    console : Console, optional
        Where progress is shown; None shows nothing, for use as a library.
    clock : callable, optional
        Returns the time in seconds; None takes that of the machine.
    """

    def __init__(self, console: Console | None, *, clock: GetTimeCallable | None = None) -> None:
        self._console, self._clock = console, clock

    def say(self, text: str) -> None:
        """Print one line."""
        if self._console is not None:
            self._console.print(text, markup=False, highlight=False)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Show a spinner during a stage whose length is not known beforehand."""
        if self._console is None:
            yield
            return
        columns = (SpinnerColumn(finished_text="done"), TextColumn("{task.description}"), TimeElapsedColumn())
        with RichProgress(*columns, console=self._console) as bars:
            task = bars.add_task(name, total=1)
            yield
            bars.advance(task)

    @contextmanager
    def bar(self, name: str, total: int, *, done: int = 0) -> Iterator[Callable[[int], None]]:
        """Show a bar during a stage of `total` steps, and yield a function to call with the number of steps done.

        The bar has the rate of the last half minute, and the time that the rest takes at that rate.

        Parameters
        ----------
        done : int
            Steps that were done before, as those of a sweep that goes on: they count as done, and not in the rate.
        """
        if self._console is None:
            yield lambda _: None
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeElapsedColumn(),
            _Left(),
        )
        with RichProgress(*columns, console=self._console, get_time=self._clock) as bars:
            task = bars.add_task(name, total=total, completed=done)
            yield lambda steps: bars.advance(task, steps)


def quiet() -> Progress:
    """Return a progress that shows nothing."""
    return Progress(None)


def terminal() -> Progress:
    """Return a progress on standard error, so that standard output holds nothing but the result."""
    return Progress(Console(stderr=True))
