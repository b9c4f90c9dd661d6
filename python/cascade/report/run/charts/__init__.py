"""Draw every chart of a run, as Vega-Lite specifications over named datasets."""

from __future__ import annotations

from cascade.report.run.charts import causes, exchange, losses, market, positions
from cascade.report.run.charts.links import links
from cascade.report.run.charts.liquidations import cumulated, liquidations
from cascade.report.shared.datasets import Dataset
from cascade.report.shared.style import Chart, time_axis

__all__ = ["charts"]


def charts(data: dict[str, Dataset], *, day: str) -> list[Chart]:
    """Return every chart of a run, in the order of the page.

    Charts of causes are left out where no event moved a price, that of links where there were none, and those of the
    exchange where there is none.

    Parameters
    ----------
    data : dict of str to Dataset
        Datasets by name; the specifications refer to them and hold no data.
    day : str
        Day of the crash phase, for the time axis.
    """
    time = time_axis(data["prices"], day)
    health = data["health"]
    return [
        *([Chart("links", {"": links(data["links"], time)})] if data["links"].rows else []),
        *(causes.charts(data, time) if "ledger" in data else []),
        Chart("prices", market.prices(data["prices"], time)),
        *(exchange.charts(data, time) if "books" in data else []),
        Chart(
            "health",
            {
                "collateral": positions.health(health, time, "collateral", "collateral at the oracle", money=True),
                "positions": positions.health(health, time, "positions", "open positions", money=False),
            },
        ),
        Chart(
            "liquidations",
            {"each": liquidations(time_axis(data["liquidations"], day)), "cumulated": cumulated(time)},
        ),
        Chart("deficit", {"": losses.deficit(time)}),
        Chart(
            "shortfall",
            {
                "at all prices": losses.shortfall(data["shortfall"], time, exit_too=True),
                "without exit": losses.shortfall(data["shortfall"], time, exit_too=False),
            },
        ),
        Chart("waterfall", {"": losses.waterfall(data["waterfall"])}),
        Chart("parties", {"": losses.parties(data["parties"])}),
        Chart("depth", market.depth(data["depth"], time)),
        *([Chart("leverage", {"": positions.leverage()})] if data["leverage"].rows else []),
        Chart("risk", {"": positions.risk()}),
    ]
