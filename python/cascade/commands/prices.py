"""`cascade prices`: show what a scenario would read from a price file, before one names it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pydantic
from rich.console import Console

from cascade.errors import CascadeError, ScenarioError
from cascade.prices.digest import digest_of, sparkline
from cascade.prices.formats import PriceFormat, format_of, is_price_path
from cascade.prices.path import PricePoint, iso_time, parse_price_path, read_price_text
from cascade.prices.rows import read_rows
from cascade.prices.source import Gap, SourceReading
from cascade.report.shared.terminal import print_pairs, print_text
from cascade.scenario.model import PriceSourceSpec
from cascade.scenario.price_inputs import read_source_file
from cascade.scenario.tree import shown

__all__ = ["show_prices"]


def show_prices(file: Path, **options: Any) -> None:
    """Print first, last, lowest and highest price of a file, its gaps, and its shape.

    Parameters
    ----------
    file : Path
        A price path of this project, or a file in a layout that others write.
    **options
        Keys of `prices.sources.ASSET`, with the names that the scenario has; None stands for a key that is not given.

    Raises
    ------
    CascadeError
        For a file whose layout cannot be told, an option that its layout does not take, and the first row that a
        scenario would refuse.
    """
    given = {key: value for key, value in options.items() if value is not None}
    text = read_price_text(file)
    console = Console()
    if "format" not in given and is_price_path(text):
        if given:
            raise CascadeError(f"{file.name}: is a price path of this project, which takes no --{next(iter(given))}")
        assets = {row.cells.get("asset", "") for row in read_rows(text, file=file.name, required=("asset",))}
        path = parse_price_path(text, file=file.name, known_assets=assets)
        for asset, points in path.points.items():
            print_pairs(console, f"{asset}: {file.name}", _pairs(points))
            print_text(console, sparkline(points), wrap=False)
        print_text(console, f"In a scenario: prices: {{path: {file.name}}}", wrap=False)
        return
    spec = _spec(file, text, given)
    reading = read_source_file(file, spec)
    notes = [("layout", spec.format.value), ("rows", f"{reading.rows:,}"), *_notes(reading)]
    print_pairs(console, file.name, [*notes, *_pairs(reading.points)])
    print_text(console, sparkline(reading.points), wrap=False)
    section = shown({"file": file.name, "format": spec.format.value, **given})
    print_text(console, f"In a scenario: prices: {{sources: {{ASSET: {section}}}}}", wrap=False)


def _spec(file: Path, text: str, given: dict[str, Any]) -> PriceSourceSpec:
    """Return the section of a scenario that the options stand for."""
    found = given.get("format") or format_of(text)
    if found is None:
        layouts = ", ".join(layout.value for layout in PriceFormat)
        raise ScenarioError(
            file=file.name, key="", value=None, expected=f"has none of the known layouts ({layouts}): state --format"
        )
    try:
        return PriceSourceSpec.model_validate({"file": str(file), **given, "format": found})
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        key = f"--{str(first['loc'][0]).replace('_', '-')}: " if first["loc"] else ""
        raise CascadeError(f"{file.name}: {key}{first['msg'].removeprefix('Value error, ')}") from error


def _notes(reading: SourceReading) -> list[tuple[str, str]]:
    """Return what was noticed while a file was read; what did not occur is left out."""
    notes = []
    if reading.turned_round:
        notes.append(("order", "newest first, turned round"))
    for name, number in (
        ("rows that stand twice, counted once", reading.duplicates),
        ("rounds without an answer, left out", reading.incomplete),
        ("rounds that are missing", reading.missing_rounds),
    ):
        if number:
            notes.append((name, f"{number:,}"))
    if reading.bar_range is not None:
        low, high = reading.bar_range
        notes += [("lowest low of a bar", _point(low)), ("highest high of a bar", _point(high))]
    if reading.interval is None:
        return notes
    notes.append(("distance of two rows", f"{reading.interval:,} s"))
    return [*notes, ("gaps", _gaps(reading.gaps, reading.interval))]


def _gaps(gaps: Sequence[Gap], interval: int) -> str:
    if not gaps:
        return "none"
    longest = max(gaps, key=lambda gap: gap.seconds)
    missing = sum(-(-gap.seconds // interval) - 1 for gap in gaps)
    rows = "1 row" if missing == 1 else f"{missing:,} rows"
    return f"{len(gaps):,}, {rows} missing; the longest is {longest.seconds:,} s after {iso_time(longest.start)}"


def _pairs(points: Sequence[PricePoint]) -> list[tuple[str, str]]:
    """Return the extremes of a series in words."""
    digest = digest_of(points)
    pairs = [
        ("points", f"{len(points):,}"),
        ("first", _point(digest.first)),
        ("last", _point(digest.last)),
        ("lowest", _point(digest.lowest)),
        ("highest", _point(digest.highest)),
    ]
    if digest.step is not None:
        before, after = digest.step
        change = (Decimal(after.price_e8) / Decimal(before.price_e8) - 1) * 100
        pairs.append(("largest step", f"{change:+.2f} % at {iso_time(after.timestamp)}"))
    if digest.longest is not None:
        before, after = digest.longest
        seconds = after.timestamp - before.timestamp
        pairs.append(("longest distance of two points", f"{seconds:,} s after {iso_time(before.timestamp)}"))
    return pairs


def _point(point: PricePoint) -> str:
    price = Decimal(point.price_e8).scaleb(-8).normalize()
    return f"{price:f} at {iso_time(point.timestamp)}"
