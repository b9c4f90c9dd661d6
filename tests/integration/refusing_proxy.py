"""A node as a public one is: a loopback server in front of an anvil that refuses what only anvil has, and can fail."""

from __future__ import annotations

import http.client
import json
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import rlp

from cascade.chain.anvil import die_with_parent
from cascade.chain.rpc import Rpc
from cascade.errors import ChainError
from cascade.toolchain.paths import anvil_binary

from .free_port import free_port

CHAIN_ID = 7357
_REFUSED = ("anvil_", "evm_", "hardhat_", "debug_", "personal_", "txpool_", "trace_", "ots_")
_UNSIGNED = ("eth_sendTransaction", "eth_sign", "eth_signTransaction", "eth_accounts", "eth_sendUnsignedTransaction")

Fault = Callable[[str, list[Any]], Any]
"""Gets method and parameters of a request. None lets it pass; a dict is answered in place of the node's answer; an int
is a status of HTTP for the whole message; `DROP` closes the connection."""

DROP = "drop"


@dataclass(frozen=True)
class Decoded:
    """A signed transaction of type 2, read from its encoding."""

    chain_id: int
    nonce: int
    tip_wei: int
    max_fee_wei: int
    gas: int
    to: str
    value: int
    data: str


def decoded(raw: str) -> Decoded:
    """Read a signed transaction of type 2, 0x-hex."""
    encoded = bytes.fromhex(raw[2:])
    assert encoded[0] == 2
    fields = rlp.decode(encoded[1:])
    chain_id, nonce, tip_wei, max_fee_wei, gas = (int.from_bytes(one, "big") for one in fields[:5])
    value = int.from_bytes(fields[6], "big")
    return Decoded(chain_id, nonce, tip_wei, max_fee_wei, gas, "0x" + fields[5].hex(), value, "0x" + fields[7].hex())


@dataclass
class Proxy:
    """What passed through, and what is to go wrong."""

    url: str
    upstream: str
    fault: Fault | None = None
    counts: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    """Every signed transaction that was sent, in order, with repetitions."""
    injected: Counter[str] = field(default_factory=Counter)

    def answer(self, request: dict[str, Any]) -> dict[str, Any] | int | str | None:
        """Return the answer to one request where it is not the node's."""
        method, params = str(request["method"]), list(request.get("params", []))
        self.counts[method] += 1
        if method.startswith(_REFUSED) or method in _UNSIGNED:
            self.refused.append(method)
            return {"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32601, "message": f"no {method} here"}}
        if method == "eth_sendRawTransaction":
            self.raw.append(str(params[0]))
        found = self.fault(method, params) if self.fault is not None else None
        if isinstance(found, dict):
            return {"jsonrpc": "2.0", "id": request["id"], **found}
        return found


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    parts = urlsplit(proxy.upstream)
    local = threading.local()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            requests = message if isinstance(message, list) else [message]
            own = [proxy.answer(request) for request in requests]
            if DROP in own:
                self.close_connection = True
                return
            status = next((one for one in own if isinstance(one, int)), 200)
            if status != 200:
                self._reply(status, b"{}")
                return
            passed = [request for request, found in zip(requests, own, strict=True) if found is None]
            answers = {entry["id"]: entry for entry in self._upstream(passed)} if passed else {}
            answers |= {entry["id"]: entry for entry in own if isinstance(entry, dict)}
            found = [answers[request["id"]] for request in requests]
            self._reply(200, json.dumps(found if isinstance(message, list) else found[0]).encode())

        def _upstream(self, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
            if not hasattr(local, "connection"):
                local.connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
            local.connection.request("POST", "/", json.dumps(requests), {"Content-Type": "application/json"})
            answers: list[dict[str, Any]] = json.loads(local.connection.getresponse().read())
            return answers

        def _reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def finish(self) -> None:
            if hasattr(local, "connection"):
                local.connection.close()
                del local.connection
            super().finish()

        def log_message(self, *_: object) -> None:
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    """A server whose clients may be killed."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        pass


@contextmanager
def node_of_others(
    *, block_seconds: int | None = 1, chain_id: int = CHAIN_ID, home: Path
) -> Iterator[tuple[Proxy, Rpc]]:
    """Yield a proxy in front of an anvil that mines at intervals, and a connection to that anvil itself.

    With None for the interval, the anvil mines when it is told to.
    """
    mining = ("--no-mining",) if block_seconds is None else ("--block-time", str(block_seconds))
    port = free_port()
    process = subprocess.Popen(
        [
            str(anvil_binary()),
            *("--port", str(port), "--chain-id", str(chain_id), *mining),
            *("--accounts", "2", "--quiet", "--gas-limit", "60000000", "--no-request-size-limit"),
        ],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent,  # noqa: PLW1509 (one system call)
    )
    rpc = Rpc(f"http://127.0.0.1:{port}", timeout=60)
    server = None
    try:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                rpc.call("eth_chainId")
                break
            except ChainError:
                time.sleep(0.05)
        server = _Server(("127.0.0.1", 0), BaseHTTPRequestHandler)
        proxy = Proxy(f"http://127.0.0.1:{server.server_port}", rpc.url)
        server.RequestHandlerClass = _handler(proxy)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield proxy, rpc
    finally:
        if server is not None:
            server.shutdown()
            server.server_close()
        rpc.close()
        process.kill()
        process.wait()
