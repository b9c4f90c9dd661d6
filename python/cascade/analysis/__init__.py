"""What the tables say: frames, the summary and the accounting checks, from the tables of a run alone."""

from cascade.analysis.checks import check_liquidations
from cascade.analysis.frames import Frames, liquidations_usd, positions_usd, prices_usd
from cascade.analysis.summary import summarise

__all__ = ["Frames", "check_liquidations", "liquidations_usd", "positions_usd", "prices_usd", "summarise"]
