"""Keep the answers of one block, so that a view asks the node each question once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

__all__ = ["Once"]

T = TypeVar("T")


class Once:
    """A memory of answers: the same question is asked once."""

    def __init__(self) -> None:
        self._known: dict[object, object] = {}

    def __call__(self, question: object, ask: Callable[[], T]) -> T:
        """Return the answer, asking for it the first time."""
        if question not in self._known:
            self._known[question] = ask()
        return self._known[question]  # type: ignore[return-value]
