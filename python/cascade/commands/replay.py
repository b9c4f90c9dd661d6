"""`cascade replay`: run one scenario, print its figures, and fail where it ended otherwise than it claims."""

from __future__ import annotations

from pathlib import Path

from cascade.commands.options import node_url_of, with_seed
from cascade.harness import replay
from cascade.report.run.terminal import print_summary
from cascade.run.progress import terminal
from cascade.scenario.load import load_scenario
from cascade.staging.networks import NetworkOptions

__all__ = ["replay_scenario"]


def replay_scenario(
    file: Path,
    *,
    seed: str | None,
    overrides: tuple[str, ...],
    out: Path,
    network: str,
    live: NetworkOptions | None = None,
) -> None:
    """Run a scenario's file, write the run's folder, and print the figures.

    Parameters
    ----------
    network : str
        A local node, as `--network` names it.
    live : NetworkOptions, optional
        A network that others use too, which the run plays on instead.

    Raises
    ------
    FailedRun
        When the run failed while it was played; its message has the command that reproduces it.
    ExpectationFailed
        When the run ended otherwise than its scenario claims; its folder is written and its figures printed first.
    """
    # The figures are printed in any case, and most of all when the run did not end as expected.
    run = replay(
        load_scenario(file, overrides=with_seed(overrides, seed)),
        out=out,
        node_url=node_url_of(network) if live is None else None,
        network=live,
        progress=terminal(),
        require_expected=False,
        keep_failed=True,
    )
    print_summary(run.folder, summary=run.summary, manifest=run.manifest)
    run.require_expected()
