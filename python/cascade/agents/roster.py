"""The agents of a scenario, in its order, each with its account, its contracts and its random stream."""

from __future__ import annotations

from cascade.agents.interface import Agent
from cascade.agents.keeper import Keeper
from cascade.agents.path_flow import PathFlow
from cascade.agents.path_poster import PathPoster
from cascade.deployment.world import World
from cascade.scenario.checks import numbered
from cascade.scenario.model import KeeperSpec, PathFlowSpec, PathPosterSpec
from cascade.streams import stream

__all__ = ["call_agents"]


def call_agents(world: World) -> list[Agent]:
    """Make every agent, and let it prepare on chain what it needs."""
    agents: list[Agent] = []
    for name, spec in world.scenario.spec.agents.items():
        if isinstance(spec, PathPosterSpec):
            agents.append(PathPoster(name, spec))
        elif isinstance(spec, PathFlowSpec):
            flow = PathFlow(name, spec)
            world.chain.fund([world.enlist(name, role=flow.role, cohort=name)])
            flow.prepare(world)
            agents.append(flow)
        elif isinstance(spec, KeeperSpec):
            for bot_name in numbered(name, spec.count):
                keeper = Keeper(bot_name, spec, stream(world.scenario.seed, f"agents/{bot_name}"))
                world.chain.fund([world.enlist(bot_name, role=keeper.role, cohort=name)])
                keeper.prepare(world)
                agents.append(keeper)
    return agents
