"""Read text files that users name, with one line for whatever is wrong with them."""

from __future__ import annotations

from pathlib import Path

from cascade.errors import ScenarioError

__all__ = ["read_text"]

_LFS_POINTER = "version https://git-lfs.github.com/spec/"


def read_text(file: Path, *, name: str, most_bytes: int) -> str:
    """Return the text of a UTF-8 file, without a byte order mark and with its line ends as they are.

    Parameters
    ----------
    name : str
        Name of the file in messages.
    most_bytes : int
        Largest size that is read, so that a device or a pipe that never ends is refused.

    Raises
    ------
    ScenarioError
        When the file cannot be read, is larger, is not UTF-8 text, or is a pointer of Git LFS instead of the file.
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(most_bytes + 1)
    except OSError as error:
        raise _refusal(str(file), f"cannot be read: {error.strerror}") from error
    except ValueError as error:
        # A path with a NUL character.
        raise _refusal(name, f"cannot be read: {error}") from error
    if len(content) > most_bytes:
        raise _refusal(name, f"expected a file of at most {most_bytes / 1e6:g} MB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _refusal(name, f"expected UTF-8 text; line {line} is not") from error
    if text.startswith(_LFS_POINTER):
        raise _refusal(name, "is a pointer of Git LFS and not the file itself: run `git lfs pull`")
    return text


def _refusal(name: str, expected: str) -> ScenarioError:
    return ScenarioError(file=name, key="", value=None, expected=expected)
