"""Kinds of agent, price source and venue: what a class declares is all that checks and experiments need of it."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, ClassVar, Literal

import pytest

from cascade.agents.roster import MAKERS
from cascade.errors import MissingPart, ScenarioError
from cascade.experiments.causes.players import players_of
from cascade.prices.path import PricePath
from cascade.scenario.accounts import accounts_of
from cascade.scenario.checks.agents import check_agents
from cascade.scenario.checks.amounts import check_amounts
from cascade.scenario.load import load_scenario
from cascade.scenario.model import (
    AgentBase,
    AgentSpec,
    Case,
    CustomAgentSpec,
    Distribution,
    Exclusive,
    Fixed,
    GroupAgent,
    Lognormal,
    OracleBase,
    OracleSpec,
    Sections,
    StatedAmount,
    TargetLeverage,
    TargetSpec,
    Uniform,
    Venue,
    VenueBase,
)
from cascade.toolchain.paths import project_root
from cascade.vocabulary import Role

SCENARIOS = project_root() / "scenarios"


def kinds_in(union: Any) -> list[type[Any]]:
    return list(typing.get_args(typing.get_args(union)[0]))


class FoundationSpec(GroupAgent):
    """A kind that no other file of the package knows."""

    acts_as: ClassVar[Role] = Role.BUYER
    is_player: ClassVar[bool] = True

    kind: Literal["foundation"] = "foundation"
    venue: str = "pool"
    capital: Decimal = Decimal(1)

    @property
    def paths_followed(self) -> Sequence[str]:
        return ["USDC"]

    def rights(self, spec: Sections) -> Iterator[Exclusive]:
        yield Exclusive("foundation", "kind", self.kind, "the foundation is {} already")

    def check(self, case: Case, key: str) -> None:
        case.pool(f"{key}.venue", self.venue)

    def amounts(self, spec: Sections) -> Iterator[StatedAmount]:
        yield StatedAmount("capital", spec.venues[self.venue].pair[0], self.capital)


class EverywherePath(PricePath):
    """A path that remembers which assets it had to cover."""

    def require_covers(self, assets: Any, **_: object) -> None:
        assert list(assets) == ["USDC"]


def case_with(**agents: FoundationSpec) -> Case:
    shipped = load_scenario(SCENARIOS / "loop-and-crash.yaml").spec
    pool = next(venue for venue in shipped.venues.values() if venue.is_amm)
    spec = shipped.model_copy(update={"agents": agents, "venues": {"pool": pool}})
    return Case(spec, EverywherePath("made-up.csv", {}), "made-up.yaml")


def test_agent_kinds__all_but_the_user_s_own__have_agents_and_a_class_of_actor() -> None:
    members = kinds_in(AgentSpec)

    assert CustomAgentSpec in members
    assert set(MAKERS) == set(members) - {CustomAgentSpec}
    for kind in members:
        assert issubclass(kind, AgentBase)
        assert (kind.acts_as is Role.AGENT) == (kind is CustomAgentSpec), kind


def test_kinds__of_sources_and_venues__extend_what_checks_iterate_over() -> None:
    assert all(issubclass(kind, OracleBase) for kind in kinds_in(OracleSpec))
    assert all(issubclass(kind, VenueBase) for kind in kinds_in(Venue))


def test_new_kind__that_declares_itself__is_checked_without_another_file() -> None:
    check_agents(case_with(fund=FoundationSpec()))
    check_amounts(case_with(fund=FoundationSpec()))

    with pytest.raises(ScenarioError, match=r"agents\.fund\.venue = 'gone': unknown venue; venues has pool"):
        check_agents(case_with(fund=FoundationSpec(venue="gone")))
    with pytest.raises(ScenarioError, match=r"agents\.more\.kind = 'foundation': the foundation is fund already"):
        check_agents(case_with(fund=FoundationSpec(), more=FoundationSpec()))
    with pytest.raises(ScenarioError, match=r"agents\.fund\.capital = '1E-30': .* decimals"):
        check_amounts(case_with(fund=FoundationSpec(capital=Decimal("1e-30"))))


def test_new_kind__that_declares_itself__has_accounts_and_is_switched_off_with_its_class() -> None:
    spec: Any = SimpleNamespace(agents={"fund": FoundationSpec(count=2), "idle": FoundationSpec(active=False)})

    assert accounts_of("fund", spec.agents["fund"], spec) == ["fund-0", "fund-1"]
    assert players_of(spec) == {"buyer": ("fund",)}


@pytest.mark.parametrize(
    ("given", "shape", "highest"),
    [
        ({"kind": "fixed", "value": 3}, Fixed(Decimal(3)), 3),
        ({"kind": "uniform", "low": 1, "high": 2}, Uniform(Decimal(1), Decimal(2)), 2),
        (
            {"kind": "lognormal", "median": 2, "sigma": 1, "low": 1, "high": 9},
            Lognormal(Decimal(2), Decimal(1), Decimal(1), Decimal(9)),
            9,
        ),
    ],
)
def test_distribution__of_each_kind__has_the_figures_of_its_kind_alone(
    given: dict[str, Any], shape: object, highest: int
) -> None:
    distribution = Distribution.model_validate(given)

    assert distribution.shape == shape
    assert distribution.highest == highest
    assert dict(distribution.stated) == {
        key: value for key, value in given.items() if key in ("value", "low", "high", "median")
    }


def test_target__with_one_of_three__is_that_one() -> None:
    leverage = {"kind": "fixed", "value": 4}

    assert TargetSpec.model_validate({"leverage": leverage}).aim == TargetLeverage(
        Distribution.model_validate(leverage)
    )


@pytest.mark.parametrize(("file", "lead", "blocks"), [("maker-cascade.yaml", 6, 2), ("loop-and-crash.yaml", 0, 1)])
def test_timeline__lanes_of_a_step__are_half_a_block_apart_where_there_is_an_exchange(
    file: str, lead: int, blocks: int
) -> None:
    spec = load_scenario(SCENARIOS / file).spec
    timeline = spec.timeline

    assert timeline.block_seconds == 12
    assert timeline.time_of(3) == timeline.start_timestamp + 36
    assert timeline.exchange_time_of(3) == timeline.start_timestamp + 30
    assert timeline.last_timestamp == timeline.time_of(timeline.steps - 1)
    assert spec.first_crash_timestamp == timeline.start_timestamp - lead
    assert spec.blocks_per_step == blocks


def test_scenario__without_an_optional_section__says_which_one_is_missing() -> None:
    spec = load_scenario(SCENARIOS / "loop-and-crash.yaml").spec

    with pytest.raises(MissingPart, match="there is no exchange in this scenario"):
        spec.require_exchange()
    with pytest.raises(MissingPart, match="there is no ethena in this scenario"):
        spec.require_ethena()
    with pytest.raises(MissingPart, match="there is no pledge in this scenario"):
        next(iter(spec.cohorts.values())).require_pledge()
