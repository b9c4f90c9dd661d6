"""What one key cannot say about itself: references, coverage, exactness of amounts."""

from cascade.scenario.checks.amounts import raw_amount
from cascade.scenario.checks.names import accounts_of, numbered, pledge_account
from cascade.scenario.checks.references import check_references

__all__ = ["accounts_of", "check_references", "numbered", "pledge_account", "raw_amount"]
