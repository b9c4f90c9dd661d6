"""The manifest of a run: everything that is needed to make the same run again, and to check that it is the same.

`manifest.json` holds the scenario as text, the seed, the versions of the tools, the hashes of contracts and tables, and
how the run ended against the claims of its scenario.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from cascade.errors import CascadeError

__all__ = [
    "MANIFEST_FILE",
    "AgentSource",
    "ContractSource",
    "Expectation",
    "InvalidManifest",
    "Manifest",
    "NetworkPlace",
    "ScenarioText",
    "input_hashes",
    "read_manifest",
]

MANIFEST_FILE = "manifest.json"


class InvalidManifest(CascadeError, ValueError):
    """Raised when the text of a manifest lacks a key, or holds a value of the wrong type."""


@dataclass(frozen=True, kw_only=True)
class ScenarioText:
    """A scenario as text, independent of the files that it was read from.

    Attributes
    ----------
    scenario_text : str
        The scenario as one YAML document, overrides included.
    price_path_file : str
        Name of its price path's CSV file, without a folder.
    price_path_text : str
        Content of that file.
    account_texts : dict of str to str
        Accounts of each file of accounts in long form, by their entry of `positions`.
    """

    scenario_text: str
    price_path_file: str
    price_path_text: str
    account_texts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class AgentSource:
    """A user's own agent that took part in a run.

    Attributes
    ----------
    agent : str
        `module:Class`, `file.py:Class`, or the name of an entry point, as the scenario names it.
    sha256 : str
        Hash of the source.
    source : str
        Text of the file that holds the class.
    """

    agent: str
    sha256: str
    source: str


@dataclass(frozen=True, kw_only=True)
class ContractSource:
    """A contract of the user's own that took part in a run, as it was compiled.

    Attributes
    ----------
    sha256 : str
        Hash of the source.
    source : str
        Text of the file that the scenario names; what that imports is not kept.
    abi : list of dict
        Its interface.
    bytecode : str
        Creation code, 0x-hex.
    """

    sha256: str
    source: str
    abi: list[dict[str, Any]]
    bytecode: str


@dataclass(frozen=True, kw_only=True)
class NetworkPlace:
    """Where a run played that was no chain of its own.

    Attributes
    ----------
    network : str
        Its name, as in the folder of deployments.
    chain_id : int
        As its node says.
    account : str
        Address of the account that paid.
    first_block : int
        Number of the latest block when the deployment began.
    confirmations : int
        Blocks after which a block counted.
    """

    network: str
    chain_id: int
    account: str
    first_block: int
    confirmations: int


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """Outcome of a run, against the claims of its scenario.

    Attributes
    ----------
    liquidations : str
        The claim about liquidations: `some` or `none`.
    met : bool
        Whether every claim held.
    missed : tuple of str
        One sentence per claim that did not hold, with the claim and the outcome.
    """

    liquidations: str
    met: bool
    missed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Manifest(ScenarioText):
    """Inputs, tools and outcome of a run: the content of `manifest.json`.

    Attributes
    ----------
    run_id : str
        `<scenario>-<seed>-<hash>`, which is also the name of the run's folder.
    scenario_name, scenario_file : str
        Name of the scenario, and its file: the bare name of one that the package ships, the path below its project's
        folder, or the name of a file elsewhere.
    overrides : tuple of str
        Keys that were changed, as `PATH=VALUE`.
    tools : dict of str to str
        Versions by tool.
    contracts : dict of str to str
        SHA-256 of the creation bytecode by contract.
    tables : dict of str to str
        SHA-256 of the content by table.
    inputs : dict of str to str
        SHA-256 of each text of the scenario, as `input_hashes` names them; empty in manifests of earlier versions.
    traces_sha256 : str
        SHA-256 of the text of `traces.json`; empty in manifests of earlier versions.
    expectation : Expectation, optional
        How the run ended against the claims of its scenario; None until its tables have been analysed.
    built_like : ScenarioText, optional
        The baseline whose positions stand in the run; None where the run built its own.
    agents : dict of str to AgentSource
        The user's own agents by their entry in the scenario.
    own_contracts : dict of str to ContractSource
        The user's own contracts by reference.
    network : NetworkPlace, optional
        Where the run played, if on a chain that others use too.
    """

    run_id: str
    scenario_name: str
    scenario_file: str
    seed: int
    overrides: tuple[str, ...]
    tools: dict[str, str]
    contracts: dict[str, str]
    tables: dict[str, str]
    expectation: Expectation | None
    inputs: dict[str, str] = field(default_factory=dict)
    traces_sha256: str = ""
    built_like: ScenarioText | None = None
    agents: dict[str, AgentSource] = field(default_factory=dict)
    own_contracts: dict[str, ContractSource] = field(default_factory=dict)
    network: NetworkPlace | None = None

    @property
    def outcome(self) -> Expectation:
        """How the run ended against the claims of its scenario.

        Raises
        ------
        CascadeError
            When its tables have not been analysed, because an analysis failed.
        """
        if self.expectation is None:
            raise CascadeError(f"{self.run_id}: its tables have not been analysed: `cascade report` does that")
        return self.expectation

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Read the text of a `manifest.json`.

        Raises
        ------
        InvalidManifest
            When a key is missing or a value is of the wrong type; keys that are not known are ignored.
        """
        try:
            return _ADAPTER.validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"])) or "the text"
            raise InvalidManifest(f"not the manifest of a run: {key}: {first['msg']}") from error

    def to_json(self) -> str:
        """Return the text of `manifest.json`, with the keys in alphabetical order."""
        return json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def input_hashes(scenario: ScenarioText, built_like: ScenarioText | None) -> dict[str, str]:
    """Return the SHA-256 of each text that a scenario consists of, by its key in the manifest.

    Keys are `scenario_text`, `price_path_text` and `account_texts.ENTRY`, and the same below `built_like` where another
    scenario's positions stand in the run.
    """
    found: dict[str, str] = {}
    for prefix, part in (("", scenario), ("built_like.", built_like)):
        if part is None:
            continue
        texts = {"scenario_text": part.scenario_text, "price_path_text": part.price_path_text}
        texts |= {f"account_texts.{entry}": text for entry, text in part.account_texts.items()}
        found |= {f"{prefix}{key}": hashlib.sha256(text.encode()).hexdigest() for key, text in texts.items()}
    return found


def read_manifest(run_folder: Path) -> Manifest:
    """Read the manifest of a run's folder.

    Raises
    ------
    InvalidManifest
        Naming the file, when it cannot be read or is no manifest.
    """
    file = run_folder / MANIFEST_FILE
    try:
        return Manifest.from_json(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidManifest(f"{file}: cannot be read: {error.strerror}") from error
    except (InvalidManifest, UnicodeDecodeError) as error:
        why = str(error) if isinstance(error, InvalidManifest) else "is not UTF-8"
        raise InvalidManifest(f"{file}: {why}") from error


_ADAPTER = TypeAdapter(Manifest)
