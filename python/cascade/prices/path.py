"""Read the exogenous price path from a CSV, and interpolate it to block times in exact integers."""

from __future__ import annotations

import bisect
import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Context, Decimal
from itertools import pairwise
from pathlib import Path

from cascade.errors import ScenarioError, unknown_name
from cascade.prices.rows import CsvRow, read_rows
from cascade.toolchain.text_files import read_text
from cascade.units import InexactAmount, price_to_e8

__all__ = ["PricePath", "PricePoint", "iso_time", "parse_price_path", "read_price_text"]

_REQUIRED = ("time", "asset", "price")
_STATUSES = ("observed", "reported", "assumed")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_FRACTION = re.compile(r"[.,]([0-9]+)")
_MOST_DIGITS = 60
_MOST_BYTES = 256_000_000
_EXACT = Context(prec=120)
"""Enough digits for the product of a price and a factor."""


@dataclass(frozen=True)
class PricePoint:
    """One row of the file: the price of an asset at a time."""

    timestamp: int
    """Unix time."""
    price_e8: int
    """Dollars with 8 decimals."""
    status: str
    """Quality of the source: observed, reported or assumed."""
    source: str
    """The source."""


@dataclass(frozen=True)
class PricePath:
    """Exogenous prices by asset.

    Attributes
    ----------
    file : str
        Name of the file, for messages.
    points : mapping of str to tuple of PricePoint
        Points by asset, in the order of their times.
    source_files : mapping of str to str
        Names of the files of assets whose points come from another file than `file`.
    """

    file: str
    points: Mapping[str, tuple[PricePoint, ...]]
    source_files: Mapping[str, str] = field(default_factory=dict)

    def file_of(self, asset: str) -> str:
        """Return the name of the file that an asset's points were read from."""
        return self.source_files.get(asset, self.file)

    def price_e8(self, asset: str, timestamp: int) -> int:
        """Return the price at a time: linear between the two points around it, rounded down to 1e-8 dollars.

        Before the first point and after the last one the price is that point's.

        Raises
        ------
        KeyError
            When the asset has no path.
        """
        points = self.points[asset]
        after = bisect.bisect_right(points, timestamp, key=lambda point: point.timestamp)
        if after == 0:
            return points[0].price_e8
        if after == len(points):
            return points[-1].price_e8
        left, right = points[after - 1], points[after]
        rise = (right.price_e8 - left.price_e8) * (timestamp - left.timestamp)
        return left.price_e8 + rise // (right.timestamp - left.timestamp)

    def within(self, start: int, end: int) -> PricePath:
        """Return the path with the points that decide prices from one Unix time to another, and no others."""
        kept: dict[str, tuple[PricePoint, ...]] = {}
        for asset, points in self.points.items():
            first = bisect.bisect_right(points, start, key=lambda point: point.timestamp) - 1
            last = bisect.bisect_left(points, end, key=lambda point: point.timestamp) + 1
            # A path that ends before the start, or begins after the end, keeps one point: its price is constant.
            kept[asset] = points[min(max(first, 0), len(points) - 1) : max(last, 1)]
        return replace(self, points=kept)

    def shocked(self, asset: str, start: int, factor: Decimal) -> PricePath:
        """Return the path with every price of an asset multiplied from a Unix time on, rounded down to 1e-8 dollars.

        The price steps in one second: the second before the start keeps the price that the path has there.

        Raises
        ------
        KeyError
            When the asset has no path.
        ValueError
            When a multiplied price is below 1e-8 dollars.
        """
        points = self.points[asset]
        at = {point.timestamp: point for point in points}
        for timestamp in (start - 1, start):
            if points[0].timestamp <= timestamp and timestamp not in at:
                near = points[max(0, bisect.bisect_right(points, timestamp, key=lambda point: point.timestamp) - 1)]
                at[timestamp] = replace(near, timestamp=timestamp, price_e8=self.price_e8(asset, timestamp))
        stepped = []
        for timestamp in sorted(at):
            point = at[timestamp]
            if timestamp >= start:
                price_e8 = int(_EXACT.multiply(Decimal(point.price_e8), factor))
                if price_e8 < 1:
                    raise ValueError(f"the price at {iso_time(timestamp)} falls below 1e-8 dollars")
                source = f"{point.source}, times {factor.normalize():f}"
                point = replace(point, price_e8=price_e8, status="assumed", source=source)
            stepped.append(point)
        return replace(self, points={**self.points, asset: tuple(stepped)})

    def to_csv(self) -> str:
        """Return the path as a CSV that `parse_price_path` reads as the same points."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["time", "asset", "price", "status", "source"])
        for asset, points in self.points.items():
            for point in points:
                price = f"{Decimal(point.price_e8).scaleb(-8):f}"
                writer.writerow([iso_time(point.timestamp), asset, price, point.status, point.source])
        return text.getvalue()

    def require_covers(self, assets: Iterable[str], *, start: int, end: int, max_gap: int) -> None:
        """Refuse a path that does not cover a timeline, or has too large a gap in it.

        Raises
        ------
        ScenarioError
            Naming the file, the asset and the times.
        """
        for asset in assets:
            points = self.points.get(asset)
            if points is None:
                raise ScenarioError(
                    file=self.file,
                    key="asset",
                    value=asset,
                    expected=f"no row for this asset; the file has {', '.join(sorted(self.points))}",
                )
            if points[0].timestamp > start or points[-1].timestamp < end:
                raise ScenarioError(
                    file=self.file_of(asset),
                    key=asset,
                    value=f"{iso_time(points[0].timestamp)} to {iso_time(points[-1].timestamp)}",
                    expected=f"the path must cover the timeline, {iso_time(start)} to {iso_time(end)}",
                )
            for left, right in pairwise(points):
                gap = right.timestamp - left.timestamp
                if gap > max_gap and right.timestamp > start and left.timestamp < end:
                    raise ScenarioError(
                        file=self.file_of(asset),
                        key=asset,
                        value=f"{gap} s after {iso_time(left.timestamp)}",
                        expected=f"a gap of at most max_gap, {max_gap} s",
                    )


def read_price_text(file: Path) -> str:
    """Return the text of a price file, for `parse_price_path`.

    Raises
    ------
    ScenarioError
        When the file cannot be read as UTF-8 text, or is larger than 256 MB.
    """
    return read_text(file, name=file.name, most_bytes=_MOST_BYTES)


def parse_price_path(text: str, *, file: str, known_assets: Iterable[str]) -> PricePath:
    """Parse a CSV with the columns time, asset, price, status and source.

    A file may omit `status` and `source`: its points are then `assumed`, and their source is the file's name. Other
    columns are ignored. A row is a line of the file: no cell may contain a line break.

    Parameters
    ----------
    text : str
        Content of the file.
    file : str
        Name of the file, for messages.
    known_assets : iterable of str
        Symbols of the scenario's assets.

    Raises
    ------
    ScenarioError
        For an unknown asset, a time that is no whole second, is repeated or does not rise, a price that is not a
        positive number of at most 8 decimals, and whatever `read_rows` refuses; the error names the line.
    """
    known = set(known_assets)
    points: dict[str, list[PricePoint]] = {}
    for row in read_rows(text, file=file, required=_REQUIRED):
        asset = row.cells.get("asset", "")
        if asset not in known:
            raise _refusal(
                file, row, "asset", asset, unknown_name("asset", asset, sorted(known), holder="the scenario")
            )
        point = PricePoint(
            timestamp=_timestamp(row, file=file),
            price_e8=_price(row, file=file),
            status=_status(row, file=file),
            source=row.cells.get("source") or file,
        )
        earlier = points.setdefault(asset, [])
        if earlier and point.timestamp <= earlier[-1].timestamp:
            before = iso_time(earlier[-1].timestamp)
            expected = f"times of {asset} must rise; the row before has {before}"
            raise _refusal(file, row, "time", row.cells["time"], expected)
        earlier.append(point)
    if not points:
        raise ScenarioError(file=file, key="", value=None, expected="has no rows")
    return PricePath(file=file, points={asset: tuple(points[asset]) for asset in sorted(points)})


def _timestamp(row: CsvRow, *, file: str) -> int:
    text = row.cells.get("time", "")
    expected = "expected ISO 8601 with a zone, as 2025-10-10T20:50:00Z"
    try:
        moment = datetime.fromisoformat(text)
        # Times near the first and the last year have no counterpart in UTC.
        timestamp = int(moment.astimezone(UTC).timestamp())
    except (ValueError, OverflowError) as error:
        raise _refusal(file, row, "time", text, expected) from error
    if moment.tzinfo is None:
        raise _refusal(file, row, "time", text, expected)
    # `fromisoformat` drops what follows the microseconds: the text tells whether anything follows the seconds.
    fraction = _FRACTION.search(text)
    if fraction and fraction[1].strip("0"):
        raise _refusal(file, row, "time", text, "expected whole seconds: blocks have no finer time")
    return timestamp


def _price(row: CsvRow, *, file: str) -> int:
    text = row.cells.get("price", "")
    expected = "expected a price above 0 in dollars, of at most 8 decimals"
    # `Decimal` reads more than a price: NaN, Infinity, digits of other scripts and underscores between digits.
    if not _NUMBER.fullmatch(text):
        raise _refusal(file, row, "price", text, expected)
    try:
        price = Decimal(text)
        # An exponent of a billion is refused before anything computes with it.
        price_e8 = price_to_e8(price) if abs(price.adjusted()) <= _MOST_DIGITS else 0
    except (InexactAmount, ArithmeticError) as error:
        raise _refusal(file, row, "price", text, expected) from error
    if not 0 < price_e8 < 2**63:
        raise _refusal(file, row, "price", text, expected)
    return price_e8


def _status(row: CsvRow, *, file: str) -> str:
    status = row.cells.get("status") or "assumed"
    if status not in _STATUSES:
        raise _refusal(file, row, "status", status, f"expected one of {', '.join(_STATUSES)}")
    return status


def _refusal(file: str, row: CsvRow, column: str, value: str, expected: str) -> ScenarioError:
    return ScenarioError(file=file, key=f"line {row.line}: {column}", value=value, expected=expected)


def iso_time(timestamp: int) -> str:
    """Return a Unix time as ISO 8601 in UTC, as the price file has it."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
