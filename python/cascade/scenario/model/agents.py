"""The union of all kinds of agent, and agents of the user's own."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cascade.scenario.model.exchange_agents import ExchangeAgentSpec
from cascade.scenario.model.exchange_traders import ExchangeTraderSpec
from cascade.scenario.model.kinds import Case, SingleAgent
from cascade.scenario.model.lending_agents import LendingAgentSpec
from cascade.scenario.model.market_agents import MarketAgentSpec
from cascade.vocabulary import Role

__all__ = ["AgentSpec", "CustomAgentSpec"]


class CustomAgentSpec(SingleAgent):
    """An agent of your own: a class with `see` and `propose` (docs/AGENTS.md)."""

    is_player: ClassVar[bool] = True

    kind: Literal["custom"]
    agent: Annotated[str, Field(pattern=r"^[^:]+(:[A-Za-z_][A-Za-z0-9_]*)?$")]
    """`module:Class`, `file.py:Class` beside the scenario, or the name of an entry point in `cascade.agents`."""
    role: Annotated[str, Field(pattern=r"^[a-z][a-z-]{0,19}$")] = "custom"
    """Class of actor that its transactions are counted under; not one of the harness's own classes."""
    parameters: dict[str, object] = {}
    """Passed to the class unchanged."""

    @property
    def actor_class(self) -> str:
        """The role that the scenario gives it."""
        return self.role

    def check(self, case: Case, key: str) -> None:
        """Refuse a class of actor that tables and figures read in a way of their own."""
        if self.role in set(Role):
            case.refuse(f"{key}.role", self.role, "is a class of the harness's own actors: choose another word")


AgentSpec = Annotated[
    MarketAgentSpec | LendingAgentSpec | ExchangeTraderSpec | ExchangeAgentSpec | CustomAgentSpec,
    Field(discriminator="kind"),
]
"""An agent of any kind."""
