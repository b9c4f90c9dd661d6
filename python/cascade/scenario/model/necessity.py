"""What a scenario says is necessary: runs that leave one link out each."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cascade.scenario.model.common import Name, Spec

__all__ = ["NecessitySpec", "RemedySpec", "WithoutSpec"]


class WithoutSpec(Spec):
    """The scenario without one link of its chain."""

    what: Annotated[str, Field(min_length=1)]
    """What is left out, in a few words."""
    set: Annotated[dict[str, object], Field(min_length=1)]
    """Keys changed, by dotted path."""
    necessary: bool = True
    """Whether the claim no longer holds then, whatever the seed; false where it is said to hold all the same."""


class RemedySpec(Spec):
    """The scenario with something done against it; what it does is found, not claimed."""

    what: Annotated[str, Field(min_length=1)]
    """What is done, in a few words."""
    set: Annotated[dict[str, object], Field(min_length=1)]
    """Keys changed, by dotted path."""


class NecessitySpec(Spec):
    """Which claim hangs on which links, and what helps: `ape run necessity` makes the runs."""

    claim: Annotated[str, Field(min_length=1)]
    """The claim of `expect`, by its dotted path without the `expect`."""
    without: Annotated[dict[Name, WithoutSpec], Field(min_length=1)]
    """What is left out, one link a run."""
    remedies: dict[Name, RemedySpec] = {}
    """What is tried against it, one remedy a run."""
