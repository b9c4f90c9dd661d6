"""What one key cannot say about itself: references, coverage, exactness of amounts."""

from cascade.scenario.checks.references import check_references

__all__ = ["check_references"]
