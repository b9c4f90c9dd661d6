"""Collect the rows of a run from the chain, and write them as tables by a declared schema."""
