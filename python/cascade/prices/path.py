"""Read the exogenous price path from a CSV, and interpolate it to block times in exact integers."""

from __future__ import annotations

import bisect
import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path

from cascade.errors import ScenarioError
from cascade.units import E8

__all__ = ["PricePath", "PricePoint", "read_price_path"]

_COLUMNS = ["time", "asset", "price", "status", "source"]
_STATUSES = ("observed", "reported", "assumed")


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
    """

    file: str
    points: Mapping[str, tuple[PricePoint, ...]]

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
                    file=self.file,
                    key=asset,
                    value=f"{_iso(points[0].timestamp)} to {_iso(points[-1].timestamp)}",
                    expected=f"the path must cover the timeline, {_iso(start)} to {_iso(end)}",
                )
            for left, right in pairwise(points):
                gap = right.timestamp - left.timestamp
                if gap > max_gap and right.timestamp > start and left.timestamp < end:
                    raise ScenarioError(
                        file=self.file,
                        key=asset,
                        value=f"{gap} s after {_iso(left.timestamp)}",
                        expected=f"a gap of at most max_gap, {max_gap} s",
                    )


def read_price_path(file: Path, *, known_assets: Iterable[str]) -> PricePath:
    """Read a CSV with the columns time, asset, price, status and source.

    A file may omit `status` and `source`: its points are then `assumed`, and their source is the file's name.

    Parameters
    ----------
    known_assets : iterable of str
        Symbols of the scenario's assets.

    Raises
    ------
    ScenarioError
        For an unknown asset, an unsorted or repeated time, a price that is not a positive number of at most 8
        decimals, or a missing column; the error names the line.
    """
    known = set(known_assets)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ScenarioError(file=str(file), key="", value=None, expected=f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(file=str(file), key="", value=None, expected="expected UTF-8 text") from error
    # An error names the line of the file, which counts the comments that the CSV reader does not see.
    kept = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if not line.startswith("#")]
    rows = csv.DictReader(line for _, line in kept)
    missing = [name for name in _COLUMNS[:3] if name not in (rows.fieldnames or [])]
    if missing:
        raise ScenarioError(
            file=file.name,
            key="line 1",
            value=",".join(rows.fieldnames or []),
            expected=f"needs the column {missing[0]}",
        )
    points: dict[str, list[PricePoint]] = {}
    for row in rows:
        line = f"line {kept[rows.line_num - 1][0]}"
        asset = row["asset"]
        if asset not in known:
            raise ScenarioError(
                file=file.name,
                key=f"{line}: asset",
                value=asset,
                expected=f"unknown asset; the scenario has {', '.join(sorted(known))}",
            )
        point = PricePoint(
            timestamp=_timestamp(row["time"], file=file.name, line=line),
            price_e8=_price(row["price"], file=file.name, line=line),
            status=_status(row.get("status"), file=file.name, line=line),
            source=row.get("source") or file.name,
        )
        earlier = points.setdefault(asset, [])
        if earlier and point.timestamp <= earlier[-1].timestamp:
            raise ScenarioError(
                file=file.name,
                key=f"{line}: time",
                value=row["time"],
                expected=f"times of {asset} must rise; the row before has {_iso(earlier[-1].timestamp)}",
            )
        earlier.append(point)
    if not points:
        raise ScenarioError(file=file.name, key="", value=None, expected="has no rows")
    return PricePath(file=file.name, points={asset: tuple(points[asset]) for asset in sorted(points)})


def _timestamp(text: str, *, file: str, line: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ScenarioError(
            file=file,
            key=f"{line}: time",
            value=text,
            expected="expected ISO 8601 with a zone, as 2025-10-10T20:50:00Z",
        )
    return int(moment.astimezone(UTC).timestamp())


def _price(text: str, *, file: str, line: str) -> int:
    try:
        price = Decimal(text)
    except (InvalidOperation, TypeError):
        price = Decimal("NaN")
    scaled = price * E8
    if not price.is_finite() or price <= 0 or scaled != scaled.to_integral_value() or scaled >= 2**63:
        raise ScenarioError(
            file=file,
            key=f"{line}: price",
            value=text,
            expected="expected a price above 0 in dollars, of at most 8 decimals",
        )
    return int(scaled)


def _status(text: str | None, *, file: str, line: str) -> str:
    status = text or "assumed"
    if status not in _STATUSES:
        raise ScenarioError(
            file=file, key=f"{line}: status", value=status, expected=f"expected one of {', '.join(_STATUSES)}"
        )
    return status


def _iso(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
