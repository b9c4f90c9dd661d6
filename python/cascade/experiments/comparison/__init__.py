"""Comparison of a scenario with a change of it, run on the same positions."""
