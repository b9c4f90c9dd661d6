"""An anvil process on a free loopback port, with a private home folder; both are gone when its context ends."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import msgspec

from cascade.chain.rpc import Rpc
from cascade.errors import ChainError, ToolMissing
from cascade.toolchain.paths import anvil_binary, setup_command

__all__ = [
    "CHAIN_ID",
    "HARD_FORK",
    "ORDER",
    "Anvil",
    "anvil_options",
    "die_with_parent",
    "owned_folder",
    "remove_own_folders",
]

_START_TIMEOUT_SECONDS = 30.0
_START_ATTEMPTS = 5
_HOME_PREFIX = "cascade-anvil-"
_LISTEN = "0A"
"""State of a listening socket in /proc/net/tcp."""


class _Genesis(msgspec.Struct):
    timestamp: str


@dataclass(frozen=True)
class _Running:
    """A started process, its home folder and the connection to it."""

    process: subprocess.Popen[bytes]
    home: Path
    rpc: Rpc


CHAIN_ID = 31337
HARD_FORK = "prague"
"""Pinned: a newer anvil would default to a newer hard fork, with other gas."""
ORDER = "fees"


def anvil_options(
    *, timestamp: int, gas_limit: int = 1_000_000_000, base_fee_wei: int = 10**9, accounts: int = 1
) -> tuple[str, ...]:
    """Return the arguments, other than the port, with which an anvil must be started for a replay.

    Parameters
    ----------
    timestamp : int
        Unix time of the genesis block.
    gas_limit : int
        Gas limit of the first blocks.
    base_fee_wei : int
        Base fee of the first block.
    accounts : int
        Number of anvil's public test accounts that have ether.
    """
    return (
        "--host",
        "127.0.0.1",
        "--chain-id",
        str(CHAIN_ID),
        "--hardfork",
        HARD_FORK,
        "--no-mining",
        "--order",
        ORDER,
        "--auto-impersonate",
        "--accounts",
        str(accounts),
        "--timestamp",
        str(timestamp),
        "--gas-limit",
        str(gas_limit),
        "--block-base-fee-per-gas",
        str(base_fee_wei),
        "--no-request-size-limit",
        "--disable-console-log",
        "--quiet",
        # Old states and receipts are not read again, and a run of 1,000 positions would keep a gigabyte of them.
        "--prune-history",
        "16",
        "--transaction-block-keeper",
        "64",
    )


class Anvil:
    """A local chain that mines only on request, and orders each block by falling fee.

    It is a context manager. Senders need no keys (auto-impersonation), and nothing is written outside the private
    home folder, which is removed at the end.

    Parameters
    ----------
    timestamp : int
        Unix time of the genesis block; an input, so that a run does not depend on the wall clock.
    gas_limit : int
        Block gas limit at the start.
    base_fee_wei : int
        Base fee of the first block.
    port : int or None
        Loopback port; None takes a free one.
    accounts : int
        Number of anvil's public test accounts that have ether.

    Raises
    ------
    ToolMissing
        When the binary is not installed.
    ChainError
        When the port is in use or the process does not answer.
    """

    def __init__(
        self,
        *,
        timestamp: int,
        gas_limit: int = 1_000_000_000,
        base_fee_wei: int = 10**9,
        port: int | None = None,
        accounts: int = 1,
    ) -> None:
        self._options = anvil_options(
            timestamp=timestamp, gas_limit=gas_limit, base_fee_wei=base_fee_wei, accounts=accounts
        )
        self._timestamp = timestamp
        self._fixed_port = port
        self._node: _Running | None = None

    @property
    def rpc(self) -> Rpc:
        """The open connection."""
        return self._running.rpc

    @property
    def home(self) -> Path:
        """The private home folder."""
        return self._running.home

    @property
    def pid(self) -> int:
        """Process id, for measuring its memory."""
        return self._running.process.pid

    def is_alive(self) -> bool:
        """Return whether the process still runs."""
        return self._node is not None and self._node.process.poll() is None

    def peak_memory_mb(self) -> float:
        """Return the largest resident size so far, in MB (10^6 bytes); 0.0 on systems without /proc."""
        status = Path(f"/proc/{self.pid}/status")
        if not status.is_file():
            return 0.0
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
        return 0.0

    def __enter__(self) -> Anvil:
        home = owned_folder()
        try:
            self._node = self._start(home)
        except BaseException:
            shutil.rmtree(home, ignore_errors=True)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process and remove its home folder; safe to call twice."""
        node, self._node = self._node, None
        if node is not None:
            node.rpc.close()
            _end(node.process)
            shutil.rmtree(node.home, ignore_errors=True)

    @property
    def _running(self) -> _Running:
        if self._node is None:
            raise ChainError("anvil is not running")
        return self._node

    def _start(self, home: Path) -> _Running:
        if self._fixed_port is not None:
            if _answers(self._fixed_port):
                raise ChainError(
                    f"port {self._fixed_port} of 127.0.0.1 is in use: choose another, or stop what listens there"
                )
            ports = [self._fixed_port]
        else:
            # Another process may take a free port before anvil does: a few attempts, each with another port.
            ports = [_free_port() for _ in range(_START_ATTEMPTS)]
        binary = anvil_binary()
        for port in ports:
            process = self._spawn(binary, port, home)
            try:
                is_ready = _await_ready(process, port)
            except BaseException:
                _end(process)
                raise
            if is_ready and (rpc := self._connect(process, port)) is not None:
                return _Running(process, home, rpc)
            _end(process)
        raise ChainError(f"anvil did not start on port {ports[-1]} of 127.0.0.1: {binary} --version should answer")

    def _connect(self, process: subprocess.Popen[bytes], port: int) -> Rpc | None:
        """Return a connection to the node on a port; None where that is not the one that was started.

        Whoever took the port in the meantime answers before the new anvil finds it taken and ends.
        """
        if not _listens(process.pid, port):
            return None
        rpc = Rpc(f"http://127.0.0.1:{port}")
        try:
            began = int(rpc.call_as(_Genesis, "eth_getBlockByNumber", "0x0", False).timestamp, 16)
        except ChainError:
            began = -1
        if began == self._timestamp and process.poll() is None:
            return rpc
        rpc.close()
        return None

    def _spawn(self, binary: Path, port: int, home: Path) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                [str(binary), "--port", str(port), *self._options],
                # anvil keeps state files under its HOME, and reads configuration from there.
                env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                # Out of the terminal's group: Ctrl-C reaches this process alone, which then stops the node.
                start_new_session=True,
                preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 (one system call)
            )
        except OSError as error:
            raise ToolMissing(f"{binary}: cannot be started ({error.strerror}): run {setup_command()}") from error


def owned_folder() -> Path:
    """Make a temporary folder named after this process, so that a later one can remove it if this one is killed."""
    _remove_stale_homes()
    return Path(tempfile.mkdtemp(prefix=f"{_HOME_PREFIX}{os.getpid()}-"))


def remove_own_folders() -> None:
    """Remove every temporary folder of this process: an interrupt may have come before its owner knew of it."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_HOME_PREFIX}{os.getpid()}-*"):
        shutil.rmtree(folder, ignore_errors=True)


def _remove_stale_homes() -> None:
    """Remove the folders of processes that no longer run: one that is killed outright cannot remove its own."""
    for home in Path(tempfile.gettempdir()).glob(f"{_HOME_PREFIX}*-*"):
        maker = home.name.removeprefix(_HOME_PREFIX).partition("-")[0]
        if maker.isdigit() and not _runs(int(maker)):
            shutil.rmtree(home, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        # Signal 0 is not delivered: the system only checks that the process is there.
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # The process is there, and belongs to another user.
        return True
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _await_ready(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until the process answers on its port; False when it ends or does not answer in time."""
    deadline = time.monotonic() + _START_TIMEOUT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if _answers(port):
            return True
        time.sleep(0.02)
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _listens(pid: int, port: int) -> bool:
    """Return whether a process holds the socket that listens on a loopback port; True on systems without /proc."""
    sockets = Path("/proc/net/tcp")
    if not sockets.is_file():
        return True
    rows = [line.split() for line in sockets.read_text(encoding="ascii").splitlines()[1:]]
    inodes = {row[9] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == _LISTEN}
    wanted = {f"socket:[{inode}]" for inode in inodes}
    try:
        return any(str(_target(file)) in wanted for file in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        # It has ended.
        return False


def _target(file: Path) -> Path | None:
    try:
        return file.readlink()
    except OSError:
        # The process has closed this file in the meantime.
        return None


def die_with_parent() -> None:
    """Ask Linux to kill this process when its parent ends, so that not even SIGKILL of the parent leaves it behind."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
