"""What every command shares: exit codes, one line per error, options, and where results are written."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cascade.commands.exit_codes import cascade_command
from cascade.commands.options import node_url_of, with_seed
from cascade.commands.outputs import console_beside, write_examination, write_markdown
from cascade.errors import CascadeError, ExpectationFailed


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (CascadeError("one\n  two"), 2, "error: one two"),
        (ExpectationFailed("missed"), 1, "error: missed"),
        (FileNotFoundError(2, "No such file or directory", "a.yaml"), 2, "error: a.yaml: No such file or directory"),
        (KeyboardInterrupt(), 130, "error: interrupted; nothing was kept"),
    ],
)
def test_cascade_command__error__is_one_line_and_its_exit_code(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    @cascade_command
    def command() -> None:
        raise error

    with pytest.raises(SystemExit) as left:
        command()

    assert left.value.code == code
    assert capsys.readouterr().err == f"{line}\n"


def test_cascade_command__termination_signal__ends_it_as_an_interrupt_does(capsys: pytest.CaptureFixture[str]) -> None:
    @cascade_command
    def command() -> None:
        signal.raise_signal(signal.SIGTERM)

    with pytest.raises(SystemExit) as left:
        command()

    assert left.value.code == 130
    assert "interrupted" in capsys.readouterr().err


def test_cascade_command__error_of_another_kind__keeps_its_traceback() -> None:
    @cascade_command
    def command() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        command()


@pytest.mark.parametrize(
    ("network", "url"),
    [("ethereum:local:foundry", None), ("::foundry", None), ("http://127.0.0.1:8545", "http://127.0.0.1:8545")],
)
def test_node_url_of__network_that_a_replay_can_use__is_a_url_or_a_new_anvil(network: str, url: str | None) -> None:
    assert node_url_of(network) == url


@pytest.mark.parametrize("network", ["ethereum:mainnet:node", "https://node", ""])
def test_node_url_of__any_other_network__is_refused(network: str) -> None:
    with pytest.raises(CascadeError, match="which only anvil allows"):
        node_url_of(network)


def test_with_seed__given__comes_after_the_overrides() -> None:
    assert with_seed(("seed=1", "a.b=2"), "7") == ("seed=1", "a.b=2", "seed=7")
    assert with_seed(("a.b=2",), None) == ("a.b=2",)


def test_write_markdown__dash__is_standard_output_and_tables_go_to_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_markdown(None, "nowhere")
    write_markdown(Path("-"), "# post\n")
    write_markdown(tmp_path / "post.md", "# file\n")

    assert capsys.readouterr().out == "# post\n"
    assert (tmp_path / "post.md").read_text(encoding="utf-8") == "# file\n"
    assert console_beside(Path("-")).stderr
    assert not console_beside(tmp_path / "post.md").stderr
    assert not console_beside(None).stderr


def test_write_examination__folder_that_is_missing__is_made_with_both_files(tmp_path: Path) -> None:
    data, post = write_examination(tmp_path / "runs" / "x", "necessity", figures="{}\n", markdown="# x\n")

    assert (data.name, data.read_text(encoding="utf-8")) == ("necessity.json", "{}\n")
    assert (post.name, post.read_text(encoding="utf-8")) == ("necessity.md", "# x\n")
