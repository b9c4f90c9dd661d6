"""JSON-RPC with a node that is far away: it may drop connections, limit requests, or be restarted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec

from cascade.chain.rpc import MAX_BATCH, Json, Request, Rpc, RpcFailure
from cascade.errors import ChainError

__all__ = ["PatientRpc"]

_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.1, 5.0
_LIMIT_EXCEEDED = b'"code":-32005'
"""Error of a node that limits requests, in an answer with the status of success (EIP-1474)."""
_PASSING = frozenset((408, 425, 429, 500, 502, 503, 504))
"""Statuses of HTTP after which the same request may succeed."""


class PatientRpc(Rpc):
    """A connection that repeats what was not answered, for some time.

    Every request may be repeated: reads change nothing, and a signed transaction is mined once however often it is
    sent. Messages name the host alone, because the path of a node's address often holds a key.

    Parameters
    ----------
    url : str
        `http://host:port`, or `https://host/path`.
    patience_seconds : float
        Time after which a request that is still unanswered is an error.
    """

    def __init__(self, url: str, *, patience_seconds: float = 60.0, timeout: float = 20.0) -> None:
        super().__init__(url, timeout=timeout)
        parts = urlsplit(url)
        self.url = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
        self._patience = patience_seconds

    def attempts(self, requests: Sequence[Request]) -> list[Json | RpcFailure]:
        """Send requests in batches, and return each result, or the error that the node answered it with."""
        found: list[Json | RpcFailure] = []
        for start in range(0, len(requests), MAX_BATCH):
            chunk = requests[start : start + MAX_BATCH]
            for (method, _), answer in zip(chunk, self._answers(chunk), strict=True):
                if answer.error is None:
                    found.append(msgspec.json.decode(answer.result))
                else:
                    error = answer.error
                    found.append(RpcFailure(method=method, code=error.code, message=error.message, data=""))
        return found

    def _send(self, message: object) -> bytes:
        began, wait = time.monotonic(), _FIRST_WAIT_SECONDS
        while True:
            try:
                response, answer = self._exchange(message)
            except ChainError as error:
                why = str(error)
            else:
                if response.status == 200 and _LIMIT_EXCEEDED not in answer[:400]:
                    return answer
                why = f"{self.url}: the node answers with HTTP status {response.status} {response.reason}"
                if response.status not in _PASSING and response.status != 200:
                    raise ChainError(why)
                asked = response.headers.get("Retry-After", "")
                wait = max(wait, float(asked)) if asked.isdigit() else wait
            if time.monotonic() - began > self._patience:
                raise ChainError(f"{why}, for {self._patience:.0f} seconds")
            time.sleep(min(wait, _LONGEST_WAIT_SECONDS))
            wait *= 2
