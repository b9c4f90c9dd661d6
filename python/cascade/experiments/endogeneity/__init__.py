"""Endogeneity of a crash: many seeds, no leverage, no liquidations, and other parameter values."""
