"""What ape knows: the networks of its configuration, and the accounts of its key files."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from eth_utils import keccak

from cascade.chain.live.wallet import Fields, Signed
from cascade.errors import CascadeError

__all__ = ["Network", "Payer", "find_network", "load_payer"]

_TEST = "TEST::"
_MESSAGE = "cascade: derive the accounts of actors, version 1"
"""What the paying account signs: the signature is the secret that the keys of actors are derived from."""


@dataclass(frozen=True)
class Network:
    """A network as it was named.

    Attributes
    ----------
    name : str
        What its folder of deployments is named after; empty where only a URL is known.
    url : str
        Address of a node; it may hold a key.
    chain_id : int or None
        The id that the network should have; None where nothing states one.
    """

    name: str
    url: str
    chain_id: int | None


class Payer:
    """An account of ape's, unlocked, that signs without asking."""

    def __init__(self, alias: str, account: Any) -> None:
        self.alias = alias
        self.address = str(account.address)
        self._account = account

    def __repr__(self) -> str:
        return f"Payer({self.alias}, {self.address})"

    def sign(self, fields: Fields) -> Signed:
        """Sign a transfer."""
        from ape_ethereum.transactions import DynamicFeeTransaction

        # An account that signs without asking says so with every signature.
        with _ape():
            raw = self._account.sign_transaction(DynamicFeeTransaction.model_validate(dict(fields)))
        encoded = bytes(raw.serialize_transaction())
        return Signed("0x" + encoded.hex(), "0x" + keccak(encoded).hex())

    def secret(self) -> bytes:
        """Return the secret of the actors' keys: the hash of a signature, which only this account can make."""
        with _ape():
            return bytes(keccak(self._account.sign_message(_MESSAGE).encode_rsv()))


def find_network(choice: str) -> Network:
    """Return the network that a choice names: `ecosystem:network:provider` of ape's, or the URL of a node.

    Raises
    ------
    CascadeError
        When ape knows no such network, or its provider has no address that is reached by HTTP.
    """
    if choice.startswith(("http://", "https://")):
        return Network("", choice, None)
    with _ape() as ape:
        try:
            provider = ape.networks.get_provider_from_choice(choice)
            network = provider.network
            url = getattr(provider, "http_uri", None) or getattr(provider, "uri", None)
        except Exception as error:  # ape raises many kinds, and each is a name that it does not know
            first = " ".join(str(error).split("Options:")[0].split())
            raise CascadeError(
                f"--network = {choice!r}: {first} `ape networks list` shows those that there are"
            ) from error
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise CascadeError(
                f"--network = {choice!r}: no address of a node is known: set one under `node:` in ape-config.yaml, or "
                "give the URL itself"
            )
        try:
            chain_id = int(network.chain_id)
        except Exception:
            # A local network takes the id of whatever node runs.
            chain_id = None
        return Network(f"{network.ecosystem.name}-{network.name}", url, chain_id)


def load_payer(alias: str) -> Payer:
    """Return an account of ape's by its alias; `TEST::0` is the first of ape's test accounts.

    A passphrase is taken from `APE_ACCOUNTS_<ALIAS>_PASSPHRASE`, or asked for.

    Raises
    ------
    CascadeError
        When there is no such account, or the passphrase is wrong.
    """
    with _ape() as ape:
        if alias.startswith(_TEST) and alias.removeprefix(_TEST).isdigit():
            return Payer(alias, ape.accounts.test_accounts[int(alias.removeprefix(_TEST))])
        try:
            account = ape.accounts.load(alias)
        except KeyError as error:
            raise CascadeError(
                f"--account = {alias!r}: ape has no such account: `ape accounts list` shows them"
            ) from error
        try:
            account.set_autosign(True)
        except AttributeError:
            # An account of another kind, as a hardware wallet, asks in its own way.
            pass
        except Exception as error:
            raise CascadeError(f"--account = {alias!r}: cannot be unlocked: {error}") from error
        return Payer(alias, account)


@contextmanager
def _ape() -> Iterator[Any]:
    on_interrupt = signal.getsignal(signal.SIGINT)
    import ape  # ape takes long to import

    if signal.getsignal(signal.SIGINT) is not on_interrupt:
        # ape ends the process at an interrupt, wherever that is; whoever called decides how a run stops.
        signal.signal(signal.SIGINT, on_interrupt)
    from ape.logging import LogLevel, logger

    with logger.at_level(LogLevel.ERROR):
        yield ape
