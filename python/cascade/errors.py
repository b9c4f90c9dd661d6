"""The exceptions of this package: each message says in one line what is wrong, where, and what would be right.

Every exception is a `CascadeError`, and also a builtin one where that helps a caller who knows nothing of this package.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path

__all__ = [
    "AccountingViolation",
    "AgentFailed",
    "CascadeError",
    "ChainError",
    "CostCeiling",
    "ExpectationFailed",
    "IncompleteRun",
    "MirrorDiffers",
    "MissingPart",
    "RevertedCall",
    "ScenarioError",
    "ToolMissing",
    "WrongCall",
    "unknown_name",
]


_LONGEST_VALUE = 80
_LONGEST_LIST = 60


def unknown_name(what: str, name: str, known: Iterable[str], *, holder: str = "") -> str:
    """Return what an error says of a name that is not known: the nearest one, or the first of those that are known.

    >>> unknown_name("kind", "keepr", ["keeper", "whale"])
    'unknown kind: did you mean keeper?'

    Parameters
    ----------
    what : str
        What the name is of, as `asset`.
    known : iterable of str
        The names that are known, in the order in which they are shown.
    holder : str
        What has the known names, as `venues`; empty where that is clear.
    """
    names = list(known)
    # Letters in the wrong case are the most frequent mistake, and count as many differences.
    by_lower_case = {candidate.lower(): candidate for candidate in reversed(names)}
    nearest = difflib.get_close_matches(name.lower(), by_lower_case, n=1)
    if nearest:
        return f"unknown {what}: did you mean {by_lower_case[nearest[0]]}?"
    shown: list[str] = []
    for candidate in names:
        if shown and len(", ".join([*shown, candidate])) > _LONGEST_LIST:
            break
        shown.append(candidate)
    rest = f" and {len(names) - len(shown)} more" if len(shown) < len(names) else ""
    listed = (", ".join(shown) or "none") + rest
    return f"unknown {what}; {holder} has {listed}" if holder else f"unknown {what}; known are {listed}"


class CascadeError(Exception):
    """Root of every exception that this package raises on purpose; a command prints it as one line."""

    exit_code = 2
    """Exit code of a command that ends with this error: 2 for input or an environment that cannot be used."""


class ScenarioError(CascadeError, ValueError):
    """Raised when a scenario, a price path or a `--set` cannot be run.

    Attributes
    ----------
    file : str
        Name of the file that holds the value, or the option that sets it.
    key : str
        Dotted path of the key, or the line of a CSV file.
    value : object
        The value found there; None where there is none.
    expected : str
        The values that would be accepted.
    """

    def __init__(self, *, file: str, key: str, value: object, expected: str) -> None:
        self.file, self.key, self.value, self.expected = file, key, value, expected
        shown = (
            value.isoformat() if isinstance(value, date) else f"{value}" if isinstance(value, Decimal) else repr(value)
        )
        if len(shown) > _LONGEST_VALUE:
            # A section of YAML can be a whole page; the key says where to read the rest.
            shown = shown[: _LONGEST_VALUE - 3] + "..."
        where = f"{file}: {key}" if key else file
        # A key that is missing has no value to show.
        super().__init__(f"{where} = {shown}: {expected}" if value is not None else f"{where}: {expected}")


class MissingPart(CascadeError, LookupError):
    """Raised when code needs a part that a scenario, or what was deployed from it, does not have.

    The checks of a scenario refuse agents and positions that need such a part, so that this error points at code that
    runs without having been checked.

    Attributes
    ----------
    part : str
        Name of the part, as `exchange` or `exchange.margin`.
    """

    def __init__(self, part: str) -> None:
        self.part = part
        super().__init__(f"there is no {part} in this scenario")


class ToolMissing(CascadeError, RuntimeError):
    """Raised when a tool that the harness needs is missing or does not run."""


class ChainError(CascadeError, RuntimeError):
    """Raised when the chain's node fails: it exited, refused a transaction, or reordered a block."""


class CostCeiling(ChainError):
    """Raised before a transaction is sent that might take the cost of a run above what was allowed.

    Attributes
    ----------
    spent_wei, next_wei, ceiling_wei : int
        What was spent, what the next transactions may cost at most, and what was allowed.
    """

    def __init__(self, *, spent_wei: int, next_wei: int, ceiling_wei: int) -> None:
        self.spent_wei, self.next_wei, self.ceiling_wei = spent_wei, next_wei, ceiling_wei
        super().__init__(
            f"--max-cost: {spent_wei / 1e18:.6f} are spent, and the next transactions may cost up to "
            f"{next_wei / 1e18:.6f}, together more than {ceiling_wei / 1e18:.6f}: nothing more was sent; the same "
            "command with a higher ceiling goes on"
        )


class RevertedCall(ChainError):
    """Raised when a view or a set-up transaction reverts.

    Attributes
    ----------
    what : str
        The call or deployment that reverted, as the message names it.
    reason : str
        The custom error or revert string, decoded where its ABI is known.
    """

    def __init__(self, *, what: str, reason: str) -> None:
        self.what, self.reason = what, reason
        super().__init__(f"{what} reverted: {reason}")


class WrongCall(ChainError, TypeError):
    """Raised when the arguments or the answer of a call do not match its ABI."""


class AgentFailed(CascadeError, RuntimeError):
    """Raised when a user's own agent cannot be constructed or set up, and when a built-in agent raises at any time.

    Attributes
    ----------
    agent : str
        Its entry in the scenario.
    seed : int
        Seed of the run.
    """

    def __init__(self, *, agent: str, doing: str, seed: int, error: BaseException | str) -> None:
        self.agent, self.seed = agent, seed
        why = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
        super().__init__(f"agents.{agent}: {why}, {doing}, seed {seed}")


class MirrorDiffers(CascadeError, ArithmeticError):
    """Raised when what the harness computes by itself is not what a contract says.

    Attributes
    ----------
    computed, contract : int
        Both values.
    """

    def __init__(self, what: str, *, computed: int, contract: int) -> None:
        self.computed, self.contract = computed, contract
        super().__init__(f"{what}: computed {computed}, the contract says {contract}: please report this")


class IncompleteRun(CascadeError, RuntimeError):
    """Raised when a run was recorded, and its analysis or its page failed; its folder is kept.

    Attributes
    ----------
    folder : Path
        Folder of the run. It has every table that was recorded, and their hashes.
    """

    def __init__(self, folder: Path, *, step: str, error: Exception) -> None:
        self.folder = folder
        why = str(error) if isinstance(error, CascadeError) else f"{type(error).__name__}: {error}"
        super().__init__(f"{step} failed: {why}; the run is kept: repeat this step with `cascade report {folder}`")


class AccountingViolation(CascadeError, AssertionError):
    """Raised when tokens were not conserved or a liquidation does not add up: no figure of the run can be trusted."""


class ExpectationFailed(CascadeError, AssertionError):
    """Raised when a run ended otherwise than its scenario claims; the folder of the run is kept."""

    exit_code = 1
    """The run itself worked, so the code differs from that of an error."""
