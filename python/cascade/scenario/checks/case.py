"""A scenario under examination: what it says, and how it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from cascade.errors import ScenarioError
from cascade.prices.path import PricePath
from cascade.scenario.model import AmmVenue, ScenarioSpec

__all__ = ["Case"]


@dataclass(frozen=True)
class Case:
    """A scenario's sections, its price path, and the file that a refusal names."""

    spec: ScenarioSpec
    path: PricePath
    file: str

    def refuse(self, key: str, value: Any, expected: str) -> NoReturn:
        """Refuse the scenario in one line: key, value, and what would be right."""
        raise ScenarioError(file=self.file, key=key, value=value, expected=expected)

    def require_asset(self, key: str, asset: str) -> None:
        """Refuse an asset that is not there."""
        if asset not in self.spec.assets:
            self.refuse(key, asset, f"unknown asset; assets has {', '.join(self.spec.assets)}")

    def require_venue(self, key: str, venue: str) -> None:
        """Refuse a venue that is not there."""
        if venue not in self.spec.venues:
            self.refuse(key, venue, f"unknown venue; venues has {', '.join(self.spec.venues) or 'none'}")

    def amm(self, key: str, name: str, *, second: str | None = None) -> AmmVenue:
        """The pool of a name, whose second coin is as wanted."""
        self.require_venue(key, name)
        venue = self.spec.venues[name]
        if not isinstance(venue, AmmVenue) or (second is not None and venue.coins[1] != second):
            wanted = "" if second is None else f" whose second coin is {second}"
            self.refuse(key, name, f"expected a stable-swap or constant-product pool{wanted}")
        return venue
