"""Gas of transactions by what they are for, as measured on anvil: an engine that knows no gas estimates blocks by it.

`python -m cascade.experiments.gas RUN...` prints these figures again from finished runs on anvil.
"""

from __future__ import annotations

from collections.abc import Mapping

from cascade.vocabulary import Intent

__all__ = ["GAS_PER_INTENT"]

GAS_PER_INTENT: Mapping[tuple[str, bool], int] = {
    (Intent.BUY, False): 44_979,
    (Intent.BUY, True): 106_246,
    ("close-transfers", True): 30_370,
    (Intent.DEPOSIT, True): 68_801,
    (Intent.FOLLOW_PATH, True): 107_799,
    (Intent.LIQUIDATE, False): 186_315,
    (Intent.LIQUIDATE, True): 486_228,
    (Intent.OPEN_TRANSFERS, True): 30_394,
    (Intent.POST, True): 51_396,
    ("redeem", True): 84_202,
    ("refill", True): 42_494,
    (Intent.REPAY, True): 105_570,
    ("reward", True): 157_533,
    (Intent.SELL, False): 47_730,
    (Intent.SELL, True): 107_816,
    ("settle", True): 102_733,
    (Intent.STOP, True): 509_423,
    ("unhedge", True): 94_435,
    (Intent.UNWIND, True): 504_808,
    (Intent.WITHDRAW, True): 135_756,
}
"""Mean gas of the transactions of the crash on the chain's lane, by intent and success, over the shipped scenarios."""
