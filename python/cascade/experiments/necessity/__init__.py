"""Necessity of the links of a chain: many seeds, each link left out, and each remedy applied."""
