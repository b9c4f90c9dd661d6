"""Figures over time, in floats, for charts."""
