"""Check events: that their owners can make them, that their times are in the run, and that conditions can hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from cascade.errors import unknown_name
from cascade.prices.path import iso_time
from cascade.scenario.checks.amounts import require_exact
from cascade.scenario.condition import Comparison
from cascade.scenario.model import CapOracle, Case, EventBase, ParMintVenue, RedemptionEvent
from cascade.units import E8

__all__ = ["check_events"]

_FIGURES = "oracle:ASSET, path:ASSET, spot:VENUE, book:BOOK, bid:BOOK, ask:BOOK, index:BOOK or unhealthy"
_OF_BOOK = ("book", "bid", "ask", "index")


def check_events(case: Case, events: Mapping[str, EventBase]) -> None:
    """Refuse events that cannot be made in this scenario, whatever happens in the run."""
    for name, event in events.items():
        key = f"events.{name}"
        event.check(case, key)
        if isinstance(event, RedemptionEvent):
            _require_own_minting(case, key, event)
        for condition in event.conditions:
            _check_condition(case, f"{key}.when", condition)
        _check_chain(case, name, events)
        stated = event.amounts(case.spec)
        require_exact(case, (amount._replace(key=f"{key}.{amount.key}") for amount in stated))
    for name, event in events.items():
        _check_time(case, f"events.{name}", event, _earliest(case, event, events))


def _require_own_minting(case: Case, key: str, event: RedemptionEvent) -> None:
    venue = case.spec.venues[event.venue]
    if not isinstance(venue, ParMintVenue) or venue.contract is not None:
        case.refuse(f"{key}.venue", event.venue, "is a contract of your own: who may open it is not known")


def _check_condition(case: Case, key: str, condition: Comparison) -> None:
    """Refuse a figure that is not there, and a comparison that no value of it can meet."""
    kind, colon, name = condition.figure.partition(":")
    if condition.figure != "unhealthy":
        if not colon or kind not in ("oracle", "path", "spot", *_OF_BOOK):
            case.refuse(key, condition.figure, f"unknown figure: expected {_FIGURES}")
        if kind == "oracle":
            case.require_priced(key, name)
        elif kind == "path":
            case.require_path([name])
        elif kind == "spot":
            case.pool(key, name)
        else:
            case.book(key, name)
    _require_possible(case, key, condition, kind, name)


def _require_possible(case: Case, key: str, condition: Comparison, kind: str, name: str) -> None:
    sign, value = condition.sign, condition.value
    # Figures are prices or numbers of positions: none is negative, and no price that there is is 0.
    least = 0 if condition.figure == "unhealthy" else None
    falls_short = value < 0 or (value == 0 and sign == "<") or (value == 0 and least is None and sign in ("<=", "=="))
    if falls_short and sign in ("<", "<=", "=="):
        case.refuse(key, _text(condition), "can never hold: expected a number above 0")
    if kind == "path" and not any(condition.holds_for(price) for _, price in _path(case, name)):
        prices = [price for _, price in _path(case, name)]
        case.refuse(key, _text(condition), f"can never hold: the path is {min(prices)} to {max(prices)}")
    source = case.spec.oracle.get(name) if kind == "oracle" else None
    if isinstance(source, CapOracle):
        above = value > source.cap_usd or (value == source.cap_usd and sign == ">")
        if above and sign in (">", ">=", "=="):
            case.refuse(key, _text(condition), f"can never hold: oracle.{name}.cap_usd is {source.cap_usd}")


def _path(case: Case, asset: str) -> Iterator[tuple[int, Decimal]]:
    """Yield the times of the crash's blocks and the path's price at each, in dollars."""
    timeline = case.spec.timeline
    for step in range(timeline.steps):
        at = timeline.time_of(step)
        yield at, Decimal(case.path.price_e8(asset, at)) / E8


def _check_chain(case: Case, name: str, events: Mapping[str, EventBase]) -> None:
    """Refuse an event after one that is not there, or after itself through others."""
    seen = [name]
    while (before := events[seen[-1]].after) is not None:
        if before not in events:
            case.refuse(f"events.{seen[-1]}.after", before, unknown_name("event", before, events, holder="events"))
        if before in seen:
            case.refuse(f"events.{name}.after", before, f"events wait for each other: {' -> '.join([*seen, before])}")
        seen.append(before)


def _earliest(case: Case, event: EventBase, events: Mapping[str, EventBase]) -> int:
    """Return the earliest Unix time at which an event can be made, its delay included."""
    timeline = case.spec.timeline
    if event.at is not None:
        begun = int(event.at.astimezone(UTC).timestamp())
    elif event.step is not None:
        begun = timeline.time_of(event.step)
    elif event.after is not None:
        begun = _earliest(case, events[event.after], events)
    else:
        begun = timeline.start_timestamp
        paths = [one for one in event.conditions if one.figure.startswith("path:")]
        if paths:
            prices = [dict(_path(case, one.figure.partition(":")[2])) for one in paths]
            met = (
                at
                for at in prices[0]
                if all(one.holds_for(price[at]) for one, price in zip(paths, prices, strict=True))
            )
            begun = next(met, timeline.last_timestamp + 1)
    return begun + event.delay_seconds


def _check_time(case: Case, key: str, event: EventBase, moment: int) -> None:
    timeline = case.spec.timeline
    first, last = timeline.start_timestamp, timeline.last_timestamp
    if first <= moment <= last:
        return
    stated = next(name for name in ("at", "step", "when", "after") if getattr(event, name) is not None)
    value = getattr(event, stated)
    value = value.isoformat() if isinstance(value, datetime) else value
    delay = f" with its delay of {event.delay_seconds} s" if event.delay_seconds else ""
    case.refuse(
        f"{key}.{stated}",
        value,
        f"would be made{delay} at {iso_time(moment)} at the earliest: expected within the run, "
        f"{iso_time(first)} to {iso_time(last)}",
    )


def _text(condition: Comparison) -> str:
    return f"{condition.figure} {condition.sign} {condition.value}"
