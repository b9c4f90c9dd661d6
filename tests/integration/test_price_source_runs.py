"""A run on klines of an exchange: the tables of the same prices from a path, and verified without the file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cascade import load_scenario, replay
from cascade.experiments.verify import verify
from cascade.recording.tables import TABLES
from cascade.toolchain.paths import project_root

LOOP = project_root() / "scenarios" / "frictionless-loop.yaml"
NAMING = {"runs"}
"""Tables that hold the parameters, which differ in where prices come from."""


def test_run__on_klines__has_the_tables_of_the_same_prices_and_needs_no_file_again(tmp_path: Path) -> None:
    # As the path of the scenario: 1 until 36 s after its start, 0.75 from 48 s on. A close ends its bar.
    start = int(datetime(2025, 10, 10, 21, 40, tzinfo=UTC).timestamp())
    rows = []
    for end in range(0, 121, 12):
        opened, price = start + end - 12, "1" if end <= 36 else "0.75"
        times = (opened * 10**6, (opened + 12) * 10**6 - 1)
        rows.append(f"{times[0]},{price},{price},{price},{price},5,{times[1]},5,1,1,1,0")
    (tmp_path / "klines.csv").write_text("\n".join(reversed(rows)), encoding="utf-8")
    source = {"file": str(tmp_path / "klines.csv"), "format": "klines", "status": "reported", "source": "by hand"}

    plain = replay(load_scenario(LOOP, set={"chain.engine": "revm"}), out=tmp_path / "plain")
    other = replay(
        load_scenario(LOOP, set={"chain.engine": "revm", "prices.path": None, "prices.sources": {"USDe": source}}),
        out=tmp_path / "other",
    )

    assert plain.manifest.run_id != other.manifest.run_id
    for name in TABLES:
        first, second = (getattr(run, name).drop(columns="run_id", errors="ignore") for run in (plain, other))
        assert name in NAMING or first.equals(second), name
    assert len(other.liquidations) == 1
    assert "reported,by hand" in other.manifest.price_path_text
    (tmp_path / "klines.csv").unlink()
    assert "tables are the same" in verify(other)
    assert "klines.csv" in other.report().read_text(encoding="utf-8")
