"""Comparison of oracle designs: every design of a scenario, run on the same positions."""
