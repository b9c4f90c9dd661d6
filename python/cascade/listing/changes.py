"""Find what differs between two configuration snapshots, and apply a diff of one to a snapshot.

A diff has the tree of a snapshot, with `{"from": x, "to": y}` at its leaves; a new entry has `null` as its `from`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from cascade.errors import ScenarioError
from cascade.listing.snapshot import Json, Snapshot

__all__ = ["Change", "applied", "changes_of", "is_diff"]

_IGNORED = frozenset({"logs", "raw"})
"""Parts that hold the events and the storage of a test, not the configuration."""

_STATE = frozenset({"oracleLatestAnswer", "virtualBalance", "aTokenUnderlyingBalance"})
"""Keys of a reserve that hold its state, which no proposal sets."""


@dataclass(frozen=True)
class Change:
    """One value that differs.

    Attributes
    ----------
    part : str
        `reserves`, `strategies`, `eModes`, or the name of another part.
    entry : str
        Address of the asset in lower case, number of the mode, or empty.
    key : str
        The file's name for the value.
    before, after : object
        The values; None where a side does not have the key.
    """

    part: str
    entry: str
    key: str
    before: object
    after: object


def changes_of(before: Snapshot, after: Snapshot) -> tuple[Change, ...]:
    """Return every value of the configuration that differs, by part and entry, in the order of the files.

    A rate strategy is named after its asset, whichever way the files key it.
    """
    first, second = _flat(before), _flat(after)
    return tuple(
        Change(*place, first.get(place), second.get(place))
        for place in dict.fromkeys([*first, *second])
        if _plain(first.get(place)) != _plain(second.get(place))
    )


def _flat(snapshot: Snapshot) -> dict[tuple[str, str, str], object]:
    found: dict[tuple[str, str, str], object] = {}
    for part, section in snapshot.tree.items():
        if part in _IGNORED:
            continue
        if part == "strategies":
            for address, rate in snapshot.rates.items():
                for name, value in rate.model_dump(by_alias=True).items():
                    found[part, address, name] = value
            continue
        for entry, key, value in _leaves(section):
            name = entry
            if part == "reserves":
                if key in _STATE:
                    continue
                name = _address(snapshot, entry)
            found[part, name, key] = value
    return found


def _address(snapshot: Snapshot, entry: str) -> str:
    reserves = snapshot.tree["reserves"]
    reserve = reserves.get(entry) if isinstance(reserves, dict) else None
    underlying = reserve.get("underlying") if isinstance(reserve, dict) else None
    return (underlying if isinstance(underlying, str) and underlying else entry).lower()


def _leaves(section: object) -> Iterator[tuple[str, str, object]]:
    """Yield entry, key and value of a part: entries hold keys, other parts have keys or a value of their own."""
    if not isinstance(section, Mapping):
        yield "", "", section
        return
    for entry, value in section.items():
        if isinstance(value, Mapping):
            for key, inner in value.items():
                yield str(entry), str(key), inner
        else:
            yield "", str(entry), value


def _plain(value: object) -> object:
    """Return a value in the one form that it has whether it is written as a number or as text."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, Decimal)):
        return str(int(value)) if value == int(value) else str(value)
    return value.lower() if isinstance(value, str) and value[:2] in ("0x", "0X") else value


def is_diff(tree: Json) -> bool:
    """Return whether a JSON object is a diff of two snapshots: each of its values is a pair, at some depth."""
    parts = [value for part, value in tree.items() if part not in _IGNORED]
    return bool(parts) and all(_is_changed(value) for value in parts)


def _is_pair(value: object) -> bool:
    return isinstance(value, dict) and set(value) == {"from", "to"}


def _is_changed(value: object) -> bool:
    return isinstance(value, dict) and bool(value) and (_is_pair(value) or all(map(_is_changed, value.values())))


def applied(diff: Json, before: Json, *, file: str, before_file: str) -> Json:
    """Return a snapshot after the changes of a diff.

    Parameters
    ----------
    diff, before : dict
        The diff, and the snapshot that it starts from; neither is modified.
    file, before_file : str
        Names of their files, for messages.

    Raises
    ------
    ScenarioError
        Where the snapshot has another value than the one that the diff changes.
    """
    after = copy.deepcopy(before)
    for part, change in diff.items():
        if part not in _IGNORED:
            _apply(change, after, part, part, file=file, before_file=before_file)
    return after


def _apply(change: object, holder: Json, key: str, path: str, *, file: str, before_file: str) -> None:
    found = _same_key(holder, key)
    if isinstance(change, dict) and _is_pair(change):
        stands = holder.get(found)
        if _comparable(stands) != _comparable(change["from"]):
            shown = "has none" if found not in holder else f"has {stands if not isinstance(stands, dict) else 'one'}"
            expected = f"expected the value before the change: {before_file} {shown}"
            raise ScenarioError(file=file, key=f"{path}.from", value=change["from"], expected=expected)
        if change["to"] is None:
            holder.pop(found, None)
        else:
            holder[found] = copy.deepcopy(change["to"])
        return
    inside = holder.setdefault(found, {})
    if not isinstance(change, dict) or not isinstance(inside, dict):
        raise ScenarioError(file=file, key=path, value=None, expected='expected {"from": x, "to": y}')
    for inner, value in change.items():
        _apply(value, inside, inner, f"{path}.{inner}", file=file, before_file=before_file)


def _same_key(holder: Json, key: str) -> str:
    """Return a key as the snapshot has it: addresses are written in upper and lower case."""
    if key in holder or not key.lower().startswith("0x"):
        return key
    return next((known for known in holder if known.lower() == key.lower()), key)


def _comparable(value: object) -> object:
    if isinstance(value, dict):
        return {key: _comparable(inner) for key, inner in value.items()}
    return _plain(value)
