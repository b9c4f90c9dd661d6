"""Check agents: what their kinds declare, and that no two agents do what only one may do."""

from __future__ import annotations

from cascade.scenario.model import Case

__all__ = ["check_agents"]


def check_agents(case: Case) -> None:
    """Refuse agents that act on what is not there, or do what another agent does already."""
    holders: dict[str, str] = {}
    posters: dict[str, str] = {}
    for name, agent in case.spec.agents.items():
        key = f"agents.{name}"
        for right in agent.rights(case.spec):
            # A right is something that only one agent may do, such as to liquidate a cohort's accounts or to run the
            # reserve.
            if right.of in holders:
                case.refuse(f"{key}.{right.key}", right.value, right.taken.format(holders[right.of]))
            holders[right.of] = name
        agent.check(case, key)
        for asset in agent.feeds_posted(case.spec):
            if asset in posters:
                case.refuse(key, asset, f"is posted by {posters[asset]} already")
            posters[asset] = name
        case.require_path(agent.paths_followed)
