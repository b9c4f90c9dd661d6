"""Looped positions: planned from the scenario, then built by their owners' own transactions."""
