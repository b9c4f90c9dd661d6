"""JSON-RPC over one kept-alive HTTP connection, with batches.

web3's provider is not used: a batch of 100 transactions costs it more time than anvil needs to execute them.
"""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Sequence
from typing import NoReturn, TypeAlias, TypeVar
from urllib.parse import urlsplit

import msgspec

from cascade.errors import ChainError

__all__ = ["MAX_BATCH", "Json", "Request", "Rpc", "RpcFailure"]

MAX_BATCH = 100
"""Most requests in a batch: anvil reorders larger batches of transactions across senders, whatever its `--order`."""

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""A value of JSON."""

Request = tuple[str, Sequence[object]]
"""Method and parameters; msgspec encodes them."""

T = TypeVar("T")


class _Error(msgspec.Struct):
    code: int
    message: str
    data: msgspec.Raw = msgspec.Raw(b"null")


class _Answer(msgspec.Struct):
    """One answer of the node; the result stays undecoded until its type is known."""

    id: int = 0
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: _Error | None = None


class RpcFailure(ChainError):
    """Raised when the node answers a request with an error.

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
    """A connection to one node, which is opened with the first request.

    Parameters
    ----------
    url : str
        `http://host:port`, or `https://host/path`.
    timeout : float
        Seconds before a silent node counts as dead.

    Attributes
    ----------
    waited_seconds : float
        Time spent between sending requests and having their answers: the node's share of a run.
    """

    def __init__(self, url: str, *, timeout: float = 600.0) -> None:
        self.url = url
        try:
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as error:
            raise ChainError(f"{url}: {error}: expected the address of a node as http://HOST:PORT") from error
        if parts.scheme not in ("http", "https") or parts.hostname is None:
            raise ChainError(f"{url}: expected the address of a node as http://HOST:PORT")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, port, timeout=timeout)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self.waited_seconds = 0.0
        self._encode = msgspec.json.Encoder().encode
        self._decode_answer = msgspec.json.Decoder(_Answer).decode
        self._decode_answers = msgspec.json.Decoder(list[_Answer]).decode

    def call(self, method: str, *params: object) -> Json:
        """Send one request and return its result.

        Raises
        ------
        RpcFailure
            When the node answers with an error.
        ChainError
            When the node does not answer, or not in JSON.
        """
        result: Json = msgspec.json.decode(self._result_of(method, params))
        return result

    def call_as(self, kind: type[T], method: str, *params: object) -> T:
        """Send one request and decode its result into a type; fields that the type does not name are skipped.

        Raises
        ------
        RpcFailure
            When the node answers with an error.
        ChainError
            When the node does not answer, or with something that is not of the type.
        """
        result = self._result_of(method, params)
        try:
            return msgspec.json.decode(result, type=kind)
        except msgspec.MsgspecError as error:
            raise self._not_understood(method) from error

    def batch_as(self, kind: type[T], requests: Sequence[Request]) -> list[T]:
        """Send requests in batches of at most `MAX_BATCH`, and return their results in order, decoded into a type.

        The node executes a batch concurrently: no request may depend on another of its batch.

        Raises
        ------
        RpcFailure
            For the first request that the node answers with an error.
        ChainError
            When the node does not answer, or with something that is not of the type.
        """
        results: list[T] = []
        for start in range(0, len(requests), MAX_BATCH):
            chunk = requests[start : start + MAX_BATCH]
            for (method, _), answer in zip(chunk, self._answers(chunk), strict=True):
                if answer.error is not None:
                    _fail(method, answer.error)
                try:
                    results.append(msgspec.json.decode(answer.result, type=kind))
                except msgspec.MsgspecError as error:
                    raise self._not_understood(method) from error
        return results

    def close(self) -> None:
        """Close the connection; the node keeps running."""
        self._connection.close()

    def _result_of(self, method: str, params: Sequence[object]) -> msgspec.Raw:
        raw = self._send({"jsonrpc": "2.0", "id": 0, "method": method, "params": params})
        try:
            answer = self._decode_answer(raw)
        except msgspec.MsgspecError as error:
            raise self._not_understood(method) from error
        if answer.error is not None:
            _fail(method, answer.error)
        return answer.result

    def _answers(self, requests: Sequence[Request]) -> list[_Answer]:
        """Send one batch and return its answers in the order of the requests: a node may answer in any order."""
        raw = self._send(
            [
                {"jsonrpc": "2.0", "id": i, "method": method, "params": params}
                for i, (method, params) in enumerate(requests)
            ]
        )
        try:
            answers = sorted(self._decode_answers(raw), key=lambda answer: answer.id)
        except msgspec.MsgspecError as error:
            raise self._not_understood(f"a batch of {len(requests)}") from error
        if [answer.id for answer in answers] != list(range(len(requests))):
            raise ChainError(f"{self.url}: a batch of {len(requests)} got no matching answer")
        return answers

    def _send(self, message: object) -> bytes:
        return self._exchange(message)[1]

    def _exchange(self, message: object) -> tuple[http.client.HTTPResponse, bytes]:
        """Send a message once, and return the answer with its body.

        Raises
        ------
        ChainError
            When the node does not answer.
        """
        try:
            if self._connection.sock is None:
                self._connection.connect()
                _send_at_once(self._connection)
            body = self._encode(message)
            sent = time.perf_counter()
            self._connection.request("POST", self._path, body=body, headers={"Content-Type": "application/json"})
            response = self._connection.getresponse()
            answer = response.read()
            self.waited_seconds += time.perf_counter() - sent
            return response, answer
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise ChainError(f"{self.url}: the node stopped answering ({type(error).__name__})") from error

    def _not_understood(self, method: str) -> ChainError:
        return ChainError(f"{self.url}: {method} was answered in a form that is not understood")


def _send_at_once(connection: http.client.HTTPConnection) -> None:
    # A request is two small writes, head and body: Nagle's algorithm would hold the second one back.
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _fail(method: str, error: _Error) -> NoReturn:
    data = msgspec.json.decode(error.data)
    raise RpcFailure(method=method, code=error.code, message=error.message, data=data if isinstance(data, str) else "")
