"""The connection to a node: addresses that cannot be one, and nodes that do not answer."""

from __future__ import annotations

import socket

import pytest

from cascade.chain.rpc import Rpc
from cascade.errors import ChainError


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:99999", "Port out of range 0-65535: "),
        ("http://127.0.0.1:8545x", "Port could not be cast to integer value as '8545x': "),
        ("http://[bad", "Invalid IPv6 URL: "),
        ("wss://127.0.0.1:8545", ""),
        ("http:///path", ""),
        ("127.0.0.1", ""),
    ],
)
def test_rpc__address_of_no_node__is_refused_in_one_line(url: str, why: str) -> None:
    with pytest.raises(ChainError) as refused:
        Rpc(url)

    assert str(refused.value) == f"{url}: {why}expected the address of a node as http://HOST:PORT"
    assert refused.value.exit_code == 2


def test_rpc__node_that_accepts_and_never_answers__is_an_error_after_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        rpc = Rpc(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2)

        with pytest.raises(ChainError, match="the node stopped answering"):
            rpc.call("web3_clientVersion")
        rpc.close()
