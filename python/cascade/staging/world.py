"""Check a scenario and compile its contracts, then deploy its world and build its positions on an open chain."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.agents.account_checks import check_accounts
from cascade.agents.custom import load_own_agents
from cascade.agents.interface import Agent
from cascade.agents.roster import agents_book, call_agents
from cascade.chain.artifacts import load_artifacts
from cascade.chain.chain import Chain
from cascade.chain.local import address_of
from cascade.deployment.deploy import deploy_world
from cascade.deployment.lending import engine_artifacts, reconfigure_lending
from cascade.deployment.own_contracts import load_own_contracts
from cascade.deployment.reserve import prepare_reserve
from cascade.deployment.venues import prepare_redemption
from cascade.observation import BookEntry
from cascade.positions.accounts.build import account_entries, build_accounts
from cascade.positions.accounts.plan import plan_accounts, scenario_to_build
from cascade.positions.build import LoopRound, build_positions, require_time_left
from cascade.positions.plan import PoolPledge, PositionPlan, plan_positions
from cascade.positions.preflight import check_liquidity, check_shock, note_unreached
from cascade.positions.standing import Standing, standing_positions
from cascade.run.inputs import RunInputs
from cascade.run.progress import Progress
from cascade.scenario.accounts import pledge_account
from cascade.scenario.load import Scenario
from cascade.world.world import World

__all__ = ["BuiltWorld", "Prepared", "build_world", "deploy_contracts", "empty_world", "prepare"]


@dataclass(frozen=True)
class Prepared:
    """A scenario that was found possible, with everything that its run is made from.

    Attributes
    ----------
    inputs : RunInputs
        The scenario, and the code that takes part in its run.
    standing : Standing
        The positions to build, and the scenario under whose lending lines they are built.
    """

    inputs: RunInputs
    standing: Standing


@dataclass(frozen=True)
class BuiltWorld:
    """What the crash is played with, once the positions stand.

    Attributes
    ----------
    agents : list of Agent
        Those that act, in the scenario's order.
    book : list of BookEntry
        Every account of the pool that agents and the recorder watch.
    rounds : list of LoopRound
        Every round of every loop.
    """

    agents: list[Agent]
    book: list[BookEntry]
    rounds: list[LoopRound]


def prepare(scenario: Scenario, *, progress: Progress, like: Scenario | None = None) -> Prepared:
    """Check before anything is started that a scenario can show what it claims, and compile its contracts.

    Parameters
    ----------
    progress : Progress
        Told what is worth knowing beforehand.
    like : Scenario, optional
        A baseline whose positions are built; the scenario's claims on its own positions are not checked then.

    Raises
    ------
    ScenarioError
        When the scenario cannot show what it claims, or names an agent that is missing.
    """
    own_agents = load_own_agents(scenario)
    standing = None if like is None else standing_positions(like, scenario)
    build = standing or Standing(scenario, plan_positions(scenario), plan_accounts(scenario))
    for found in scenario.accounts.values():
        for sentence in found.notes():
            progress.say(sentence)
    check_liquidity(scenario, build.plans, build.accounts)
    check_accounts(scenario)
    if (unreached := note_unreached(scenario, build.accounts)) is not None:
        progress.say(unreached)
    # Under another scenario's positions a shock may well breach nobody: that is then the finding.
    note = check_shock(scenario, build.plans, build.accounts) if like is None else None
    if note:
        progress.say(note)
    with progress.stage("compiling contracts"):
        artifacts = {**load_artifacts(), **engine_artifacts(scenario.spec.lending.engine)}
        own_contracts = load_own_contracts(scenario, artifacts)
        artifacts |= {reference: own.artifact for reference, own in own_contracts.items()}
    # Where the change builds its own positions, the baseline decides nothing and is no input.
    inputs = RunInputs(scenario, artifacts, own_agents, own_contracts, built_like=None if standing is None else like)
    return Prepared(inputs, build)


def empty_world(chain: Chain, prepared: Prepared) -> World:
    """Return the world of a scenario before anything is deployed."""
    standing = prepared.standing
    # The world is deployed as the baseline configures it; `build_world` applies the scenario's own lines at its end.
    foundation = scenario_to_build(standing.foundation, standing.accounts)
    return World(chain=chain, scenario=foundation, artifacts=prepared.inputs.artifacts)


def deploy_contracts(world: World, prepared: Prepared, *, progress: Progress) -> list[Agent]:
    """Deploy a world's contracts, and let its agents prepare; return the agents that act.

    Raises
    ------
    AgentFailed
        When a user's own agent cannot be constructed or set up.
    ChainError
        When the node fails.
    """
    with progress.stage("deploying"):
        deploy_world(world)
        agents = call_agents(world, prepared.inputs.own_agents)
        world.chain.settle()
    return agents


def build_world(world: World, prepared: Prepared, *, progress: Progress) -> BuiltWorld:
    """Deploy a world, let its agents prepare, and build its positions: the crash can begin.

    Raises
    ------
    BuildFailed
        When a position cannot be built.
    AgentFailed
        When a user's own agent cannot be constructed or set up.
    ChainError
        When the node fails.
    """
    inputs, build = prepared.inputs, prepared.standing
    scenario, plans, accounts = inputs.scenario, build.plans, build.accounts
    agents = deploy_contracts(world, prepared, progress=progress)
    if accounts.planned:
        with progress.bar("building accounts", len(accounts.built)) as advance:
            build_accounts(world, accounts, progress=advance)
        # The loops are built under the lines and caps that hold for them.
        reconfigure_lending(world, build.foundation)
    with progress.bar("building positions", len(plans)) as advance:
        rounds = build_positions(world, plans, progress=advance)
    prepare_reserve(world)
    prepare_redemption(world)
    world.chain.built()
    # Where a baseline's positions stand, they were built under its lending lines; from here on the scenario's own hold.
    reconfigure_lending(world, scenario)
    require_time_left(world)
    return BuiltWorld(agents, [*account_entries(scenario, accounts), *_book(world, plans)], rounds)


def _book(world: World, plans: list[PositionPlan]) -> list[BookEntry]:
    """Return every account of the pool that agents and the recorder watch: loops, pledges in the pool, and agents."""
    cohorts = world.scenario.spec.cohorts
    entries = []
    for plan in plans:
        cohort = cohorts[plan.cohort]
        entries.append(BookEntry(plan.borrower, address_of(plan.borrower), plan.cohort, cohort.collateral, cohort.debt))
        if isinstance(plan.pledge, PoolPledge):
            account = plan.pledge.account
            entries.append(
                BookEntry(account, address_of(account), pledge_account(plan.cohort), plan.pledge.asset, cohort.debt)
            )
    return entries + agents_book(world)
