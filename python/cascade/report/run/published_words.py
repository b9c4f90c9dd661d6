"""Published figures of the event that a scenario replays, beside those of its run."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.analysis.frames import Frames
from cascade.analysis.published.facts import facts_of
from cascade.analysis.published.measures import Played
from cascade.analysis.summary import Summary

__all__ = ["Published", "published"]


@dataclass(frozen=True)
class Published:
    """One published figure beside the run's, in words.

    Attributes
    ----------
    name, published, band, source : str
        What it is a figure of, the figure as published, what counts as met, and who published it.
    figure : str
        The run's own.
    verdict : str
        `met`, `missed`, or the part that it plays: `input`, `free` or `otherwise`.
    why : str
        Reason of a figure that is not met; may be empty.
    """

    name: str
    published: str
    band: str
    source: str
    figure: str
    verdict: str
    why: str


def published(frames: Frames, summary: Summary) -> list[Published]:
    """Return the rows of the section; none for a scenario that replays no published event."""
    scenario, played = str(frames.parameters["name"]), Played(frames, summary)
    rows = []
    for fact in facts_of(scenario):
        figure = fact.measure(played)
        verdict = fact.verdict(figure, scenario)
        why = "" if verdict == "met" else fact.why.get(scenario, "")
        rows.append(
            Published(fact.name, fact.published, fact.band_words, fact.source, fact.words(figure), verdict, why)
        )
    return rows
