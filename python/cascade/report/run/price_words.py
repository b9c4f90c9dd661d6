"""Word the sources of prices and the markets of the ledger."""

from __future__ import annotations

from cascade.vocabulary import PriceSource

__all__ = ["source_name"]


def source_name(source: str) -> str:
    """Return a source of prices in words: `spot, curve` for `spot:curve`, and the name of a venue as it is."""
    kind, _, place = source.partition(":")
    if place:
        return f"{kind}, {place}"
    return "price path" if kind == PriceSource.PATH else kind
