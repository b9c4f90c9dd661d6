"""Check what a scenario claims: its expectations, and the parameters that it names."""

from __future__ import annotations

from collections.abc import Iterable

from cascade.errors import unknown_name
from cascade.scenario.model import Case, ExpectSpec, ScenarioSpec
from cascade.vocabulary import PriceSource

__all__ = ["check_expectation", "check_parameters_named"]

_OF_ASSET = (PriceSource.ORACLE, PriceSource.PATH, PriceSource.REDEMPTION)
_OF_VENUE = (PriceSource.SPOT, PriceSource.EXIT)
_OF_BOOK = (PriceSource.BOOK, PriceSource.INDEX)
"""Price sources that a trough may be claimed of, by what their name after the colon refers to."""


def check_expectation(case: Case, expect: ExpectSpec) -> None:
    """Refuse claims about assets, price sources, books and cohorts that are not there."""
    for i, trough in enumerate(expect.troughs):
        key = f"expect.troughs.{i}"
        case.require_asset(f"{key}.asset", trough.asset)
        kind, colon, name = trough.source.partition(":")
        if kind not in ((*_OF_VENUE, *_OF_BOOK) if colon else _OF_ASSET):
            case.refuse(
                f"{key}.source",
                trough.source,
                "expected oracle, path, redemption, spot:VENUE, exit:VENUE, book:BOOK or index:BOOK",
            )
        if kind in _OF_BOOK:
            _require_book(case, f"{key}.source", name)
        elif colon:
            case.venue(f"{key}.source", name)
    if expect.exchange is None:
        return
    for book in expect.exchange.books:
        _require_book(case, f"expect.exchange.books.{book}", book)
    for cohort in expect.exchange.cohorts:
        if cohort not in {**case.spec.agents, **case.spec.cohorts, **case.spec.account_files}:
            case.refuse(f"expect.exchange.cohorts.{cohort}", cohort, "expected an entry of agents or positions")


def _require_book(case: Case, key: str, name: str) -> None:
    books = case.spec.exchange.books if case.spec.exchange is not None else {}
    if name not in books:
        case.refuse(key, name, unknown_name("book", name, books, holder="exchange.books"))


def check_parameters_named(case: Case, spec: ScenarioSpec) -> None:
    """Refuse provenance, sensitivity and sizes of parameters that are not there."""
    tree: dict[str, object] = spec.model_dump(mode="json")
    for i, entry in enumerate(spec.provenance):
        _require_parameters(case, f"provenance.{i}.keys", tree, entry.keys)
    _require_parameters(case, "sensitivity", tree, spec.sensitivity)
    for name, size in (spec.necessity.sizes if spec.necessity is not None else {}).items():
        _require_parameters(case, f"necessity.sizes.{name}.keys", tree, size.keys)


def _require_parameters(case: Case, key: str, tree: dict[str, object], paths: Iterable[str]) -> None:
    for dotted in paths:
        node: object = tree
        for part in dotted.split("."):
            node = node.get(part) if isinstance(node, dict) else None
        if node is None:
            case.refuse(key, dotted, "no such parameter in this scenario")
