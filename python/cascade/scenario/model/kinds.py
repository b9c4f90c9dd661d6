"""Base classes of agents, price sources and venues, and the scenario around them as their checks see it.

Everything that is known of a kind stands on its class: the names it refers to and how a wrong one is refused, the
amounts it states and of which asset, the class of actor it belongs to. Checks, accounts and experiments iterate over
what the classes declare, so that a new kind needs its class, the code that acts or is deployed for it, and the one
table that joins the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, ClassVar, NamedTuple, NoReturn, Protocol

from pydantic import BeforeValidator, Field

from cascade.account_files import AccountFile
from cascade.errors import ScenarioError, unknown_name
from cascade.prices.path import PricePath
from cascade.scenario.model.assets import AssetSpec, PricesSpec
from cascade.scenario.model.chain import TimelineSpec
from cascade.scenario.model.common import Spec, exact_decimal
from cascade.scenario.model.ethena import EthenaSpec
from cascade.scenario.model.exchange import BookSpec, DeskLineSpec, ExchangeSpec, PerpMarketSpec
from cascade.scenario.model.lending import LendingSpec
from cascade.scenario.model.own_contract import OwnContractKey
from cascade.scenario.model.positions import AccountsSpec, CohortSpec
from cascade.vocabulary import Role

__all__ = [
    "AgentBase",
    "Case",
    "DifferingAgent",
    "ExchangeAgent",
    "Exclusive",
    "GroupAgent",
    "OracleBase",
    "Sections",
    "SingleAgent",
    "StatedAmount",
    "TippingAgent",
    "VenueBase",
    "numbered",
]


class Sections(Protocol):
    """Sections of a scenario that its kinds look things up in; `ScenarioSpec` is the one implementation."""

    @property
    def timeline(self) -> TimelineSpec:
        """Start and end of the run."""

    @property
    def prices(self) -> PricesSpec:
        """The exogenous price path."""

    @property
    def assets(self) -> Mapping[str, AssetSpec]:
        """Tokens by symbol."""

    @property
    def oracle(self) -> Mapping[str, OracleBase]:
        """Price sources by asset."""

    @property
    def lending(self) -> LendingSpec:
        """The lending pool."""

    @property
    def venues(self) -> Mapping[str, VenueBase]:
        """Venues by name."""

    @property
    def ethena(self) -> EthenaSpec | None:
        """The reserve of USDe, where there is one."""

    @property
    def exchange(self) -> ExchangeSpec | None:
        """The exchange, where there is one."""

    @property
    def cohorts(self) -> Mapping[str, CohortSpec]:
        """Cohorts by name."""

    @property
    def account_files(self) -> Mapping[str, AccountsSpec]:
        """Files of accounts by name."""

    @property
    def agents(self) -> Mapping[str, AgentBase]:
        """Agents by entry."""

    def require_exchange(self) -> ExchangeSpec:
        """Return the exchange, or raise `MissingPart`."""

    def require_ethena(self) -> EthenaSpec:
        """Return the reserve of USDe, or raise `MissingPart`."""


class StatedAmount(NamedTuple):
    """An amount of tokens in a scenario, which must be exact in the asset's smallest unit."""

    key: str
    """Key of the amount, below the part that states it."""
    asset: str
    amount: Decimal
    """Amount in whole tokens."""


class Exclusive(NamedTuple):
    """Something that only one agent of a scenario may do."""

    of: str
    """Identity of the right; two agents that name the same one collide."""
    key: str
    """Key below the agent's entry that a refusal names."""
    value: str
    """Value that a refusal shows."""
    taken: str
    """Text of the refusal; `{}` stands for the entry that has the right."""


@dataclass(frozen=True)
class Case:
    """A scenario under examination: its sections, its price path, and the file that a refusal names.

    The methods return what a name refers to, and refuse the scenario where the name refers to nothing: each raises
    `ScenarioError` with the key, the value, and what would be right.
    """

    spec: Sections
    path: PricePath
    file: str
    accounts: Mapping[str, AccountFile] = field(default_factory=dict)
    """Accounts of each file, by their entry of the positions."""

    def refuse(self, key: str, value: object, expected: str) -> NoReturn:
        """Refuse the scenario in one line.

        Raises
        ------
        ScenarioError
            Always.
        """
        raise ScenarioError(file=self.file, key=key, value=value, expected=expected)

    def require_asset(self, key: str, asset: str) -> None:
        """Refuse a name that is not an asset's."""
        if asset not in self.spec.assets:
            self.refuse(key, asset, unknown_name("asset", asset, self.spec.assets, holder="assets"))

    def require_priced(self, key: str, asset: str) -> None:
        """Refuse an asset that has no price source."""
        if asset not in self.spec.oracle:
            self.refuse(key, asset, f"has no price source: add oracle.{asset}")

    def require_path(self, assets: Iterable[str]) -> None:
        """Refuse a price path that does not cover the timeline for each of some assets."""
        timeline = self.spec.timeline
        self.path.require_covers(
            assets, start=timeline.start_timestamp, end=timeline.last_timestamp, max_gap=self.spec.prices.max_gap
        )

    def venue(self, key: str, name: str) -> VenueBase:
        """Return the venue of a name."""
        if name not in self.spec.venues:
            self.refuse(key, name, unknown_name("venue", name, self.spec.venues, holder="venues"))
        return self.spec.venues[name]

    def pool(self, key: str, name: str, *, second: str | None = None) -> VenueBase:
        """Return the pool of a name: a venue whose price its trades move.

        Parameters
        ----------
        second : str, optional
            The asset that its second coin must be.
        """
        venue = self.venue(key, name)
        if not venue.is_amm or (second is not None and venue.pair[1] != second):
            wanted = "" if second is None else f" whose second coin is {second}"
            self.refuse(key, name, f"expected a stable-swap or constant-product pool{wanted}")
        return venue

    def cohort_that_sells(self, key: str, cohort: str, venue: str) -> CohortSpec:
        """Return the cohort of a name, whose members sell their collateral for their debt at a pool.

        Parameters
        ----------
        key : str
            Entry of the agent, whose keys `cohort` and `venue` hold the two names.
        """
        found = self.spec.cohorts.get(cohort)
        if cohort in self.spec.account_files:
            self.refuse(
                f"{key}.cohort", cohort, "is a file of accounts, which nobody acts for: expected a cohort of loops"
            )
        if found is None:
            self.refuse(f"{key}.cohort", cohort, unknown_name("cohort", cohort, self.spec.cohorts, holder="positions"))
        if self.pool(f"{key}.venue", venue, second=found.collateral).pair[0] != found.debt:
            self.refuse(f"{key}.venue", venue, f"does not swap {found.collateral} to {found.debt}")
        return found

    def exchange(self, key: str, value: object) -> ExchangeSpec:
        """Return the exchange; `value` is what needs it."""
        if self.spec.exchange is None:
            self.refuse(key, value, "there is no exchange: add exchange")
        return self.spec.exchange

    def book(self, key: str, name: str) -> BookSpec:
        """Return the exchange's book of a name."""
        books = self.exchange(key, name).books
        if name not in books:
            self.refuse(key, name, unknown_name("book", name, books, holder="exchange.books"))
        return books[name]

    def market(self, key: str, name: str) -> PerpMarketSpec:
        """Return the exchange's perpetual of a name."""
        margin = self.exchange(key, name).margin
        markets = margin.markets if margin is not None else {}
        if name not in markets:
            self.refuse(key, name, unknown_name("perpetual", name, markets, holder="exchange.margin.markets"))
        return markets[name]

    def line(self, key: str, name: str) -> DeskLineSpec:
        """Return the line of a name of the exchange's loan desk."""
        desk = self.exchange(key, name).desk
        lines = desk.lines if desk is not None else {}
        if name not in lines:
            self.refuse(key, name, unknown_name("line", name, lines, holder="exchange.desk.lines"))
        return lines[name]


class VenueBase(Spec):
    """Base of every kind of venue."""

    is_amm: ClassVar[bool] = False
    """Whether it is a pool whose price its trades move."""
    mints: ClassVar[bool] = False
    """Whether it creates what it pays out, instead of holding a stock of it."""
    reads_oracle: ClassVar[bool] = False
    """Whether its price is the oracle's, so that it is deployed after the oracle."""

    kind: str
    contract: OwnContractKey = None
    """A contract of your own in place of the mock of this kind, with the same functions, and prices by the same
    formula."""

    @property
    def pair(self) -> tuple[str, str]:
        """Its two assets: the quote, and what it prices; of a minting contract, what is paid and what is minted."""
        raise NotImplementedError

    def initial_price(self) -> Decimal:
        """Return the price of its second asset in its first when the crash begins, as far as the scenario states it."""
        return Decimal(1)

    def stock_of(self, asset: str) -> Decimal | None:
        """Return how many tokens of an asset it can pay out; None where it mints them."""
        return None

    def check(self, case: Case, key: str, name: str) -> None:
        """Refuse what this kind of venue cannot be deployed with; its two assets exist and differ.

        Parameters
        ----------
        key : str
            Dotted path of the venue.
        name : str
            Its name.
        """

    def amounts(self) -> Iterator[StatedAmount]:
        """Yield the amounts that it states."""
        yield from ()


class OracleBase(Spec):
    """Base of every kind of price source."""

    kind: str

    @property
    def parts(self) -> tuple[OracleBase, ...]:
        """Sources that it is made of."""
        return ()

    @property
    def venue_read(self) -> str | None:
        """Pool whose price it reads itself."""
        return None

    @property
    def book_read(self) -> str | None:
        """Book of the exchange whose index it reads itself."""
        return None

    @property
    def has_feed(self) -> bool:
        """Whether it is, or is made of, a feed that an agent posts to."""
        return any(part.has_feed for part in self.parts)

    def assets_read(self, spec: Sections) -> Sequence[str]:
        """Return other assets whose price it needs itself: a peg, a vault's asset, the quote of a pool."""
        return ()

    def answer_at_start(self, spec: Sections, asset: str) -> Decimal:
        """Return its answer before the crash, in dollars, as far as the scenario states it.

        A source that is made of others answers their median, unless its kind says otherwise.
        """
        # Of an odd number this is the median, and of one source its own answer.
        prices = sorted(part.answer_at_start(spec, asset) for part in self.parts)
        return prices[len(prices) // 2]

    def check(self, case: Case, key: str, asset: str) -> None:
        """Refuse names that stand for nothing, and what this kind of source cannot price.

        Parameters
        ----------
        key : str
            Dotted path of the source, or of the one that it is a part of.
        asset : str
            The asset that it prices.
        """


class AgentBase(Spec):
    """Base of every kind of agent; this base acts through accounts that others opened."""

    acts_as: ClassVar[Role] = Role.AGENT
    """Class of actor that its transactions are counted under."""
    is_player: ClassVar[bool] = False
    """Whether experiments switch its class of actor off; all others are environment, and act in every run."""

    kind: str
    active: bool = True
    """Whether it acts; an inactive agent is set up all the same, so that switching it off changes nothing else."""

    @property
    def actor_class(self) -> str:
        """Class of actor that its transactions are counted under."""
        return self.acts_as

    @property
    def owned_cohort(self) -> str | None:
        """Cohort of positions whose owners it is; its accounts are then theirs."""
        return None

    @property
    def acts_for(self) -> str | None:
        """Cohort for whose members it acts without owning them: its figures are drawn for each of them."""
        return None

    @property
    def paths_followed(self) -> Sequence[str]:
        """Assets whose exogenous path it reads at every step."""
        return ()

    def account_names(self, name: str) -> list[str]:
        """Return the names of the accounts that an entry of this name opens."""
        return []

    def feeds_posted(self, spec: Sections) -> Sequence[str]:
        """Return the assets to whose posted feed it posts."""
        return ()

    def opened_position(self, spec: Sections) -> tuple[str, str] | None:
        """Return collateral and debt of the position that each of its accounts opens during the crash."""
        return None

    def rights(self, spec: Sections) -> Iterator[Exclusive]:
        """Yield what no other agent of the scenario may do, besides posting to the same feed."""
        if self.owned_cohort is not None:
            cohort = self.owned_cohort
            yield Exclusive(f"cohort {cohort}", "cohort", cohort, "is owned by {} already")

    def check(self, case: Case, key: str) -> None:
        """Refuse names that stand for nothing, and an agent that could never act.

        Parameters
        ----------
        key : str
            Dotted path of the entry.
        """

    def amounts(self, spec: Sections) -> Iterator[StatedAmount]:
        """Yield the amounts that it states, once its names have been checked."""
        yield from ()


class SingleAgent(AgentBase):
    """An agent with one account, named like its entry."""

    def account_names(self, name: str) -> list[str]:
        """Return the one name."""
        return [name]


class GroupAgent(AgentBase):
    """Agents of one make, each with an account of its own."""

    count: Annotated[int, Field(ge=1)] = 1
    """Number of agents."""

    def account_names(self, name: str) -> list[str]:
        """Return one name per member."""
        return numbered(name, self.count)


class DifferingAgent(GroupAgent):
    """Agents of one make whose figures may differ: where the entry states a distribution, each has its own draw."""

    diversity: Annotated[Decimal, BeforeValidator(exact_decimal), Field(ge=0, le=1)] = Decimal(1)
    """Share of its distance from the middle of its distribution that each figure drawn for a member keeps: 1 draws as
    stated, 0 makes all members alike. The middle is the median, or lies halfway between low and high. Keys that are
    always distributions are drawn as stated."""


class TippingAgent(AgentBase):
    """An agent that offers a fixed tip for its place in the block."""

    tip_gwei: Annotated[Decimal, BeforeValidator(exact_decimal), Field(ge=0, le=400)] = Decimal(2)
    """Priority fee offered per unit of gas, in gwei; it ranks the queue for block space."""


class ExchangeAgent(AgentBase):
    """An agent that acts at the exchange, and therefore needs one."""

    def check(self, case: Case, key: str) -> None:
        """Refuse a scenario without an exchange, then what this kind cannot act on there."""
        self.check_at(case.exchange(f"{key}.kind", self.kind), case, key)

    def check_at(self, exchange: ExchangeSpec, case: Case, key: str) -> None:
        """Refuse names that stand for nothing at the exchange, and an agent that could never act there."""

    def amounts(self, spec: Sections) -> Iterator[StatedAmount]:
        """Yield the amounts that it states."""
        return self.amounts_at(spec.require_exchange())

    def amounts_at(self, exchange: ExchangeSpec) -> Iterator[StatedAmount]:
        """Yield the amounts that it states, in assets of the exchange."""
        yield from ()


def numbered(name: str, count: int) -> list[str]:
    """Return the names of the members of a group, all of the same length: `name-00` to `name-99`."""
    width = len(str(count - 1))
    return [f"{name}-{i:0{width}d}" for i in range(count)]
