"""Open the chain of a run: an anvil that is started for it, one that runs already, or the engine in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import msgspec

from cascade.chain.anvil import CHAIN_ID, HARD_FORK, ORDER, Anvil, anvil_options
from cascade.chain.chain import Chain
from cascade.chain.in_process import InProcessChain
from cascade.chain.local import LocalChain
from cascade.chain.rpc import Rpc
from cascade.chain.snapshots import EngineKind, SnapshotChain, Snapshots
from cascade.errors import CascadeError
from cascade.scenario.load import Scenario

__all__ = ["BUILD_GAS_LIMIT", "open_chain"]

BUILD_GAS_LIMIT = 1_000_000_000
"""Gas limit of blocks before the crash: set-up and loops are batched, and no agent competes for space."""

_FIRST_BASE_FEE_WEI = 10**9

_PROBE_SECONDS = 20.0
"""Time within which a running node must answer the first questions; later ones may take longer."""


@contextmanager
def open_chain(
    scenario: Scenario, node_url: str | None, snapshots: Snapshots | None
) -> Iterator[tuple[Chain, Callable[[], Anvil | None]]]:
    """Yield the chain of a run, and what returns the anvil behind it where one was started for it.

    Parameters
    ----------
    node_url : str or None
        URL of a fresh anvil to use; None starts one, or opens the engine in this process.
    snapshots : Snapshots or None
        Worlds that earlier runs built, from which this one may start.

    Raises
    ------
    CascadeError
        When the node cannot be used for a replay.
    """
    if snapshots is None or node_url is not None:
        with _fresh_chain(scenario, node_url) as (chain, anvil):
            yield chain, lambda: anvil
        return
    engine = scenario.spec.chain.engine
    kind = EngineKind(engine, scenario.spec.timeline.genesis_timestamp, has_gas=engine != "revm")
    kept = SnapshotChain(snapshots, kind=kind, open_engine=lambda: _fresh_chain(scenario, None))
    try:
        yield kept, lambda: kept.node
    finally:
        kept.close()


@contextmanager
def _fresh_chain(scenario: Scenario, node_url: str | None) -> Iterator[tuple[Chain, Anvil | None]]:
    """Yield a fresh chain of the scenario's engine, and the anvil behind it where one was started for the run."""
    if scenario.spec.chain.engine == "revm":
        if node_url is not None:
            raise CascadeError(f"--network: {node_url}: chain.engine revm runs in this process and uses no node")
        yield InProcessChain(timestamp=scenario.spec.timeline.genesis_timestamp, gas_limit=BUILD_GAS_LIMIT), None
        return
    with _node(scenario, node_url) as (rpc, anvil):
        chain = LocalChain(rpc)
        try:
            yield chain, anvil
        finally:
            chain.close()


@contextmanager
def _node(scenario: Scenario, node_url: str | None) -> Iterator[tuple[Rpc, Anvil | None]]:
    """Yield a connection to the node, and the anvil behind it where one was started for the run."""
    if node_url is not None:
        probe = Rpc(node_url, timeout=_PROBE_SECONDS)
        try:
            _require_fresh_anvil(probe, node_url, genesis=scenario.spec.timeline.genesis_timestamp)
            _set_up(probe)
        finally:
            probe.close()
        rpc = Rpc(node_url)
        try:
            yield rpc, None
        finally:
            rpc.close()
        return
    with Anvil(timestamp=scenario.spec.timeline.genesis_timestamp, gas_limit=BUILD_GAS_LIMIT) as anvil:
        yield anvil.rpc, anvil


class _Genesis(msgspec.Struct):
    timestamp: str


class _NodeInfo(msgspec.Struct):
    hard_fork: str = msgspec.field(name="hardFork", default="")
    order: str = msgspec.field(name="transactionOrder", default="")


def _require_fresh_anvil(rpc: Rpc, url: str, *, genesis: int) -> None:
    """Refuse a node that a replay cannot use, with every flag that it lacks and how to start one.

    Flags that can be set while the node runs are not asked for: `_set_up` sets them.

    Raises
    ------
    CascadeError
        When the node is no anvil, has blocks already, or was started without a flag that cannot be set later.
    """
    version = str(rpc.call("web3_clientVersion"))
    if not version.startswith("anvil/"):
        raise CascadeError(
            f"--network: {url} is {version}: a replay sets balances, fees and times, which only anvil allows"
        )
    # Blocks and transactions of others would shift block numbers, nonces and addresses.
    if int(rpc.call_as(str, "eth_blockNumber"), 16) != 0:
        raise CascadeError(f"--network: {url} already has blocks: a replay needs a fresh anvil, {_how(url, genesis)}")
    began = int(rpc.call_as(_Genesis, "eth_getBlockByNumber", "0x0", False).timestamp, 16)
    info = rpc.call_as(_NodeInfo, "anvil_nodeInfo")
    lacking = [
        flag
        for flag, is_there in (
            (f"--timestamp {genesis} (it began at the Unix time {began})", began == genesis),
            (f"--hardfork {HARD_FORK} (it runs {info.hard_fork})", info.hard_fork.lower() == HARD_FORK),
            (f"--order {ORDER} (it orders by {info.order})", info.order == ORDER),
        )
        if not is_there
    ]
    if lacking:
        raise CascadeError(f"--network: {url} was started without {', '.join(lacking)}: {_how(url, genesis)}")


def _set_up(rpc: Rpc) -> None:
    """Set what a fresh anvil can be given while it runs: no mining of its own, and the options of a replay's blocks."""
    # Mining at intervals before mining per transaction: the first one alone would leave the node mining.
    for method, *parameters in (
        ("evm_setIntervalMining", 0),
        ("evm_setAutomine", False),
        ("anvil_autoImpersonateAccount", True),
        ("anvil_setChainId", CHAIN_ID),
        ("evm_setBlockGasLimit", hex(BUILD_GAS_LIMIT)),
        ("anvil_setNextBlockBaseFeePerGas", hex(_FIRST_BASE_FEE_WEI)),
    ):
        rpc.call(str(method), *parameters)


def _how(url: str, genesis: int) -> str:
    options = " ".join(anvil_options(timestamp=genesis, gas_limit=BUILD_GAS_LIMIT))
    return f"start it with `anvil --port {urlsplit(url).port} {options}`"
