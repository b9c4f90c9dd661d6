"""Random draws by name: who else draws changes nothing, and neither does the machine."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from cascade.scenario.model import Distribution
from cascade.scenario.streams import draw, lot, stream

LOGNORMAL = {"kind": "lognormal", "median": 100, "sigma": 0.8, "low": 20, "high": 900}
UNIFORM = {"kind": "uniform", "low": 5, "high": 15}


def test_lot__of_many_names__is_spread_evenly() -> None:
    found = Counter(lot(7, f"agents/keeper-0/{step}/loopers-3", 10) for step in range(20_000))

    assert set(found) == set(range(10))
    # Chi-square with 9 degrees of freedom: above 33.7 in one of 10,000 seeds.
    assert sum((count - 2_000) ** 2 / 2_000 for count in found.values()) < 33.7


def test_lot__name_or_seed__decides_it_and_padding_does_not() -> None:
    names = [f"agents/keeper-{number}/4/loopers-12" for number in range(40)]

    assert len({lot(1, name, 2**60) for name in names}) == 40
    assert lot(1, names[0], 2**60) != lot(2, names[0], 2**60)
    assert lot(1, "agents/keeper-3/4/loopers-7", 2**60) == lot(1, "agents/keeper-03/4/loopers-007", 2**60)
    assert lot(1, "agents/keeper-0/4", 2**60) == lot(1, "agents/keeper-00/4", 2**60)
    assert lot(1, "agents/keeper-10/4", 2**60) != lot(1, "agents/keeper-1/4", 2**60)


@pytest.mark.parametrize("shape", [LOGNORMAL, UNIFORM])
def test_draw__one_more_member__leaves_the_others_figures(shape: dict[str, object]) -> None:
    distribution = Distribution.model_validate(shape)
    few, more = (draw(distribution, count, stream(3, "positions/loopers/equity")) for count in (50, 51))

    assert more[:50] == few
    assert len(set(more)) > 40


def test_draw__lognormal__has_its_median_and_spread_within_its_bounds() -> None:
    drawn = draw(Distribution.model_validate({**LOGNORMAL, "low": 1, "high": 10**6}), 20_000, stream(3, "x"))
    logs = sorted(math.log(x / 100) for x in drawn)
    clipped = draw(Distribution.model_validate(LOGNORMAL), 2_000, stream(3, "x"))

    # The standard errors of median and deviation of 20,000 logarithms are 0.007 and 0.004.
    assert logs[10_000] == pytest.approx(0, abs=0.03)
    assert math.sqrt(sum(x * x for x in logs) / len(logs)) == pytest.approx(0.8, abs=0.02)
    assert (min(clipped), max(clipped)) == (20, 900)
