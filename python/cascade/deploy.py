"""Deploy the world of a scenario on a network that ape knows, by signed transactions."""

from __future__ import annotations

from cascade.run.progress import Progress
from cascade.scenario.load import Scenario
from cascade.staging.deployments import DeploymentFile
from cascade.staging.networks import NetworkOptions, open_network, require_possible_on_network
from cascade.staging.world import deploy_contracts, empty_world, prepare

__all__ = ["deploy"]


def deploy(scenario: Scenario, options: NetworkOptions, *, progress: Progress) -> DeploymentFile:
    """Deploy contracts, fund venues and the lending pool, and let agents prepare; positions are built by a replay.

    A deployment that was interrupted goes on where it stopped, and one that is whole is checked and left as it is.

    Parameters
    ----------
    options : NetworkOptions
        Network, account and ceiling of cost.

    Returns
    -------
    DeploymentFile
        What stands where.

    Raises
    ------
    ScenarioError
        When the scenario cannot show what it claims, or needs a chain of its own.
    CascadeError
        When network or account cannot be used, or an earlier deployment was another; nothing was sent then.
    ChainError
        When the network fails; the same command goes on.
    """
    require_possible_on_network(scenario)
    prepared = prepare(scenario, progress=progress)
    with open_network(prepared, options, with_positions=False, progress=progress) as opened:
        world = empty_world(opened.chain, opened.prepared)
        opened.watch(world)
        deploy_contracts(world, opened.prepared, progress=progress)
        opened.finish(world)
        return opened.deployment
