"""What happened at the exchange, from its tables alone: prices and depth of books, forced sales, leverage."""

from cascade.analysis.exchange.depth import BookDepth, book_depths
from cascade.analysis.exchange.digest import exchange_figures
from cascade.analysis.exchange.falls import BookFall, book_falls
from cascade.analysis.exchange.leverage import CohortLeverage, cohort_leverages

__all__ = [
    "BookDepth",
    "BookFall",
    "CohortLeverage",
    "book_depths",
    "book_falls",
    "cohort_leverages",
    "exchange_figures",
]
