"""Progress bars on a terminal; silent otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

__all__ = ["Progress", "quiet", "terminal"]


class Progress:
    """Reports the stages of a run on a console.

    Parameters
    ----------
    console : Console, optional
        Where progress is shown; None shows nothing, for use as a library.
    """

    def __init__(self, console: Console | None) -> None:
        self._console = console

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
    def bar(self, name: str, total: int) -> Iterator[Callable[[int], None]]:
        """Show a bar during a stage of `total` steps, and yield a function to call with the number of steps done."""
        if self._console is None:
            yield lambda _: None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with RichProgress(*columns, console=self._console) as bars:
            task = bars.add_task(name, total=total)
            yield lambda steps: bars.advance(task, steps)


def quiet() -> Progress:
    """Return a progress that shows nothing."""
    return Progress(None)


def terminal() -> Progress:
    """Return a progress on standard error, so that standard output holds nothing but the result."""
    return Progress(Console(stderr=True))
