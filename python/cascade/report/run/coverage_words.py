"""Word how much of a file of accounts stands in a run."""

from __future__ import annotations

from cascade.analysis.lending.coverage import AccountGroup, AccountsCoverage
from cascade.report.shared.figures import counted, dollars

__all__ = ["coverage_sentences"]


def coverage_sentences(coverage: AccountsCoverage | None) -> list[str]:
    """Return what stands, what the pool would refuse and why, and what was dropped; empty without a file of accounts.

    Examples
    --------
    `1,950 of 2,000 accounts stand (97.5 %), with $98,000,000 of debt (99.0 % of the file's).`
    """
    if coverage is None:
        return []
    built, refused, dust = coverage.built, coverage.not_built, coverage.dust
    share = "" if coverage.debt_pct is None else f" ({coverage.debt_pct:.1f} % of the file's)"
    stated = counted(built.accounts + refused.accounts, "account")
    verb = "stands" if built.accounts == 1 else "stand"
    sentences = [
        f"{built.accounts:,} of {stated} {verb} ({coverage.accounts_pct:.1f} %), with {dollars(built.debt_usd)} of "
        f"debt{share}."
    ]
    if refused.accounts:
        reasons = "; ".join(f"{name}: {_worth(group)}" for name, group in coverage.not_built_by_obstacle.items())
        sentences.append(f"The pool would refuse {_worth(refused)}: {reasons}.")
    if dust.accounts:
        sentences.append(f"Dropped as dust: {_worth(dust)}.")
    return sentences


def _worth(group: AccountGroup) -> str:
    return (
        f"{counted(group.accounts, 'account')} with {dollars(group.supplied_usd)} supplied and "
        f"{dollars(group.debt_usd)} of debt"
    )
