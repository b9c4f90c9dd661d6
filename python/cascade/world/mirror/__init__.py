"""What the chain holds, kept in this process: balances folded from events, and figures computed from them exactly."""

from cascade.world.mirror.exchange import ExchangeMirror
from cascade.world.mirror.interest import compounded_growth_ray, linear_growth_ray
from cascade.world.mirror.lending import AccountFigures, LendingMirror
from cascade.world.mirror.margin import MarginAsset, MarginFigures, MarginMarket, MarginMirror, MarginTerms
from cascade.world.mirror.preview import Preview, largest_liquidation
from cascade.world.mirror.tokens import TokenMirror

__all__ = [
    "AccountFigures",
    "ExchangeMirror",
    "LendingMirror",
    "MarginAsset",
    "MarginFigures",
    "MarginMarket",
    "MarginMirror",
    "MarginTerms",
    "Preview",
    "TokenMirror",
    "compounded_growth_ray",
    "largest_liquidation",
    "linear_growth_ray",
]
