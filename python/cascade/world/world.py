"""The contracts of a scenario, deployed and configured, with the names of everyone who has an address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cascade.chain.abi import Interface
from cascade.chain.artifacts import Artifact
from cascade.chain.chain import Chain
from cascade.chain.local import Contract, Transaction, address_of
from cascade.errors import MissingPart
from cascade.scenario.load import Scenario
from cascade.units import UINT256_MAX
from cascade.vocabulary import Intent
from cascade.world.exchange import DeployedExchange
from cascade.world.mirror import ExchangeMirror, LendingMirror, MarginMirror, TokenMirror
from cascade.world.venues import DeployedVenue

__all__ = ["MAX_UINT256", "Actor", "SetupCall", "World"]

_SETUP_GAS = 3_000_000
_BLOCK_OF = 100
MAX_UINT256 = UINT256_MAX

SetupCall = tuple[str, Contract, str, tuple[object, ...]]
"""Sender, contract, function, arguments."""


@dataclass(frozen=True)
class Actor:
    """The owner of an address."""

    name: str
    role: str
    cohort: str = ""


@dataclass
class World:
    """A deployed scenario.

    Attributes
    ----------
    actors : dict of str to Actor
        By address.
    tokens, feeds, a_tokens, debt_tokens : dict of str to Contract
        By symbol; `feeds` are what the lending oracle reads.
    posted_feeds : dict of str to Contract
        Feeds that an agent posts to, by symbol: an asset's own, or one inside its source.
    observers : dict of str to Contract
        Sources that average or delay, and must be shown a price once a block.
    event_sources : dict of str to Contract
        Price sources that the lending pool is switched to during the crash, by the name of the event.
    venues : dict of str to DeployedVenue
        By name.
    exchange : DeployedExchange, optional
        Where the scenario has one.
    accounts : LendingMirror
        Every account of the lending pool, folded from its events.
    balances : TokenMirror
        Balances of all tokens, folded from their events.
    exchange_rows : ExchangeMirror
        What was read of the exchange's accounts, until an event names them again.
    margin : MarginMirror
        Debts and settlements of the exchange's unified accounts.
    """

    chain: Chain
    scenario: Scenario
    artifacts: Mapping[str, Artifact]
    tokens: dict[str, Contract] = field(default_factory=dict)
    feeds: dict[str, Contract] = field(default_factory=dict)
    posted_feeds: dict[str, Contract] = field(default_factory=dict)
    observers: dict[str, Contract] = field(default_factory=dict)
    a_tokens: dict[str, Contract] = field(default_factory=dict)
    debt_tokens: dict[str, Contract] = field(default_factory=dict)
    event_sources: dict[str, Contract] = field(default_factory=dict)
    venues: dict[str, DeployedVenue] = field(default_factory=dict)
    exchange: DeployedExchange | None = None
    actors: dict[str, Actor] = field(default_factory=dict)
    contract_names: dict[str, str] = field(default_factory=dict)
    accounts: LendingMirror = field(init=False)
    balances: TokenMirror = field(init=False)
    exchange_rows: ExchangeMirror = field(init=False)
    margin: MarginMirror = field(init=False)
    _core: dict[str, Contract] = field(default_factory=dict)
    _names: tuple[tuple[int, int], dict[str, str]] = field(default=((-1, -1), {}), repr=False)

    def __post_init__(self) -> None:
        self.accounts = LendingMirror(
            self.chain, tokens=self.tokens, a_tokens=self.a_tokens, debt_tokens=self.debt_tokens
        )
        self.balances = TokenMirror(self.tokens)
        self.exchange_rows = ExchangeMirror()
        self.margin = MarginMirror()
        self.chain.followers += [self.accounts, self.balances, self.exchange_rows, self.margin]

    @property
    def pool(self) -> Contract:
        """The lending pool (IPool)."""
        return self._core["pool"]

    @property
    def oracle(self) -> Contract:
        """The pool's price oracle (IAaveOracle)."""
        return self._core["oracle"]

    @property
    def provider(self) -> Contract:
        """Registry of the pool's addresses (IPoolAddressesProvider)."""
        return self._core["provider"]

    @property
    def configurator(self) -> Contract:
        """Contract that lists and configures reserves (IPoolConfigurator)."""
        return self._core["configurator"]

    @property
    def lens(self) -> Contract:
        """Contract with packed views of many accounts and pools."""
        return self._core["lens"]

    @property
    def router(self) -> Contract:
        """Contract that swaps at pairs for accounts that are no contracts."""
        return self._core["router"]

    @property
    def deleverager(self) -> Contract:
        """Contract that unwinds loops in one transaction."""
        return self._core["deleverager"]

    @property
    def reserve(self) -> Contract | None:
        """USDe's hedged reserve, where the scenario has one."""
        return self._core.get("reserve")

    @property
    def names(self) -> dict[str, str]:
        """Names of all contracts and actors by their addresses in lower case."""
        count = len(self.actors), len(self.contract_names)
        if self._names[0] != count:
            named = {address.lower(): actor.name for address, actor in self.actors.items()}
            self._names = count, named | {address.lower(): name for address, name in self.contract_names.items()}
        return self._names[1]

    @property
    def core_addresses(self) -> dict[str, str]:
        """Addresses of the core contracts that stand, by the name that they were installed under."""
        return {name: contract.address for name, contract in self._core.items()}

    def require_reserve(self) -> Contract:
        """Return USDe's hedged reserve.

        Raises
        ------
        MissingPart
            When the scenario has none.
        """
        if self.reserve is None:
            raise MissingPart("ethena")
        return self.reserve

    def require_exchange(self) -> DeployedExchange:
        """Return the exchange.

        Raises
        ------
        MissingPart
            When the scenario has none.
        """
        if self.exchange is None:
            raise MissingPart("exchange")
        return self.exchange

    @property
    def deployer(self) -> str:
        """Owner of every contract that has one."""
        return address_of("deployer")

    def symbol_of(self, token: str) -> str:
        """Return the symbol of a token's address."""
        return self.contract_names[token]

    def venue_at(self, address: str) -> DeployedVenue | None:
        """Return the venue that is deployed at an address; None where there is none."""
        # A venue is registered under its own name, so that the name of its contract is the key.
        return self.venues.get(self.contract_names.get(address, ""))

    def enlist(self, name: str, *, role: str, cohort: str = "") -> str:
        """Register a named actor, and return its address; `fund` gives it ether."""
        address = address_of(name)
        self.actors[address] = Actor(name=name, role=role, cohort=cohort)
        return address

    def install(self, **contracts: Contract) -> None:
        """Register the core contracts: pool, oracle, provider, configurator, lens and others."""
        self._core.update(contracts)
        if "pool" in contracts:
            self.accounts.begin(pool=self.pool, configurator=self.configurator)

    def adopt(self, address: str, interface: Interface, *, name: str) -> Contract:
        """Register a contract that another one created."""
        contract = Contract(address, interface)
        self.chain.know(contract)
        self.contract_names[address] = name
        return contract

    def deploy(self, contract: str | Artifact, *arguments: object, name: str) -> Contract:
        """Deploy a contract, by its name among the artifacts, from the deployer's account."""
        artifact = self.artifacts[contract] if isinstance(contract, str) else contract
        deployed = self.chain.deploy(artifact, *arguments, sender=self.deployer)
        self.contract_names[deployed.address] = name
        return deployed

    def setup(self, calls: Iterable[SetupCall], *, intent: str, gas: int = _SETUP_GAS) -> None:
        """Send set-up calls, several per block; none may revert."""
        transactions = [
            Transaction(sender, contract.address, contract.encode(function, *arguments), gas, intent=intent)
            for sender, contract, function, arguments in calls
        ]
        # anvil reorders larger batches across senders. A second per block keeps the build phase short: positions should
        # not accrue interest before the crash begins.
        for start in range(0, len(transactions), _BLOCK_OF):
            self.chain.execute(transactions[start : start + _BLOCK_OF], timestamp=self.chain.timestamp + 1)

    def mint(self, asset: str, amounts: Iterable[tuple[str, int]]) -> None:
        """Mint a token to addresses; a minting contract's token can be minted until `hand_over_minting`."""
        token, amounts = self.tokens[asset], [(to, raw) for to, raw in amounts if raw]
        staked = self.scenario.spec.assets[asset].stakes
        if staked is None:
            self.setup(((self.deployer, token, "mint", (to, raw)) for to, raw in amounts), intent=Intent.MINT)
            return
        # A vault's shares are minted for what is staked: at a price of one until rewards vest, rounded up.
        cost = self.chain.call(token, "previewMint", sum(raw for _, raw in amounts)) + len(amounts)
        self.mint(staked, [(self.deployer, cost)])
        self.setup([(self.deployer, self.tokens[staked], "approve", (token.address, cost))], intent=Intent.APPROVE)
        self.setup(((self.deployer, token, "mint", (raw, to)) for to, raw in amounts), intent=Intent.MINT)

    def hand_over_minting(self) -> None:
        """Make each minting contract the only minter of its asset from now on."""
        for venue in self.venues.values():
            if venue.minted is not None:
                token = self.tokens[venue.minted]
                self.setup([(self.deployer, token, "setMinter", (venue.contract.address,))], intent=Intent.CONFIGURE)
