"""Checks that one key cannot make of itself: references, coverage, exactness of amounts."""

from cascade.scenario.checks.references import check_references

__all__ = ["check_references"]
