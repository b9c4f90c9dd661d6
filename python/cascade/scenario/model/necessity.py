"""Claims about necessity: runs that each leave one link of the chain out."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cascade.scenario.model.common import Name, Spec

__all__ = ["NecessitySpec", "RemedySpec", "WithoutSpec"]


class WithoutSpec(Spec):
    """The scenario without one link of its chain."""

    what: Annotated[str, Field(min_length=1)]
    """The link that is left out, in a few words."""
    set: Annotated[dict[str, object], Field(min_length=1)]
    """Keys that are changed, by dotted path."""
    necessary: bool = True
    """Whether the claim must fail without the link, whatever the seed; false where the claim is declared
    independent of it."""


class RemedySpec(Spec):
    """The scenario with a remedy against the crash; its effect is measured, not claimed."""

    what: Annotated[str, Field(min_length=1)]
    """The remedy, in a few words."""
    set: Annotated[dict[str, object], Field(min_length=1)]
    """Keys that are changed, by dotted path."""


class NecessitySpec(Spec):
    """The links that a claim depends on, and remedies; `cascade necessity` makes the runs."""

    claim: Annotated[str, Field(min_length=1)]
    """The claim, by its dotted path below `expect`."""
    without: Annotated[dict[Name, WithoutSpec], Field(min_length=1)]
    """Links that are left out, one per run."""
    remedies: dict[Name, RemedySpec] = {}
    """Remedies that are tried, one per run."""
