"""Exogenous prices: inputs of a run. Prices that a run produces, such as a depeg, never come from here."""
