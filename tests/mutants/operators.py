"""Mutants of a contract: its source with one small fault each, made at the nodes of the compiler's syntax tree."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Node = dict[str, Any]

_BINARY = {
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "==": ("!=",),
    "!=": ("==",),
    "+": ("-",),
    "-": ("+",),
    "*": ("/",),
    "/": ("*",),
    "%": ("*",),
    "&&": ("||",),
    "||": ("&&",),
    "&": ("|",),
    "|": ("&",),
    "<<": (">>",),
    ">>": ("<<",),
}
_ASSIGNMENT = {"+=": "-=", "-=": "+=", "|=": "&=", "&=": "|="}
_UNARY = {"++": "--", "--": "++"}
_CALLS = {
    "mulDivUp": "mulDivDown",
    "mulDivDown": "mulDivUp",
    "appliedUp": "appliedDown",
    "appliedDown": "appliedUp",
    "min": "max",
    "max": "min",
    "true": "false",
    "false": "true",
}
_MUTATED_CONDITIONS = ("BinaryOperation", "UnaryOperation")
_REMOVABLE = ("ExpressionStatement", "EmitStatement", "Break", "Continue")
_SKIPPED = (
    "InlineAssembly",
    "EventDefinition",
    "ErrorDefinition",
    "ElementaryTypeName",
    "ArrayTypeName",
    "ImportDirective",
)


@dataclass(frozen=True)
class Mutant:
    """One fault: where, the changed lines before and after it (blanks joined), and the whole source with it."""

    function: str
    before: str
    after: str
    source: str
    occurrence: int = 0
    """Which one, where the same change of the same lines is possible several times in a function."""

    @property
    def key(self) -> tuple[str, str, str, int]:
        return self.function, self.before, self.after, self.occurrence


def mutants(source: str, tree: Node) -> list[Mutant]:
    """All mutants of a source, in its order, each once."""
    # The compiler counts bytes.
    encoded = source.encode()
    found: dict[tuple[str, str, str, int], Mutant] = {}
    seen = {encoded}
    for function, start, end, replacement in _edits(tree, encoded, function=""):
        changed = encoded[:start] + replacement + encoded[end:]
        if changed in seen:
            continue
        seen.add(changed)
        before, after = _changed_lines(encoded, start, end, replacement)
        occurrence = sum(known[:3] == (function, before, after) for known in found)
        mutant = Mutant(function, before, after, changed.decode(), occurrence)
        found[mutant.key] = mutant
    return list(found.values())


def shuffled(all_mutants: list[Mutant], seed: int) -> list[Mutant]:
    """In an order that the seed and each mutant's own text decide: a change elsewhere hardly changes a sample."""

    def rank(mutant: Mutant) -> str:
        return hashlib.sha256(f"{seed}\0{mutant.key}".encode()).hexdigest()

    return sorted(all_mutants, key=rank)


def _edits(node: Node, source: bytes, *, function: str) -> Iterator[tuple[str, int, int, bytes]]:
    kind = node["nodeType"]
    if kind in _SKIPPED:
        return
    if kind in ("FunctionDefinition", "ModifierDefinition"):
        function = node.get("name") or node["kind"]
    start, end = _span(node)
    for left, right, replacement in _edits_here(node, kind, start, end, source):
        yield function, left, right, replacement
    for child in _children(node):
        yield from _edits(child, source, function=function)


def _edits_here(node: Node, kind: str, start: int, end: int, source: bytes) -> Iterator[tuple[int, int, bytes]]:
    if kind == "BinaryOperation":
        for replacement in _BINARY.get(node["operator"], ()):
            yield (
                *_between(node["leftExpression"], node["rightExpression"], node["operator"], source),
                replacement.encode(),
            )
    elif kind == "Assignment" and node["operator"] in _ASSIGNMENT:
        span = _between(node["leftHandSide"], node["rightHandSide"], node["operator"], source)
        yield *span, _ASSIGNMENT[node["operator"]].encode()
    elif kind == "UnaryOperation" and node["operator"] in _UNARY:
        text = source[start:end]
        yield start, end, text.replace(node["operator"].encode(), _UNARY[node["operator"]].encode(), 1)
    elif kind == "UnaryOperation" and node["operator"] in ("!", "-"):
        yield start, end, source[start + 1 : end]
    elif kind == "MemberAccess" and node["memberName"] in _CALLS:
        name = node["memberName"].encode()
        yield end - len(name), end, _CALLS[node["memberName"]].encode()
    elif kind == "Literal" and node["kind"] == "bool":
        yield start, end, _CALLS[node["value"]].encode()
    elif kind == "Literal" and node["kind"] == "number":
        yield start, end, b"(" + source[start:end] + b" + 1)"
    elif kind in ("IfStatement", "Conditional") and node["condition"]["nodeType"] not in (
        "BinaryOperation",
        "UnaryOperation",
    ):
        left, right = _span(node["condition"])
        yield left, right, b"!(" + source[left:right] + b")"
    elif kind == "ModifierInvocation" and node.get("kind") == "modifierInvocation":
        yield start, end, b""
    elif kind in _REMOVABLE:
        yield start, _after_semicolon(end, source), b"{}"


def _between(left: Node, right: Node, operator: str, source: bytes) -> tuple[int, int]:
    """Where the operator stands; parentheses belong to the operands."""
    start = source.index(operator.encode(), _span(left)[1], _span(right)[0])
    return start, start + len(operator)


def _span(node: Node) -> tuple[int, int]:
    start, length, _ = (int(part) for part in node["src"].split(":"))
    return start, start + length


def _after_semicolon(end: int, source: bytes) -> int:
    # A statement's node ends before its semicolon.
    return source.index(b";", end - 1) + 1


def _children(node: Node) -> Iterator[Node]:
    for value in node.values():
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, dict) and "nodeType" in entry and "src" in entry:
                yield entry


def _changed_lines(source: bytes, start: int, end: int, replacement: bytes) -> tuple[str, str]:
    first, last = source.rfind(b"\n", 0, start) + 1, (source + b"\n").index(b"\n", end)
    before, after = source[first:last], source[first:start] + replacement + source[end:last]
    return " ".join(before.decode().split()), " ".join(after.decode().split())
