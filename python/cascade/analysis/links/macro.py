"""Find the shock that the scenario sets: the fall of the price path."""

from __future__ import annotations

from fractions import Fraction

from cascade.analysis.links.evidence import Evidence
from cascade.analysis.links.model import Link, Parts
from cascade.analysis.links.spells import lowest_spell
from cascade.vocabulary import LinkBasis, LinkKind, NoLink

__all__ = ["macro_shock"]

_LINE = Fraction(99, 100)
"""Share of its start under which a path counts as fallen."""


def macro_shock(run: Evidence) -> list[Link]:
    """Return the fall of the asset of the price path that fell most; the sentence names the others."""
    falls: dict[str, Fraction] = {}
    found = {}
    for asset in run.prices.assets:
        points = run.source(asset, "path")
        if not points or not points[0].value:
            continue
        spell = lowest_spell(points, points[0].value * _LINE)
        if spell is not None:
            falls[asset] = 1 - points[spell.low].value / points[0].value
            found[asset] = (points, spell)
    if not found:
        return []
    ordered = sorted(falls, key=lambda asset: (-falls[asset], asset))
    points, spell = found[ordered[0]]
    named = ", ".join(f"{asset} {float(100 * falls[asset]):.1f} %" for asset in ordered)
    return [
        Link(
            LinkKind.MACRO_SHOCK,
            f"The price path, an input, fell: {named}.",
            spell.started,
            spell.peaked,
            spell.ended,
            100 * falls[ordered[0]],
            "% of the start",
            points[spell.low].value,
            "dollars",
            LinkBasis.JOURNAL,
            lambda: Parts.of({(NoLink.INPUT, "price path"): Fraction(1)}),
        )
    ]
