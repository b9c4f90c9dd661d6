"""One anvil process: started on a free loopback port with a private home, and gone when its context ends."""

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
from pathlib import Path
from types import TracebackType

from cascade.chain.rpc import Rpc
from cascade.errors import ChainError, ToolMissing
from cascade.toolchain.paths import anvil_binary

__all__ = ["Anvil", "die_with_parent", "owned_folder"]

_START_TIMEOUT_SECONDS = 30.0
_START_ATTEMPTS = 5
_HOME_PREFIX = "cascade-anvil-"


class Anvil:
    """A local chain that mines only when told, and orders each block by falling fee.

    Use as a context manager. Senders need no keys (auto-impersonation), and nothing is written outside the
    private home, which is removed at the end.

    Parameters
    ----------
    timestamp : int
        Unix time of the genesis block: an input, never the wall clock.
    gas_limit : int
        Block gas limit at the start.
    base_fee_wei : int
        Base fee of the first block.
    port : int or None
        Loopback port; None takes a free one.

    Raises
    ------
    ToolMissing
        When the binary is not installed.
    ChainError
        When the port is in use or the process does not answer.
    """

    CHAIN_ID = 31337

    def __init__(
        self, *, timestamp: int, gas_limit: int = 1_000_000_000, base_fee_wei: int = 10**9, port: int | None = None
    ) -> None:
        self._options = (
            "--host",
            "127.0.0.1",
            "--chain-id",
            str(self.CHAIN_ID),
            "--hardfork",
            "prague",
            "--no-mining",
            "--order",
            "fees",
            "--auto-impersonate",
            "--accounts",
            "1",
            "--timestamp",
            str(timestamp),
            "--gas-limit",
            str(gas_limit),
            "--block-base-fee-per-gas",
            str(base_fee_wei),
            "--no-request-size-limit",
            "--disable-console-log",
            # Old states and receipts are not read again: a run of 1,000 positions would keep a gigabyte of them.
            "--quiet",
            "--prune-history",
            "16",
            "--transaction-block-keeper",
            "64",
        )
        self._fixed_port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._home: Path | None = None
        self._rpc: Rpc | None = None

    @property
    def rpc(self) -> Rpc:
        """The open connection."""
        if self._rpc is None:
            raise ChainError("anvil is not running")
        return self._rpc

    @property
    def pid(self) -> int:
        """Process id, for measuring its memory."""
        if self._process is None:
            raise ChainError("anvil is not running")
        return self._process.pid

    def peak_memory_mb(self) -> float:
        """Largest resident size so far, in MB (10^6 bytes); 0.0 where /proc does not tell."""
        status = Path(f"/proc/{self.pid}/status")
        if not status.is_file():
            return 0.0
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
        return 0.0

    def __enter__(self) -> Anvil:
        self._home = owned_folder()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process and remove its home; safe to call twice."""
        if self._rpc is not None:
            self._rpc.close()
            self._rpc = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)
            self._home = None

    def _start(self) -> None:
        binary = anvil_binary()
        for attempt in range(_START_ATTEMPTS):
            port = self._fixed_port or _free_port()
            if self._fixed_port is not None and _answers(port):
                raise ChainError(f"port {port} of 127.0.0.1 is in use: choose another, or stop what listens there")
            self._process = self._spawn(binary, port)
            if self._await_ready(port):
                self._rpc = Rpc(f"http://127.0.0.1:{port}")
                return
            self._process.kill()
            self._process.wait()
            if self._fixed_port is not None or attempt == _START_ATTEMPTS - 1:
                raise ChainError(f"anvil did not start on port {port} of 127.0.0.1: {binary} --version should answer")

    def _spawn(self, binary: Path, port: int) -> subprocess.Popen[bytes]:
        assert self._home is not None
        try:
            return subprocess.Popen(
                [str(binary), "--port", str(port), *self._options],
                env={"HOME": str(self._home), "PATH": "/usr/bin:/bin"},
                cwd=self._home,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 (one system call)
            )
        except OSError as error:
            raise ToolMissing(f"{binary}: cannot be started ({error.strerror}): run `make setup`") from error

    def _await_ready(self, port: int) -> bool:
        assert self._process is not None
        deadline = time.monotonic() + _START_TIMEOUT_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if _answers(port):
                return True
            time.sleep(0.02)
        return False


def owned_folder() -> Path:
    """A new temporary folder, named after its maker's process: a later harness removes it if the maker was killed."""
    _remove_homes_of_the_dead()
    return Path(tempfile.mkdtemp(prefix=f"{_HOME_PREFIX}{os.getpid()}-"))


def _remove_homes_of_the_dead() -> None:
    """Remove what a harness that was killed outright could not: homes whose maker no longer runs."""
    for home in Path(tempfile.gettempdir()).glob(f"{_HOME_PREFIX}*-*"):
        maker = home.name.removeprefix(_HOME_PREFIX).partition("-")[0]
        if maker.isdigit() and not _runs(int(maker)):
            shutil.rmtree(home, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def die_with_parent() -> None:
    """Ask Linux to kill this process when its parent is killed, so that not even SIGKILL leaves one behind."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
