"""What the exchange's engines sold, and who paid for what it did not bring."""

from __future__ import annotations

from typing import Any

from cascade.analysis.exchange.cash import Cash
from cascade.analysis.frames import Frames
from cascade.units import e8_to_float

__all__ = ["forced_sales", "losses"]


def forced_sales(frames: Frames, cash: Cash) -> dict[str, Any]:
    """Accounts and loans liquidated, and what was sold of theirs.

    Returns
    -------
    dict
        `accounts_liquidated`: accounts whose liquidation started, by cohort. `collateral_sold_usd`: what their sales
        brought, less the books' fees, by asset. `margin_calls`, `margin_calls_met`: of the desk.
        `desk_liquidations`: sales of pledges; `desk_borrowers`: borrowers among them; `pledges_sold_usd`: what they
        brought, by asset. `halts`: times that a circuit breaker halted a book.
    """
    events = frames.exchange_events
    started = events[events["kind"] == "liquidation-started"]
    accounts = started.groupby("cohort", sort=True)["account"].nunique()
    loans = events[events["kind"] == "loan-liquidated"]
    kinds = events["kind"]
    return {
        "accounts_liquidated": {str(cohort): int(count) for cohort, count in accounts.items()},
        "collateral_sold_usd": _by_asset(events[kinds == "collateral-sold"].to_dict("records"), cash),
        "margin_calls": int((kinds == "margin-called").sum()),
        "margin_calls_met": int((kinds == "margin-call-met").sum()),
        "desk_liquidations": len(loans),
        "desk_borrowers": int(loans["account"].nunique()),
        "pledges_sold_usd": _by_asset(loans.to_dict("records"), cash),
        "halts": int((kinds == "book-halted").sum()),
    }


def losses(frames: Frames, cash: Cash) -> dict[str, Any]:
    """What forced sales did not pay for.

    Returns
    -------
    dict
        `insurance_used_usd`: by fund, `margin` and `desk`. `adl`: `fills`, `accounts` that lost positions, and
        `usd`: contracts closed at their bankruptcy price. `bad_debt_usd`: written off by the margin engine.
        `desk_loss_usd`: by the desk.
    """
    events = frames.exchange_events
    sums = {
        kind: sum(
            cash.value_e8(row["amount_raw"], row["block_number"])
            for row in events[events["kind"] == kind].to_dict("records")
        )
        for kind in ("insurance-used", "shortfall-covered", "bad-debt", "desk-loss")
    }
    fills = frames.perp_trades[frames.perp_trades["kind"] == "adl"]
    closed = sum(
        cash.value_e8(abs(row["contracts"]) * row["price_raw"], row["block_number"]) for row in fills.to_dict("records")
    )
    return {
        "insurance_used_usd": {
            "margin": e8_to_float(sums["insurance-used"]),
            "desk": e8_to_float(sums["shortfall-covered"]),
        },
        "adl": {"fills": len(fills), "accounts": int(fills["maker"].nunique()), "usd": e8_to_float(closed)},
        "bad_debt_usd": e8_to_float(sums["bad-debt"]),
        "desk_loss_usd": e8_to_float(sums["desk-loss"]),
    }


def _by_asset(rows: list[dict[Any, Any]], cash: Cash) -> dict[str, float]:
    sums: dict[str, int] = {}
    for row in rows:
        sums[row["asset"]] = sums.get(row["asset"], 0) + cash.value_e8(row["proceeds_raw"], row["block_number"])
    return {asset: e8_to_float(value) for asset, value in sorted(sums.items())}
