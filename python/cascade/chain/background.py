"""Reads of submitted blocks, made in the background while the next blocks are mined."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from cascade.chain.rpc import Rpc

__all__ = ["BackgroundReader"]

_MOST_UNSETTLED = 4
"""Reads that may be outstanding at a time; fewer blocks than the node keeps receipts of."""


class BackgroundReader:
    """One thread that reads from the node in the order asked for, on a connection of its own.

    The node spends as long on a block's receipts as on executing it, on another processor. A single thread keeps the
    order, so that blocks are recorded as they were mined.

    Parameters
    ----------
    url : str
        Address of the node.
    """

    def __init__(self, url: str) -> None:
        self._rpc = Rpc(url)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="receipts")
        self._unsettled: deque[Future[None]] = deque()

    def make_room(self) -> None:
        """Wait until another read may be started; raise what the read waited for has raised."""
        if len(self._unsettled) == _MOST_UNSETTLED:
            self._unsettled.popleft().result()

    def start(self, read: Callable[[Rpc], None]) -> None:
        """Start a read after those started before."""
        self._unsettled.append(self._pool.submit(read, self._rpc))

    def settle(self) -> None:
        """Wait until every read is done; raise what the first failed read has raised."""
        while self._unsettled:
            self._unsettled.popleft().result()

    def close(self) -> None:
        """Cancel the reads that have not begun, wait for the one that has, and close the connection."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._rpc.close()
