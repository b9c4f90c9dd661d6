"""Runs that fail: each is one line with the right exit code, and leaves neither files nor processes."""

from __future__ import annotations

import contextlib
import fcntl
import html
import os
import pty
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from cascade import load_scenario, replay
from cascade.analysis.summary import summarise, summary_json
from cascade.chain import anvil
from cascade.chain.anvil import Anvil
from cascade.errors import CascadeError, ChainError, ExpectationFailed, ScenarioError
from cascade.positions.build import BuildFailed
from cascade.recording.store import table_sha256, write_tables
from cascade.recording.tables import TABLES, LiquidationRow
from cascade.run.opened import Run
from cascade.run.progress import Progress
from cascade.toolchain.paths import anvil_binary, project_root

from .conftest import SCENARIOS, small

T = TypeVar("T")
FRICTIONLESS = SCENARIOS / "frictionless-loop.yaml"
APE_REPLAY = [str(Path(sys.executable).with_name("ape")), "run", "replay", "scenarios/loop-and-crash.yaml"]


@contextmanager
def plain_anvil(*flags: str) -> Iterator[str]:
    """Yield the URL of an anvil as a person starts it: it mines a block per transaction, and impersonates nobody."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([str(anvil_binary()), "--port", str(port), "--quiet", *flags])
    try:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


class KillsAnvil(Progress):
    """Kills the run's own anvil as soon as the crash plays."""

    def __init__(self) -> None:
        super().__init__(None)
        self.others = set(own_anvils())

    @contextmanager
    def bar(self, name: str, total: int, *, done: int = 0) -> Iterator[Callable[[int], None]]:
        if name == "playing the crash":
            for pid in set(own_anvils()) - self.others:
                os.kill(pid, signal.SIGKILL)
        with super().bar(name, total) as advance:
            yield advance


def own_anvils(parent: int | None = None) -> list[int]:
    parent = parent or os.getpid()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes().split(b"\0")[0]
        except OSError:
            continue
        if command.endswith(b"anvil") and int(fields[1]) == parent and fields[0] != "Z":
            found.append(int(folder.name))
    return found


def ape_run(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    ape = Path(sys.executable).with_name("ape")
    return subprocess.run(
        [str(ape), "run", *arguments],
        cwd=cwd or project_root(),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def private_temp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_replay__anvil_dies_in_the_crash__is_refused_in_one_line_and_leaves_nothing(
    runs_folder: Path, private_temp: Path
) -> None:
    others = own_anvils()

    with pytest.raises(ChainError, match="the node stopped answering"):
        replay(small(), out=runs_folder, progress=KillsAnvil())

    assert not runs_folder.exists() or list(runs_folder.iterdir()) == []
    assert list(private_temp.iterdir()) == []
    assert own_anvils() == others


def test_replay__interrupted__leaves_nothing(runs_folder: Path, private_temp: Path) -> None:
    class Interrupts(Progress):
        @contextmanager
        def bar(self, name: str, total: int, *, done: int = 0) -> Iterator[Callable[[int], None]]:
            if name == "playing the crash":
                raise KeyboardInterrupt
            with super().bar(name, total) as advance:
                yield advance

    others = own_anvils()

    with pytest.raises(KeyboardInterrupt):
        replay(small(), out=runs_folder, progress=Interrupts(None))

    assert not runs_folder.exists()
    assert list(private_temp.iterdir()) == []
    assert own_anvils() == others


@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_ape_run_replay__killed__leaves_no_process_file_or_folder(
    kill: signal.Signals, runs_folder: Path, tmp_path: Path
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        [*APE_REPLAY, "--out", str(runs_folder)],
        cwd=project_root(),
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        anvils = wait_for(lambda: own_anvils(process.pid))
        process.send_signal(kill)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()

    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in anvils))
    assert not runs_folder.exists() or list(runs_folder.iterdir()) == []
    if kill is not signal.SIGKILL:
        assert process.returncode == 130
        assert errors.splitlines()[-1] == "error: interrupted; nothing was kept"
        assert "Traceback" not in errors
        assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("moment", ["building positions", "playing the crash", "analysing tables"])
def test_ape_run_replay__ctrl_c_on_a_terminal__says_so_and_leaves_nothing(
    moment: str, runs_folder: Path, tmp_path: Path
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*APE_REPLAY, "--set", "positions.loopers.count=60", "--out", str(runs_folder)],
        cwd=project_root(),
        env={**os.environ, "TMPDIR": str(temporary)},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        # A session of its own, whose terminal this is: Ctrl-C then interrupts every process of it.
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 (one system call)
    )
    os.close(theirs)
    shown = ""
    try:
        with contextlib.suppress(OSError):  # EIO, when the last process has closed the terminal
            while select.select([ours], [], [], 120)[0]:
                shown += os.read(ours, 65_536).decode(errors="replace")
                if moment in shown and "^C" not in shown:
                    os.write(ours, b"\x03")
                    shown += "^C"
        process.wait(timeout=60)
    finally:
        process.kill()
        os.close(ours)

    assert process.returncode == 130, shown
    assert "error: interrupted; nothing was kept" in shown
    assert "Traceback" not in shown
    assert not runs_folder.exists() or list(runs_folder.iterdir()) == []
    assert list(temporary.iterdir()) == []


LIMITED = """
import resource, sys
from contextlib import contextmanager
from cascade import load_scenario, replay
from cascade.errors import CascadeError
from cascade.run.progress import Progress

class Limits(Progress):
    @contextmanager
    def stage(self, name):
        # No file may grow beyond this size from here on, as on a disk that is full.
        if name == sys.argv[3]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (6_000, 6_000))
        yield

try:
    replay(load_scenario(sys.argv[1]), out=sys.argv[2], progress=Limits(None))
except CascadeError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


def test_replay__disk_fills_while_tables_are_written__names_the_folder_and_leaves_nothing(runs_folder: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(FRICTIONLESS), str(runs_folder), "writing tables"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.stderr == f"CascadeError: {runs_folder}: the run cannot be written there, and is lost: File too large\n"
    assert list(runs_folder.iterdir()) == []


def test_replay__disk_fills_while_the_page_is_drawn__keeps_the_run_and_says_how_to_go_on(runs_folder: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(FRICTIONLESS), str(runs_folder), "drawing the report"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    (folder,) = runs_folder.iterdir()

    assert done.stderr.startswith("IncompleteRun: drawing its page failed: OSError: ")
    assert done.stderr.endswith(f"the run is kept: repeat this step with `cascade report {folder}`\n")
    assert Run(folder).summary.liquidations == 1


def wait_for(condition: Callable[[], T], seconds: float = 60) -> T:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise TimeoutError("the condition never held")


def test_anvil__another_node_takes_its_port_first__it_takes_another_port(monkeypatch: pytest.MonkeyPatch) -> None:
    with Anvil(timestamp=1_000) as foreign:
        taken = int(foreign.rpc.url.rpartition(":")[2])
        free = anvil._free_port()
        ports = iter([taken, free, free, free, free])
        monkeypatch.setattr(anvil, "_free_port", lambda: next(ports))
        with Anvil(timestamp=1_000) as own:
            assert own.rpc.url == f"http://127.0.0.1:{free}"
            assert int(str(own.rpc.call("eth_blockNumber")), 16) == 0
            own.rpc.call("evm_mine", {"timestamp": 1_001})
            assert int(str(foreign.rpc.call("eth_blockNumber")), 16) == 0


def test_anvil__port_in_use__refused_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ChainError, match=f"port {port} of 127.0.0.1 is in use"), Anvil(timestamp=1, port=port):
            pass


def test_replay__crash_without_liquidation__never_succeeds_silently(runs_folder: Path) -> None:
    # Keepers who work for a million a piece: positions can be breached, and nobody liquidates them.
    scenario = small(**{"agents.keeper.min_profit_usd": 1_000_000})

    with pytest.raises(ExpectationFailed, match=r"expect\.liquidations = 'some': the run had 0"):
        replay(scenario, out=runs_folder)

    assert len(list(runs_folder.iterdir())) == 1, "what happened is kept, and says that it is not what was claimed"


def test_replay__liquidations_where_none_are_expected__fails(runs_folder: Path) -> None:
    with pytest.raises(ExpectationFailed, match=r"expect\.liquidations = 'none': the run had 1"):
        replay(load_scenario(FRICTIONLESS, set={"expect.liquidations": "none"}), out=runs_folder)


def test_replay__shock_that_makes_no_position_liquidatable__refused_before_anything_starts(runs_folder: Path) -> None:
    scenario = small(**{"positions.loopers.target": {"leverage": {"kind": "fixed", "value": 1.5}}})

    with pytest.raises(ScenarioError, match="takes no position below a health factor of 1"):
        replay(scenario, out=runs_folder)

    assert not runs_folder.exists()


def test_replay__pool_drained_while_building__is_an_error_not_a_result(runs_folder: Path) -> None:
    # A loop through an exchange pool that is deep enough on paper, but whose price the loops themselves move away.
    scenario = small(
        **{
            "positions.loopers.venue": "usde-usdc",
            "venues.usde-usdc.reserves": {"USDC": 3_000_000, "USDe": 3_000_000},
            "venues.usde-usdc.amplification": 1,
        }
    )

    with pytest.raises(BuildFailed, match=r"venues\.usde-usdc: the loops moved its price"):
        replay(scenario, out=runs_folder)

    assert not runs_folder.exists()


def test_replay__build_longer_than_its_time__is_an_error(runs_folder: Path) -> None:
    with pytest.raises(BuildFailed, match=r"timeline\.build_seconds = 60"):
        replay(small(**{"timeline.build_seconds": 60, "positions.loopers.count": 400}), out=runs_folder)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["--set", "lending.reserves.USDe.ltv_bps=8301"],
            "frictionless-loop.yaml: lending.reserves.USDe: ltv_bps 8301 exceeds",
        ),
        (["--set", "colour=red"], "frictionless-loop.yaml: colour = 'red': unknown key"),
        (["--seed", "1.5"], "frictionless-loop.yaml: seed = 1.5"),
        (["--seed", "many"], "frictionless-loop.yaml: seed = 'many'"),
        (["--network", "ethereum:mainnet:node"], "--network = 'ethereum:mainnet:node'"),
        (["--network", "http://127.0.0.1:1"], "http://127.0.0.1:1: the node stopped answering"),
    ],
)
def test_ape_run_replay__bad_input__one_line_exit_2_nothing_written(
    arguments: list[str], expected: str, runs_folder: Path
) -> None:
    done = ape_run("replay", "scenarios/frictionless-loop.yaml", "--out", str(runs_folder), *arguments)

    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(lines) == 1
    assert expected in lines[0]
    assert "Traceback" not in done.stderr
    assert not runs_folder.exists()


def test_ape_run_replay__then_report_and_verify__all_succeed(runs_folder: Path) -> None:
    played = ape_run("replay", "scenarios/frictionless-loop.yaml", "--out", str(runs_folder))
    assert played.returncode == 0, played.stderr
    assert "5,408 USD" in played.stdout
    run = next(runs_folder.iterdir())
    (run / "report.html").unlink()

    drawn = ape_run("report", str(run), "--png")
    verified = ape_run("verify", str(run))

    assert drawn.returncode == 0, drawn.stderr
    assert (run / "report.html").is_file()
    pictures = list((run / "charts").glob("*.png"))
    assert pictures
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)
    assert verified.returncode == 0, verified.stderr
    assert "tables are the same" in verified.stdout


def test_page__command_to_reproduce__runs_as_it_stands_and_makes_the_same_run(runs_folder: Path) -> None:
    first = replay(load_scenario(FRICTIONLESS, set={"exchange": None, "seed": 3}), out=runs_folder / "first")
    (shown,) = re.findall(r"<pre><code>(cascade replay .*)</code></pre>", first.report().read_text(encoding="utf-8"))
    words = shlex.split(html.unescape(shown))

    done = ape_run(*words[1:], "--out", str(runs_folder / "second"))

    assert done.returncode == 0, done.stderr
    assert "exchange=null" in words
    (second,) = (runs_folder / "second").iterdir()
    assert (second.name, Run(second).manifest.tables) == (first.folder.name, first.manifest.tables)


def test_ape_run_verify__table_tampered_with__says_which(runs_folder: Path) -> None:
    run = replay(load_scenario(FRICTIONLESS), out=runs_folder)
    manifest = run.folder / "manifest.json"
    digest = run.manifest.tables["liquidations"]
    manifest.write_text(manifest.read_text(encoding="utf-8").replace(digest, "0" * 64), encoding="utf-8")

    done = ape_run("verify", str(run.folder))

    assert done.returncode == 1
    assert (
        f"sha256 0000000000 in the manifest, {digest[:10]} on disk, {digest[:10]} in the second run: "
        "tables.liquidations of manifest.json was changed after the run" in done.stderr
    )


def test_ape_run_verify__table_and_every_hash_of_it_replaced__names_row_and_column(runs_folder: Path) -> None:
    run = replay(load_scenario(FRICTIONLESS), out=runs_folder, report=False)
    rows = {name: run.frames.rows(table.row) for name, table in TABLES.items()}
    first, *others = run.frames.rows(LiquidationRow)
    was, forged = first.debt_covered_raw, first.debt_covered_raw + 1
    rows["liquidations"] = [replace(first, debt_covered_raw=forged), *others]
    write_tables(run.folder / "tables", [row for table in rows.values() for row in table])
    manifest = replace(run.manifest, tables=table_sha256(run.folder / "tables"))
    (run.folder / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")
    (run.folder / "summary.json").write_text(summary_json(summarise(Run(run.folder).frames)), encoding="utf-8")

    done = ape_run("verify", str(run.folder))

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert (
        f"the second run differs in liquidations: row 0, column debt_covered_raw: {forged} on disk, {was} in the "
        "second run" in done.stderr
    )


def test_ape_run_verify__page_edited__is_named_before_anything_runs(runs_folder: Path) -> None:
    run = replay(load_scenario(FRICTIONLESS), out=runs_folder)
    page = run.report()
    page.write_text(page.read_text(encoding="utf-8").replace("5,408", "5,409"), encoding="utf-8")

    done = ape_run("verify", str(run.folder))

    assert done.returncode == 1
    assert "report.html: is not the page of this run: `cascade report " in done.stderr


def test_replay__node_that_is_silent__is_one_error_after_the_first_question(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cascade.staging.chains._PROBE_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(ChainError, match="stopped answering"):
        replay(load_scenario(FRICTIONLESS), out=runs_folder, node_url=f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert not runs_folder.exists()


def test_ape_run_replay__on_a_fresh_anvil__gives_the_same_tables(runs_folder: Path) -> None:
    own = replay(load_scenario(FRICTIONLESS), out=runs_folder / "own")
    timeline = load_scenario(FRICTIONLESS).spec.timeline
    with Anvil(timestamp=timeline.start_timestamp - timeline.build_seconds) as anvil:
        given = replay(load_scenario(FRICTIONLESS), out=runs_folder / "given", node_url=anvil.rpc.url)
        with pytest.raises(Exception, match="already has blocks"):
            replay(load_scenario(FRICTIONLESS), out=runs_folder / "again", node_url=anvil.rpc.url)

    assert given.manifest.tables == own.manifest.tables


def test_replay__anvil_started_otherwise__is_refused_with_the_flags_that_it_lacks(runs_folder: Path) -> None:
    scenario = load_scenario(FRICTIONLESS)
    genesis = scenario.spec.timeline.genesis_timestamp
    with Anvil(timestamp=genesis + 5) as late, pytest.raises(CascadeError) as other:
        replay(scenario, out=runs_folder, node_url=late.rpc.url)
    with plain_anvil("--timestamp", str(genesis)) as url, pytest.raises(CascadeError) as plain:
        replay(scenario, out=runs_folder, node_url=url)

    lacking = (
        rf"was started without --timestamp {genesis} \(it began at the Unix time {genesis + 5}\): start it with `anvil "
    )
    assert re.search(lacking, str(other.value))
    assert re.search(r"was started without --hardfork prague \(it runs \w+\): start it with `anvil ", str(plain.value))
    words = re.findall(r"`anvil (.*)`", str(other.value))[0].split()
    assert words[words.index("--timestamp") + 1] == str(genesis)
    assert {"--no-mining", "--auto-impersonate"} < set(words)
    assert not runs_folder.exists()


def test_replay__anvil_that_mines_by_itself_on_another_chain__is_set_up_and_gives_the_same_tables(
    runs_folder: Path,
) -> None:
    scenario = load_scenario(FRICTIONLESS)
    own = replay(scenario, out=runs_folder / "own")
    flags = ("--timestamp", str(scenario.spec.timeline.genesis_timestamp), "--hardfork", "prague", "--chain-id", "5")
    with plain_anvil(*flags) as url:
        given = replay(scenario, out=runs_folder / "given", node_url=url)

    assert given.manifest.tables == own.manifest.tables


def test_ape_test__part_of_the_suite__passes() -> None:
    ape = Path(sys.executable).with_name("ape")
    done = subprocess.run(
        [str(ape), "test", "tests/python/test_exit_curve.py", "-q"],
        cwd=project_root(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "7 passed" in done.stdout


def test_ape_run_compare__terminal_that_knows_ascii_alone__prints_every_figure(tmp_path: Path) -> None:
    change = "lending.reserves.USDe.liquidation_bonus_bps=600"
    arguments = ("compare", str(FRICTIONLESS), "--set", change, "--markdown", "-", "--out", str(tmp_path))
    done = ape_run(*arguments, PYTHONIOENCODING="ascii:strict")

    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert "| parameter | before &#8594; after |" in done.stdout


def test_ape_run_replay__home_that_cannot_be_written__is_one_line(runs_folder: Path) -> None:
    # Below /proc nobody can make a folder, not even root.
    done = ape_run("replay", str(FRICTIONLESS), "--out", str(runs_folder), HOME="/proc/1")

    assert done.returncode in {0, 2}
    if done.returncode:
        last = done.stderr.splitlines()[-1]
        assert last.startswith("error: /proc/1/")
        assert "Traceback" not in done.stderr
