"""Print the outcome of an examination of necessity on a terminal."""

from __future__ import annotations

from rich.console import Console

from cascade.experiments.necessity.result import Necessity
from cascade.experiments.necessity.words import LINK_HEADINGS, SEED_HEADINGS, link_rows, seed_rows
from cascade.report.shared.terminal import print_table, print_text

__all__ = ["print_necessity"]


def print_necessity(found: Necessity, *, console: Console | None = None) -> None:
    """Print how often the claim holds without each link, and how the whole chain ended with each seed."""
    console = console or Console()
    print_text(console, f"The claim: expect.{found.claim}")
    print_table(console, "One change at a time", LINK_HEADINGS, link_rows(found), text_columns=len(LINK_HEADINGS))
    print_table(console, "The whole chain", SEED_HEADINGS, seed_rows(found), text_columns=len(SEED_HEADINGS))
