"""One exception tree. Each error says in one line what is wrong, where, and what would be right."""

from __future__ import annotations

__all__ = [
    "AccountingViolation",
    "AgentFailed",
    "CascadeError",
    "ChainError",
    "ExpectationFailed",
    "MissingPart",
    "RevertedCall",
    "ScenarioError",
    "ToolMissing",
    "WrongCall",
]


class CascadeError(Exception):
    """Root of what this package raises on purpose; a command prints it in one line."""

    exit_code = 2


class ScenarioError(CascadeError, ValueError):
    """A scenario, price path or `--set` that cannot be run.

    Attributes
    ----------
    file : str
        The file the value stands in.
    key : str
        Dotted path of the key, or the line of a CSV.
    value : object
        What stands there.
    expected : str
        What would be right.
    """

    def __init__(self, *, file: str, key: str, value: object, expected: str) -> None:
        self.file, self.key, self.value, self.expected = file, key, value, expected
        shown = repr(value)
        if len(shown) > 80:
            shown = shown[:77] + "..."
        where = f"{file}: {key}" if key else file
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
    """A tool that the harness needs is not there, or not usable."""


class ChainError(CascadeError, RuntimeError):
    """The chain did not answer as a chain must: it died, refused a transaction, or reordered a block."""


class RevertedCall(ChainError):
    """A view or a set-up transaction reverted.

    Attributes
    ----------
    reason : str
        The custom error or revert string, decoded where its ABI is known.
    """

    def __init__(self, *, what: str, reason: str) -> None:
        self.what, self.reason = what, reason
        super().__init__(f"{what} reverted: {reason}")


class WrongCall(ChainError, TypeError):
    """A call whose arguments, or whose answer, are not those of its ABI."""


class AgentFailed(CascadeError, RuntimeError):
    """An agent of the user's own could not be made ready.

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


class AccountingViolation(CascadeError, AssertionError):
    """Tokens were not conserved, or a liquidation does not add up: the run is not to be trusted."""


class ExpectationFailed(CascadeError, AssertionError):
    """The run ended otherwise than its scenario claims. Its folder is kept."""

    exit_code = 1
