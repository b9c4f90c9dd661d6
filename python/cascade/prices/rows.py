"""Split the text of a CSV into rows, each with the number of its line, and refuse what does not fit its header.

The reader of the standard library joins lines where a quote stays open, so that one stray quote swallows the rows up to
the next one. Here a row is a line: a quote that is not closed on it is an error of that line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cascade.errors import ScenarioError

__all__ = ["CsvRow", "read_lines", "read_rows"]

# `str.splitlines` also splits at U+2028 and at other characters that may stand inside a cell.
_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True)
class CsvRow:
    """One row of a file.

    Attributes
    ----------
    line : int
        Number of its line in the file, from 1.
    cells : dict of str to str
        Cells by column; a column whose cell is missing at the end of the row is left out.
    """

    line: int
    cells: dict[str, str]


def read_rows(text: str, *, file: str, required: Sequence[str], complete: bool = False) -> Iterator[CsvRow]:
    """Yield the rows below the header. Empty lines and lines that begin with `#` are left out.

    Parameters
    ----------
    file : str
        Name of the file, for messages.
    required : sequence of str
        Columns that the header must have.
    complete : bool
        Whether a row must have as many cells as the header: a row that was cut off is no row of zeros.

    Raises
    ------
    ScenarioError
        For a header without a required column or with the same column twice, a quote that is not closed on its line,
        and a row with more cells than the header, or fewer where it must be complete.
    """
    lines = read_lines(text, file=file)
    number, header = next(lines, (1, []))
    for name in required:
        if name not in header:
            raise _refusal(file, number, ",".join(header), f"needs the column {name}")
    twice = [name for place, name in enumerate(header) if name in header[:place]]
    if twice:
        raise _refusal(file, number, ",".join(header), f"has the column {twice[0]!r} twice")
    for number, cells in lines:
        if len(cells) > len(header) or (complete and len(cells) < len(header)):
            odd = cells[len(header)] if len(cells) > len(header) else ",".join(cells)
            raise _refusal(file, number, odd, f"the row has {len(cells)} cells, the header {len(header)}")
        yield CsvRow(number, dict(zip(header, cells, strict=False)))


def read_lines(text: str, *, file: str) -> Iterator[tuple[int, list[str]]]:
    """Yield number and cells of each line that is neither empty nor a comment, the header among them.

    Raises
    ------
    ScenarioError
        For a quote that is not closed on its line.
    """
    for number, line in enumerate(_LINE_END.split(text), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            cells = next(csv.reader([line], strict=True))
        except csv.Error as error:
            raise _refusal(
                file, number, line, f"a quote opens a cell that does not end as a cell must ({error})"
            ) from error
        yield number, [cell.strip() for cell in cells]


def _refusal(file: str, line: int, value: str, expected: str) -> ScenarioError:
    return ScenarioError(file=file, key=f"line {line}", value=value or None, expected=expected)
