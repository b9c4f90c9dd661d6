"""Open a chain that others use too: check that a scenario can play there, what it costs, and go on where it stopped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from cascade.chain.chain import BlockObserver
from cascade.chain.live.ape_side import Network, Payer, find_network, load_payer
from cascade.chain.live.chain import LiveChain
from cascade.chain.live.funding import NotEnoughEther
from cascade.chain.live.journal import Journal, Opening
from cascade.chain.live.messages import LiveHeader
from cascade.chain.live.outbox import Terms
from cascade.chain.live.patient import PatientRpc
from cascade.chain.live.wallet import Wallet
from cascade.chain.local import Block, Transaction
from cascade.chain.rpc import RpcFailure
from cascade.chain.transaction import addresses_from
from cascade.errors import CascadeError, ScenarioError
from cascade.recording.manifest import NetworkPlace
from cascade.run.progress import Progress
from cascade.scenario.load import Scenario
from cascade.staging.deployments import DeploymentFile, code_sha256, put_aside
from cascade.staging.estimate import estimate_gas
from cascade.staging.world import Prepared
from cascade.world.world import World

__all__ = ["NetworkOptions", "OpenNetwork", "open_network", "require_possible_on_network"]

_MAINNET = 1
_PROBE_SECONDS = 3.0
"""Time within which a node must answer the first question."""
_WEI, _GWEI = 10**18, 10**9
_LEAST_TIP_WEI = 10**7
_TIME_OF_BLOCK = "0x4260005260206000f3"
"""Code that returns the time of the block that it runs in."""
_PROBED_TIME = 4_000_000_000
_HEADROOM = 6
"""How many times the estimated cost the paying account must have: an account that sends must hold what its transactions
could cost at most, and is given twice that."""


@dataclass(frozen=True)
class NetworkOptions:
    """Where a deployment goes, who pays, and how much.

    Attributes
    ----------
    network : str
        `ecosystem:network:provider` of ape's, or the URL of a node.
    account : str
        Alias of an account of ape's, which pays.
    max_cost : Decimal
        Most that all transactions may cost, in the network's coin.
    confirmations : int
        Blocks after which a block counts.
    deployments : Path
        Folder of files of deployments.
    max_tip_gwei : Decimal
        Priority fee that no transaction passes, whatever an agent bids.
    chain_id : int or None
        The id that the network must have; None takes what ape knows of it.
    is_mainnet_meant : bool
        Whether Ethereum's main network is meant.
    anew : bool
        Whether an earlier deployment is put aside.
    """

    network: str
    account: str
    max_cost: Decimal = Decimal("0.5")
    confirmations: int = 2
    max_tip_gwei: Decimal = Decimal(2)
    deployments: Path = Path("deployments")
    chain_id: int | None = None
    is_mainnet_meant: bool = False
    anew: bool = False


@dataclass(frozen=True)
class OpenNetwork:
    """A chain that is open for a deployment, and the files that keep it.

    Attributes
    ----------
    chain : LiveChain
        The chain.
    prepared : Prepared
        What was prepared, with the place where it plays.
    deployment : DeploymentFile
        The file of addresses.
    """

    chain: LiveChain
    prepared: Prepared
    deployment: DeploymentFile

    def watch(self, world: World, observer: BlockObserver | None = None) -> None:
        """Keep the file of addresses up to date while blocks come, and tell an observer of them."""

        def tell(block: Block, transactions: Sequence[Transaction]) -> None:
            if observer is not None:
                observer(block, transactions)
            self.deployment.on_block(block, transactions)
            self.deployment.cost_wei = self.chain.budget.spent_wei
            if any(transaction.to is None for transaction in transactions):
                self.deployment.write(world)

        self.chain.on_block = tell

    def finish(self, world: World, *, played_as: str = "") -> None:
        """Write what now stands; once it is played, return what the actors have left to the paying account."""
        self.chain.settle()
        if played_as:
            self.chain.give_back()
        deployment, codes = self.deployment, self.chain.codes_at(list(self.deployment.contracts))
        deployment.played_as = played_as
        state = "played" if played_as else "deployed"
        deployment.finish(world, codes=codes, state=state, cost_wei=self.chain.budget.spent_wei)


def require_possible_on_network(scenario: Scenario) -> None:
    """Refuse a scenario that needs a chain of its own.

    Raises
    ------
    ScenarioError
        Naming the key that needs one.
    """
    spec = scenario.spec

    def refuse(key: str, why: str) -> None:
        raise ScenarioError(file=scenario.file, key=key, value=None, expected=f"{why}: it cannot play on a network")

    if spec.exchange is not None:
        refuse("exchange", "its transactions run in a lane beside the chain, which a network does not have")
    if scenario.accounts:
        refuse(f"positions.{next(iter(scenario.accounts))}", "the keys of accounts of a file are not known")
    if spec.chain.engine != "anvil":
        refuse("chain.engine", f"{spec.chain.engine} runs in this process")


@contextmanager
def open_network(
    prepared: Prepared, options: NetworkOptions, *, with_positions: bool, progress: Progress
) -> Iterator[OpenNetwork]:
    """Open a network for the world of a scenario; named actors have addresses of its paying account's keys meanwhile.

    Nothing is sent here. What an earlier process deployed is gone on with, where it was the same.

    Parameters
    ----------
    with_positions : bool
        Whether positions will be built, for the estimate of costs.

    Raises
    ------
    CascadeError
        When network or account are not there, the chain id is another, the cost is above the ceiling, or an earlier
        deployment was another.
    NotEnoughEther
        When the paying account has too little.
    """
    require_possible_on_network(prepared.inputs.scenario)
    network = find_network(options.network)
    probe = PatientRpc(network.url, patience_seconds=_PROBE_SECONDS, timeout=_PROBE_SECONDS)
    try:
        chain_id = _require_chain(probe, network, options)
        _require_time_of_views(probe)
    finally:
        probe.close()
    payer = load_payer(options.account)
    name, scenario = network.name or f"chain-{chain_id}", prepared.inputs.scenario.spec.name
    folder = options.deployments / name
    files = folder / f"{scenario}.json", folder / f"{scenario}.journal.jsonl"
    if options.anew:
        put_aside(*files)
    rpc = PatientRpc(network.url)
    try:
        journal = Journal(files[1])
        try:
            opening = _opening(rpc, prepared, payer, chain_id, journal)
            place = NetworkPlace(
                network=name,
                chain_id=chain_id,
                account=payer.address,
                first_block=opening.first_block,
                confirmations=options.confirmations,
            )
            prepared = replace(prepared, inputs=replace(prepared.inputs, network=place))
            about = {
                "network": name,
                "chain_id": chain_id,
                "genesis_hash": opening.genesis_hash,
                "scenario": scenario,
                "run_id": prepared.inputs.run_id,
                "account": payer.address,
            }
            deployment = DeploymentFile(files[0], about)
            _require_same_code(rpc, deployment)
            chain = _open_chain(
                rpc,
                prepared,
                options,
                payer=payer,
                journal=journal,
                chain_id=chain_id,
                with_positions=with_positions,
                progress=progress,
            )
            with addresses_from(chain.address_of):
                try:
                    yield OpenNetwork(chain, prepared, deployment)
                except KeyboardInterrupt as stop:
                    kept = f"what was sent is in {journal.file}: the same command goes on with it"
                    raise KeyboardInterrupt(kept) from stop
        finally:
            journal.close()
    finally:
        rpc.close()


def _open_chain(
    rpc: PatientRpc,
    prepared: Prepared,
    options: NetworkOptions,
    *,
    payer: Payer,
    journal: Journal,
    chain_id: int,
    with_positions: bool,
    progress: Progress,
) -> LiveChain:
    with progress.stage("estimating gas on a chain of one's own"):
        gas = estimate_gas(prepared, with_positions=with_positions)
    max_cost_wei = int(options.max_cost * _WEI)
    head = rpc.call_as(LiveHeader, "eth_getBlockByNumber", "latest", False)
    seconds = _block_seconds(rpc, head)
    terms = Terms(
        max_cost_wei,
        options.confirmations,
        most_tip_wei=max(int(options.max_tip_gwei * _GWEI), _LEAST_TIP_WEI),
        least_tip_wei=_LEAST_TIP_WEI,
        poll_seconds=min(max(seconds / 10, 0.05), 2.0),
    )
    cost_wei = gas.total * (int(head.base_fee, 16) + terms.least_tip_wei)
    progress.say(
        f"{gas.transactions} transactions, {gas.total:,} gas: about {cost_wei / _WEI:.6f} at the present base fee, and "
        f"no more than {options.max_cost} together with the crash"
    )
    if not journal.sent:
        if cost_wei > max_cost_wei:
            raise CascadeError(
                f"--max-cost = {options.max_cost}: the transactions are estimated to cost {cost_wei / _WEI:.6f}: "
                "nothing was sent"
            )
        has = int(rpc.call_as(str, "eth_getBalance", payer.address, "latest"), 16)
        if has < _HEADROOM * cost_wei:
            raise NotEnoughEther(f"{options.account} ({payer.address})", has_wei=has, needs_wei=_HEADROOM * cost_wei)
    return LiveChain(
        rpc,
        wallet=Wallet(payer.secret()),
        payer=payer,
        journal=journal,
        chain_id=chain_id,
        terms=terms,
        gas=gas.limits,
        pace_seconds=prepared.inputs.scenario.spec.timeline.pace,
    )


def _require_chain(rpc: PatientRpc, network: Network, options: NetworkOptions) -> int:
    """Return the id of the chain behind a node, and refuse one that is not meant."""
    chain_id = int(rpc.call_as(str, "eth_chainId"), 16)
    for stated, by in ((options.chain_id, "--chain-id"), (network.chain_id, f"--network {options.network}")):
        if stated is not None and stated != chain_id:
            raise CascadeError(f"{rpc.url}: is a node of chain {chain_id}, and {by} is chain {stated}")
    if chain_id == _MAINNET and not options.is_mainnet_meant:
        raise CascadeError(
            f"{rpc.url}: is a node of Ethereum's main network, where this costs real money: pass --yes-this-is-mainnet "
            "if that is meant"
        )
    return chain_id


def _require_time_of_views(rpc: PatientRpc) -> None:
    """Refuse a node on which views cannot be run at the time of the next block."""
    overrides = {"time": hex(_PROBED_TIME)}
    try:
        said = rpc.call("eth_call", {"data": _TIME_OF_BLOCK}, "latest", {}, overrides)
    except RpcFailure as error:
        said = error.message
    if not (isinstance(said, str) and said.startswith("0x") and int(said or "0x0", 16) == _PROBED_TIME):
        raise CascadeError(
            f"{rpc.url}: does not run views at a stated time (the block overrides of eth_call, as geth, reth and anvil "
            "have them): interest of the next block cannot be read from it"
        )


def _opening(rpc: PatientRpc, prepared: Prepared, payer: Payer, chain_id: int, journal: Journal) -> Opening:
    """Begin a journal, or check that the one that was begun is of the same scenario, contracts, chain and account."""
    genesis = rpc.call_as(LiveHeader, "eth_getBlockByNumber", "0x0", False).hash
    latest = rpc.call_as(LiveHeader, "eth_getBlockByNumber", "latest", False).height
    inputs, earlier = prepared.inputs, journal.opening
    now = Opening(chain_id, genesis, payer.address, inputs.sha256, dict(inputs.bytecode_sha256), latest)
    if earlier is None:
        journal.open_with(now)
        return now

    def refuse(what: str) -> None:
        raise CascadeError(f"{journal.file}: {what}: nothing was sent; --anew deploys beside it")

    if earlier.chain_id != chain_id:
        refuse(f"was deployed on chain {earlier.chain_id}, and the node is of chain {chain_id}")
    if earlier.genesis_hash != genesis:
        refuse(f"was deployed on another chain {chain_id}, which has been started again since")
    if earlier.account != payer.address:
        refuse(f"was paid by {earlier.account}, and --account is {payer.address}")
    changed = [name for name, sha256 in now.contracts.items() if earlier.contracts.get(name) != sha256]
    if changed:
        refuse(f"was deployed with another bytecode of {', '.join(changed[:3])}")
    if earlier.scenario_sha256 != inputs.sha256:
        refuse("was deployed with other parameters of the scenario")
    return earlier


def _require_same_code(rpc: PatientRpc, deployment: DeploymentFile) -> None:
    """Check that the contracts of an earlier process still stand as they were left."""
    earlier = deployment.earlier()
    if not earlier:
        return
    if earlier["state"] == "played":
        raise CascadeError(
            f"{deployment.file}: was played already, as {earlier.get('played_as')}: --anew deploys and plays again"
        )
    entries = [(name, entry) for name, entry in earlier["contracts"].items() if entry.get("code_sha256")]
    codes = rpc.batch_as(str, [("eth_getCode", (entry["address"], "latest")) for _, entry in entries])
    for (name, entry), code in zip(entries, codes, strict=True):
        if code_sha256(code) != entry["code_sha256"]:
            raise CascadeError(
                f"{deployment.file}: {name} at {entry['address']} has {'other code' if code != '0x' else 'no code'}: "
                "nothing was sent; --anew deploys beside it"
            )


def _block_seconds(rpc: PatientRpc, head: LiveHeader) -> float:
    """Return the time between the latest blocks of a chain."""
    back = min(head.height, 10)
    if not back:
        return 1.0
    earlier = rpc.call_as(LiveHeader, "eth_getBlockByNumber", hex(head.height - back), False)
    return (int(head.timestamp, 16) - int(earlier.timestamp, 16)) / back
