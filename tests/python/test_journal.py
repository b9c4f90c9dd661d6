"""The journal of a run on a network: what a killed process leaves, and what the next one reads of it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from cascade.chain.live.journal import Journal, Opening, Sent, digest_of
from cascade.errors import ChainError
from cascade.staging.deployments import put_aside

OPENING = Opening(5, "0xaa", "0xpayer", "ab", {"Pool": "cd"}, 17)
SENT = Sent("0xsender", 3, "0xhash", "call", 21_000, 9, 1, ("0xto", 7))


def written(file: Path) -> None:
    journal = Journal(file)
    journal.open_with(OPENING)
    journal.note(digest_of("first"), ["0x1"])
    journal.note_sent(SENT)
    journal.note(digest_of("second"), ["0x2"])
    journal.note_paid("0xhash", 11)
    journal.close()


def test_journal__opened_again__answers_what_was_answered_in_order_and_knows_what_was_sent(tmp_path: Path) -> None:
    written(tmp_path / "journal")
    journal = Journal(tmp_path / "journal")

    assert journal.opening == OPENING
    assert list(journal.sent_as("0xsender", 3)) == [SENT]
    assert journal.by_hash == {"0xhash": SENT}
    assert journal.paid == {"0xhash": 11}
    assert not journal.at_end
    assert journal.known(digest_of("first"), list[str]) == ["0x1"]
    assert journal.known(digest_of("second"), list[str]) == ["0x2"]
    assert journal.at_end
    assert journal.known(digest_of("third"), list[str]) is None
    journal.close()


def test_journal__other_question_than_before__is_refused(tmp_path: Path) -> None:
    written(tmp_path / "journal")
    journal = Journal(tmp_path / "journal")

    with pytest.raises(ChainError, match="does something else than the one that it continues"):
        journal.known(digest_of("second"), list[str])
    journal.close()


def test_journal__line_that_a_kill_cut_off__is_left_out_and_written_over(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    written(file)
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"kind":"answer","question":"ab')

    journal = Journal(file)
    assert file.read_bytes() == whole
    assert journal.known(digest_of("first"), list[str]) == ["0x1"]
    assert journal.known(digest_of("second"), list[str]) == ["0x2"]
    journal.note(digest_of("third"), ["0x3"])
    journal.close()

    again = Journal(file)
    answers = [again.known(digest_of(one), list[str]) for one in ("first", "second", "third")]
    assert answers == [["0x1"], ["0x2"], ["0x3"]]
    again.close()


def test_journal__is_for_its_owner_alone(tmp_path: Path) -> None:
    written(tmp_path / "deep" / "journal")

    assert stat.S_IMODE((tmp_path / "deep" / "journal").stat().st_mode) == 0o600


def test_put_aside__files_of_a_deployment__get_the_first_free_number_together(tmp_path: Path) -> None:
    names = ("a.json", "a.journal.jsonl")
    files = [tmp_path / name for name in names]
    (tmp_path / "a.1.json").write_text("older", encoding="ascii")
    for file in files:
        file.write_text(file.name, encoding="ascii")

    put_aside(*files)

    assert not any(file.exists() for file in files)
    assert (tmp_path / "a.1.json").read_text(encoding="ascii") == "older"
    assert (tmp_path / "a.2.json").read_text(encoding="ascii") == "a.json"
    assert (tmp_path / "a.journal.2.jsonl").read_text(encoding="ascii") == "a.journal.jsonl"
    put_aside(*files)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.1.json", "a.2.json", "a.journal.2.jsonl"]
