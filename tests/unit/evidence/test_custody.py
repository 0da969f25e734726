"""Tests of evidence/custody.py."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from imgkit.evidence.custody import append_custody, read_custody
from imgkit.model.custodian import Custodian
from imgkit.model.manifest import CustodyHead

WHO = Custodian(user="u", host="h", examiner="E", case="C", reason="R")
WHEN = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    path = tmp_path / "custody.jsonl"
    for event in ("begin", "download", "check"):
        append_custody(path, event, custodian=WHO, now=WHEN, subject={"role": "system"})
    return path


def test_each_line_says_who_did_what_when_and_why(chain):
    first = json.loads(chain.read_text().splitlines()[0])
    assert first["event"] == "begin"
    assert first["who"] == {"examiner": "E", "user": "u", "host": "h"}
    assert (first["case"], first["reason"], first["time"]) == ("C", "R", "2026-11-22T00:00:00.000000Z")


def test_an_untouched_chain_holds(chain):
    verdict = read_custody(chain)
    assert (verdict.problems, verdict.events, verdict.head.lines) == ((), ("begin", "download", "check"), 3)


def test_an_empty_chain_holds_and_extends_nothing(tmp_path):
    verdict = read_custody(tmp_path / "none")
    assert not verdict.problems
    assert verdict.extends(CustodyHead(lines=0, sha256=""))
    assert not verdict.extends(CustodyHead(lines=1, sha256="x"))


def _lines(chain: Path) -> list[bytes]:
    return chain.read_bytes().splitlines(keepends=True)


def test_a_changed_line_is_found_by_the_next_one(chain):
    lines = _lines(chain)
    chain.write_bytes(b"".join([lines[0].replace(b'"E"', b'"X"'), *lines[1:]]))
    assert read_custody(chain).problems == ("line 2 does not carry the digest of the line before it",)


def test_reordered_and_removed_lines_are_found(chain):
    first, second, third = _lines(chain)
    for order in ([second, first, third], [first, third], [second, third]):
        chain.write_bytes(b"".join(order))
        assert read_custody(chain).problems


def test_a_changed_last_line_shows_against_the_head_that_the_manifest_holds(chain):
    head = read_custody(chain).head
    lines = _lines(chain)
    chain.write_bytes(b"".join([*lines[:2], lines[2].replace(b"check", b"clean")]))
    assert not read_custody(chain).problems
    assert not read_custody(chain).extends(head)


def test_a_longer_chain_extends_an_earlier_head(chain):
    head = read_custody(chain).head
    append_custody(chain, "inspect", custodian=WHO, now=WHEN)
    assert read_custody(chain).extends(head)


def test_cutting_the_end_off_shows_against_the_head(chain):
    head = read_custody(chain).head
    chain.write_bytes(b"".join(_lines(chain)[:2]))
    assert not read_custody(chain).extends(head)


def test_a_line_that_a_crash_cut_off_is_explained_and_the_chain_goes_on(chain):
    chain.write_bytes(chain.read_bytes()[:-20])
    append_custody(chain, "download", custodian=WHO, now=WHEN)
    verdict = read_custody(chain)
    assert not verdict.problems
    assert verdict.events == ("begin", "download", "", "line-cut-off", "download")


def test_a_torn_end_is_told_apart_from_a_line_that_was_changed(chain):
    chain.write_bytes(chain.read_bytes()[:-20])
    verdict = read_custody(chain)
    assert (verdict.torn, verdict.problems) == (True, ())
    append_custody(chain, "download", custodian=WHO, now=WHEN)
    assert read_custody(chain).notes == ("line 3 was cut off, as line 4 says",)


def test_a_line_names_the_tools_of_its_command(tmp_path):
    append_custody(tmp_path / "c", "convert", custodian=WHO, now=WHEN, tools=[("qemu-img", "7.2.22")])
    tools = json.loads((tmp_path / "c").read_text())["tools"]
    assert set(tools) == {"imgkit", "Python", "qemu-img"}


def test_a_clock_that_went_back_is_a_note_and_no_fault(chain):
    append_custody(chain, "check", custodian=WHO, now=WHEN.replace(year=2025))
    verdict = read_custody(chain)
    assert not verdict.problems
    assert "line 4 is of 2025-11-22" in verdict.notes[0]


def test_a_line_in_another_file_names_what_it_follows(chain, tmp_path):
    here = read_custody(chain).here()
    append_custody(tmp_path / "other", "check", custodian=WHO, now=WHEN, follows=here)
    other = read_custody(tmp_path / "other")
    assert (other.follows, other.problems) == ((here,), ())


@pytest.mark.parametrize(
    "hostile", [b"[" * 100_000 + b"\n", b'{"line": 1e999}\n', b"\xff\n", b"\r\n", b"null\n", b"9" * 9999]
)
def test_hostile_lines_are_problems_and_nothing_worse(tmp_path, hostile):
    (tmp_path / "c").write_bytes(hostile)
    verdict = read_custody(tmp_path / "c")
    assert verdict.problems or verdict.torn


def test_a_record_of_absurd_size_is_not_read(tmp_path):
    with (tmp_path / "c").open("wb") as out:
        out.truncate(2**40)
    assert "larger than 64 MiB" in read_custody(tmp_path / "c").problems[0]
    with pytest.raises(OSError, match="larger"):
        append_custody(tmp_path / "c", "check", custodian=WHO, now=WHEN)


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "c")
    with pytest.raises(OSError, match="pipe"):
        read_custody(tmp_path / "c")


def test_a_line_that_the_disk_did_not_take_is_taken_back(chain, monkeypatch):
    before = chain.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("imgkit.evidence.custody.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        append_custody(chain, "check", custodian=WHO, now=WHEN)
    assert chain.read_bytes() == before


def test_a_line_that_cannot_be_read_and_nobody_explains_is_a_problem(chain):
    lines = _lines(chain)
    chain.write_bytes(b"".join([lines[0], b"garbage\n", *lines[1:]]))
    assert "line 2 cannot be read" in read_custody(chain).problems


def test_two_writers_at_once_do_not_fork_the_chain(tmp_path):
    path = tmp_path / "custody.jsonl"

    def write(_: int) -> None:
        append_custody(path, "check", custodian=WHO, now=WHEN)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(100)))
    verdict = read_custody(path)
    assert (verdict.problems, verdict.head.lines) == ((), 100)
