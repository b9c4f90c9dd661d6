"""The mutation tester itself: which faults it makes, and what it counts."""

from __future__ import annotations

from typing import Any

from cascade.toolchain.paths import project_root

from ..mutants.__main__ import accepted_survivors
from ..mutants.operators import mutants, shuffled
from ..mutants.targets import TARGETS

FOLDERS = ("exchange", "oracle", "ethena", "periphery")
SOURCE = "function f() { require(x < 5);\n  y += z; }"


def node(kind: str, text: str, /, **fields: Any) -> dict[str, Any]:
    """A node as the compiler writes it, placed where the text first is in the source."""
    return {"nodeType": kind, "src": f"{SOURCE.index(text)}:{len(text)}:0", **fields}


def tree() -> dict[str, Any]:
    sides = {"leftExpression": node("Identifier", "x"), "rightExpression": node("Literal", "5", kind="number")}
    comparison = node("BinaryOperation", "x < 5", operator="<", **sides)
    sides = {"leftHandSide": node("Identifier", "y"), "rightHandSide": node("Identifier", "z")}
    addition = node("Assignment", "y += z", operator="+=", **sides)
    call = node("FunctionCall", "require(x < 5)", arguments=[comparison])
    statements = [
        node("ExpressionStatement", "require(x < 5)", expression=call),
        node("ExpressionStatement", "y += z", expression=addition),
    ]
    body = node("Block", SOURCE, statements=statements)
    return node("FunctionDefinition", SOURCE, name="f", kind="function", body=body)


def test_mutants__of_a_comparison_a_literal_an_assignment_and_statements__are_one_fault_each() -> None:
    made = mutants(SOURCE, tree())
    assert {(mutant.function, mutant.before, mutant.after) for mutant in made} == {
        ("f", "function f() { require(x < 5);", "function f() { {}"),
        ("f", "function f() { require(x < 5);", "function f() { require(x <= 5);"),
        ("f", "function f() { require(x < 5);", "function f() { require(x >= 5);"),
        ("f", "function f() { require(x < 5);", "function f() { require(x < (5 + 1));"),
        ("f", "y += z; }", "{} }"),
        ("f", "y += z; }", "y -= z; }"),
    }
    assert {mutant.source for mutant in made} >= {SOURCE.replace("<", "<="), SOURCE.replace("+=", "-=")}
    assert len({mutant.key for mutant in made}) == len(made)


def test_shuffled__another_seed__has_the_same_mutants_in_another_order() -> None:
    made = mutants(SOURCE, tree())
    first, second = shuffled(made, 1), shuffled(made, 2)
    assert first == shuffled(list(reversed(made)), 1)
    assert first != second
    assert {mutant.key for mutant in first} == {mutant.key for mutant in second}


def test_targets__every_contract_with_code__has_tests_that_exist() -> None:
    root = project_root()
    contracts = {
        file.relative_to(root / "contracts").as_posix()
        for folder in FOLDERS
        for file in (root / "contracts" / folder).glob("*.sol")
    }
    # It only joins two others.
    assert contracts - {"periphery/Lens.sol"} == set(TARGETS)
    assert all((root / "tests" / test).is_file() for tests in TARGETS.values() for test in tests)


def test_accepted__every_survivor__is_of_a_line_that_is_still_there_and_has_a_reason() -> None:
    for (file, function, before, after, _), reason in accepted_survivors().items():
        lines = {" ".join(line.split()) for line in (project_root() / "contracts" / file).read_text().splitlines()}
        assert before in lines or before.startswith(tuple(lines)), f"{file}: {function}: {before}"
        assert (before != after, len(reason) > 20) == (True, True), f"{file}: {function}: {after}"
