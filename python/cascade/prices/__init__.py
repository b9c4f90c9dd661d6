"""Exogenous prices. Flash crashes and depegs that a run is to cause do not belong in here."""
