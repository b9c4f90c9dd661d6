"""The chain of links of a run: what happened, when, how large, and what fed it; from tables alone."""

from cascade.analysis.links.model import Fed, Link
from cascade.analysis.links.table import find_links, link_rows

__all__ = ["Fed", "Link", "find_links", "link_rows"]
