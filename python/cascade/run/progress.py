"""What a person sees while a run goes on; nothing at all when no one looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

__all__ = ["Progress", "quiet", "terminal"]


class Progress:
    """Stages and bars on a console, or on none."""

    def __init__(self, console: Console | None) -> None:
        self._console = console

    def say(self, text: str) -> None:
        """One line."""
        if self._console is not None:
            self._console.print(text, markup=False, highlight=False)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Something that takes a while and has no measure."""
        if self._console is None:
            yield
            return
        with RichProgress(
            SpinnerColumn(finished_text="done"),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=self._console,
        ) as bars:
            task = bars.add_task(name, total=1)
            yield
            bars.advance(task)

    @contextmanager
    def bar(self, name: str, total: int) -> Iterator[Callable[[int], None]]:
        """Something of a known size; call what is given with the steps done."""
        if self._console is None:
            yield lambda _: None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with RichProgress(*columns, console=self._console) as bars:
            task = bars.add_task(name, total=total)
            yield lambda steps: bars.advance(task, steps)


def quiet() -> Progress:
    """Shows nothing."""
    return Progress(None)


def terminal() -> Progress:
    """Shows on standard error, so that standard output stays the result."""
    return Progress(Console(stderr=True))
