"""Open ape's console on a node that runs, with contracts by name."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping, Sequence

from cascade.chain.transaction import Contract

__all__ = ["console_names", "open_console"]


def console_names(names: Sequence[str]) -> dict[str, str]:
    """Return for each name of a contract the name of a variable: what is no letter, digit or _ becomes _."""
    found: dict[str, str] = {}
    for name in names:
        variable = re.sub(r"\W", "_", name)
        if not variable or variable[0].isdigit() or keyword.iskeyword(variable):
            variable = f"_{variable}"
        # Two names may differ in such letters only.
        while variable in found.values():
            variable += "_"
        found[name] = variable
    return found


def open_console(url: str, *, contracts: Mapping[str, Contract], code: Sequence[str] = ()) -> None:
    """Open ape's console, connected to a node, until it is left.

    Every contract is a variable of its name; `contracts` holds all by their names, and ape decodes their traces.

    Parameters
    ----------
    url : str
        Address of the node.
    contracts : mapping of str to Contract
        By name.
    code : sequence of str
        Lines that are executed instead of opening a prompt.
    """
    import ape
    from ape.logging import LogLevel, logger
    from ape_console._cli import console

    with (
        logger.at_level(LogLevel.ERROR),
        ape.networks.parse_network_choice("ethereum:local:foundry", provider_settings={"host": url}),
    ):
        instances = {
            name: ape.Contract(contract.address, abi=[dict(entry) for entry in contract.interface.abi])
            for name, contract in contracts.items()
        }
        variables = {variable: instances[name] for name, variable in console_names(list(instances)).items()}
        console(extra_locals={**variables, "contracts": instances}, code=list(code) or None)
