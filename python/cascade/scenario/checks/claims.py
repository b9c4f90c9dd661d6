"""What a scenario claims of itself: expectations, and parameters by name."""

from __future__ import annotations

from typing import Any

from cascade.scenario.checks.case import Case

__all__ = ["check_expectation", "check_parameters_named"]


def check_expectation(case: Case) -> None:
    """Refuse troughs, books and cohorts of what is not there."""
    for i, trough in enumerate(case.spec.expect.troughs):
        key = f"expect.troughs.{i}"
        case.require_asset(f"{key}.asset", trough.asset)
        kind, colon, name = trough.source.partition(":")
        if kind not in (("spot", "exit", "book", "index") if colon else ("oracle", "path", "redemption")):
            case.refuse(
                f"{key}.source",
                trough.source,
                "expected oracle, path, redemption, spot:VENUE, exit:VENUE, book:BOOK or index:BOOK",
            )
        if kind in ("book", "index"):
            _claimed_book(case, f"{key}.source", name)
        elif colon:
            case.require_venue(f"{key}.source", name)
    claimed = case.spec.expect.exchange
    for book in claimed.books if claimed is not None else ():
        _claimed_book(case, f"expect.exchange.books.{book}", book)
    for cohort in claimed.cohorts if claimed is not None else ():
        if cohort not in {**case.spec.agents, **case.spec.positions}:
            case.refuse(f"expect.exchange.cohorts.{cohort}", cohort, "expected an entry of agents or positions")


def _claimed_book(case: Case, key: str, name: str) -> None:
    books = case.spec.exchange.books if case.spec.exchange is not None else {}
    if name not in books:
        case.refuse(key, name, f"unknown book; expected one of exchange.books: {', '.join(books) or 'none'}")


def check_parameters_named(case: Case) -> None:
    """Refuse provenance and sensitivity of parameters that are not there."""
    tree = case.spec.model_dump(mode="json")
    for i, entry in enumerate(case.spec.provenance):
        for dotted in entry.keys:
            _require_parameter(case, f"provenance.{i}.keys", tree, dotted)
    for dotted in case.spec.sensitivity:
        _require_parameter(case, "sensitivity", tree, dotted)


def _require_parameter(case: Case, key: str, tree: dict[str, Any], dotted: str) -> None:
    node: Any = tree
    for part in dotted.split("."):
        node = node.get(part) if isinstance(node, dict) else None
    if node is None:
        case.refuse(key, dotted, "no such parameter in this scenario")
