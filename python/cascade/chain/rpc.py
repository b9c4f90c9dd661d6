"""JSON-RPC over one kept-alive HTTP connection, with batches.

Why not web3's provider: a batch of 100 transactions costs web3 more time than anvil needs to execute it.
"""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from cascade.errors import ChainError

__all__ = ["MAX_BATCH", "Rpc", "RpcFailure"]

MAX_BATCH = 100
"""Larger batches of transactions are reordered across senders by anvil, whatever order it is told to keep."""

Request = tuple[str, Sequence[Any]]
T = TypeVar("T")


class _Envelope(msgspec.Struct):
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: dict[str, Any] | None = None


class RpcFailure(ChainError):
    """The node answered a request with an error.

    Attributes
    ----------
    code : int
        JSON-RPC error code.
    data : str
        Revert data (0x-hex) where the node gave any, else an empty string.
    """

    def __init__(self, *, method: str, code: int, message: str, data: str) -> None:
        self.method, self.code, self.message, self.data = method, code, message, data
        super().__init__(f"{method}: {message}")


class Rpc:
    """A connection to one node on loopback or elsewhere.

    Parameters
    ----------
    url : str
        `http://host:port`.
    timeout : float
        Seconds before a silent node counts as dead.

    Attributes
    ----------
    waited_seconds : float
        Time spent between sending a request and having its answer: the node's share of a run.
    """

    def __init__(self, url: str, *, timeout: float = 600.0) -> None:
        self.url = url
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname is None:
            raise ChainError(f"{url}: expected the http:// address of a node")
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=timeout)
        self._path = parts.path or "/"
        self.waited_seconds = 0.0
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder().decode

    def call(self, method: str, *params: Any) -> Any:
        """Send one request and return its result.

        Raises
        ------
        RpcFailure
            When the node answers with an error.
        ChainError
            When the node does not answer.
        """
        answer = self._post({"jsonrpc": "2.0", "id": 0, "method": method, "params": params})
        return self._result(answer, method)

    def call_as(self, kind: type[T], method: str, *params: Any) -> T:
        """Send one request and decode its result into a type: what the type does not name is skipped, not built."""
        raw = self._send({"jsonrpc": "2.0", "id": 0, "method": method, "params": params})
        try:
            envelope = msgspec.json.decode(raw, type=_Envelope)
            if envelope.error is not None:
                self._result({"error": envelope.error}, method)
            return msgspec.json.decode(envelope.result, type=kind)
        except msgspec.MsgspecError as error:
            raise ChainError(f"{self.url}: {method} was answered in a form that is not understood") from error

    def batch(self, requests: Sequence[Request]) -> list[Any]:
        """Send requests in batches of at most `MAX_BATCH` and return their results in order.

        The node executes a batch concurrently: nothing may depend on the order inside one.
        """
        results: list[Any] = []
        for start in range(0, len(requests), MAX_BATCH):
            chunk = requests[start : start + MAX_BATCH]
            answers = self._post(
                [
                    {"jsonrpc": "2.0", "id": i, "method": method, "params": params}
                    for i, (method, params) in enumerate(chunk)
                ]
            )
            if not isinstance(answers, list) or len(answers) != len(chunk):
                raise ChainError(f"{self.url}: a batch of {len(chunk)} got no matching answer")
            ordered: list[Any] = [None] * len(chunk)
            for answer in answers:
                ordered[answer["id"]] = answer
            results.extend(self._result(answer, chunk[i][0]) for i, answer in enumerate(ordered))
        return results

    def close(self) -> None:
        """Close the connection; the node keeps running."""
        self._connection.close()

    def _post(self, message: object) -> Any:
        try:
            return self._decode(self._send(message))
        except msgspec.DecodeError as error:
            raise ChainError(f"{self.url}: the node answered with something that is not JSON") from error

    def _send(self, message: object) -> bytes:
        try:
            if self._connection.sock is None:
                self._connection.connect()
                assert self._connection.sock is not None
                self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            body = self._encode(message)
            sent = time.perf_counter()
            self._connection.request("POST", self._path, body=body, headers={"Content-Type": "application/json"})
            answer = self._connection.getresponse().read()
            self.waited_seconds += time.perf_counter() - sent
            return answer
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise ChainError(f"{self.url}: the node stopped answering ({type(error).__name__})") from error

    @staticmethod
    def _result(answer: dict[str, Any], method: str) -> Any:
        error = answer.get("error")
        if error is None:
            return answer["result"]
        data = error.get("data")
        raise RpcFailure(
            method=method, code=error["code"], message=error["message"], data=data if isinstance(data, str) else ""
        )
