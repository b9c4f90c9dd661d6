"""Read the price files of a scenario, and join them into the one path that a run is made from and stores.

A run keeps its path as one CSV, whatever the layouts of the files were: it can be run again from its manifest alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cascade.errors import ScenarioError, unknown_name
from cascade.prices.path import PricePath, PricePoint, parse_price_path, read_price_text
from cascade.prices.source import SourceLayout, SourceReading, read_source
from cascade.scenario.model import PriceSourceSpec, ScenarioSpec

__all__ = [
    "JOINED_FILE",
    "PriceInputs",
    "SourceInput",
    "read_prices",
    "read_source_file",
    "restore_prices",
    "with_shocks",
]

JOINED_FILE = "prices.csv"
"""Name of the path of a scenario that names sources only."""


@dataclass(frozen=True)
class SourceInput:
    """A price source that has been read.

    Attributes
    ----------
    spec : PriceSourceSpec
        Its section, with the bare name of its file.
    file : Path, optional
        The file that was read; None for a restored scenario.
    points : tuple of PricePoint
        Every point that the file gives, in the order of time.
    """

    spec: PriceSourceSpec
    file: Path | None
    points: tuple[PricePoint, ...]


@dataclass(frozen=True)
class PriceInputs:
    """What the price files of a scenario hold, so that a changed scenario need not read them again.

    Attributes
    ----------
    base : PricePath, optional
        The path of `prices.path`; None where the scenario names none.
    base_text : str
        Text of its file.
    sources : mapping of str to SourceInput
        The sources of single assets.
    """

    base: PricePath | None = None
    base_text: str = ""
    sources: Mapping[str, SourceInput] = field(default_factory=dict)

    def joined(self, *, start: int, end: int) -> tuple[PricePath, str]:
        """Return the path of a run and its text.

        A scenario without sources keeps its file as it stands. Sources may hold years of prices: of these, what
        decides the prices of the timeline is kept.
        """
        if self.base is not None and not self.sources:
            return self.base, self.base_text
        of_base = self.base.points if self.base is not None else {}
        points = {**of_base, **{asset: source.points for asset, source in self.sources.items()}}
        path = PricePath(
            self.base.file if self.base is not None else JOINED_FILE,
            {asset: points[asset] for asset in sorted(points)},
            {asset: source.spec.file for asset, source in self.sources.items()},
        ).within(start, end)
        return path, path.to_csv()


def read_source_file(file: Path, spec: PriceSourceSpec) -> SourceReading:
    """Read the file of a price source.

    Raises
    ------
    ScenarioError
        For the first fault of the file, with its line.
    """
    how = SourceLayout(
        layout=spec.format,
        price=spec.price,
        inside=spec.inside,
        bar_seconds=spec.bar_seconds,
        decimals=spec.decimals,
        columns=spec.columns,
        status=spec.status,
        source=spec.source,
    )
    return read_source(read_price_text(file), file=file.name, how=how)


def read_prices(spec: ScenarioSpec, *, scenario: str, folder: Path, before: PriceInputs | None = None) -> PriceInputs:
    """Read the price files that a scenario names.

    Parameters
    ----------
    scenario : str
        Name of the scenario's file, for messages.
    folder : Path
        Its folder.
    before : PriceInputs, optional
        What the scenario held before it was changed: files that it names as before are not read again.

    Raises
    ------
    ScenarioError
        For a source of an unknown asset, and for the first fault of a file.
    """
    for asset in spec.prices.sources:
        if asset not in spec.assets:
            expected = unknown_name("asset", asset, spec.assets, holder="assets")
            raise ScenarioError(file=scenario, key="prices.sources", value=asset, expected=expected)
    before = before or PriceInputs()
    if spec.prices.path is None:
        base, base_text = None, ""
    elif before.base is not None and spec.prices.path == before.base.file:
        base, base_text = before.base, before.base_text
    else:
        file = folder / spec.prices.path
        base_text = read_price_text(file)
        base = parse_price_path(base_text, file=file.name, known_assets=spec.assets)
    sources = {
        asset: _read(source, folder=folder, before=before.sources.get(asset))
        for asset, source in spec.prices.sources.items()
    }
    return PriceInputs(base, base_text, sources)


def _read(spec: PriceSourceSpec, *, folder: Path, before: SourceInput | None) -> SourceInput:
    bare = spec.model_copy(update={"file": Path(spec.file).name})
    if before is not None and before.spec == spec:
        return before
    file = folder / spec.file
    # The text of a loaded scenario holds the bare name of a file that may lie in a folder below.
    if before is not None and before.file is not None and before.spec.file == spec.file:
        file = before.file
    return SourceInput(bare, file, read_source_file(file, spec).points)


def restore_prices(spec: ScenarioSpec, *, path_file: str, path_text: str) -> PriceInputs:
    """Return the price inputs of a run from the path that it stored.

    Parameters
    ----------
    path_file, path_text : str
        Name and text of the stored path.
    """
    path = parse_price_path(path_text, file=path_file, known_assets=spec.assets)
    if not spec.prices.sources:
        return PriceInputs(path, path_text)
    base = {asset: points for asset, points in path.points.items() if asset not in spec.prices.sources}
    sources = {
        asset: SourceInput(source, None, path.points.get(asset, ())) for asset, source in spec.prices.sources.items()
    }
    return PriceInputs(PricePath(path_file, base) if spec.prices.path is not None else None, "", sources)


def with_shocks(path: PricePath, spec: ScenarioSpec, *, file: str) -> PricePath:
    """Return the path with the scenario's shocks.

    Raises
    ------
    ScenarioError
        For a shock of an asset without prices, or one that leaves no price.
    """
    for asset, shock in spec.prices.shocks.items():
        key = f"prices.shocks.{asset}"
        if asset not in path.points:
            expected = unknown_name("asset of the price path", asset, path.points)
            raise ScenarioError(file=file, key="prices.shocks", value=asset, expected=expected)
        try:
            path = path.shocked(asset, int(shock.start.timestamp()), shock.factor)
        except ValueError as error:
            raise ScenarioError(file=file, key=f"{key}.factor", value=shock.factor, expected=str(error)) from error
    return path
