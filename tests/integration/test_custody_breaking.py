"""Custody under several writers, kill -9 in the middle of a line, and a full disk."""

import json
import random
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from imgkit.evidence.custody import append_custody, read_custody
from imgkit.model.custodian import Custodian

WORKER = Path(__file__).with_name("custody_worker.py")


def _start(path: Path, limit: int = 0) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, WORKER, path, str(limit)], stderr=subprocess.PIPE)


def _append(path: Path) -> None:
    append_custody(path, "inspect", custodian=Custodian(), now=datetime.now(UTC))


def test_writers_that_are_killed_at_any_moment_leave_a_chain_that_goes_on(tmp_path: Path):
    path = tmp_path / "custody.jsonl"
    _append(path)
    moments = random.Random(7)
    for _ in range(5):
        before = path.stat().st_size
        workers = [_start(path) for _ in range(3)]
        deadline = time.monotonic() + 60
        while path.stat().st_size < before + 3 * 3_000 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(moments.random() / 2)
        for worker in workers:
            worker.kill()
            worker.communicate()
        _append(path)
        assert read_custody(path).problems == ()
    assert read_custody(path).head.lines > 15


@pytest.mark.parametrize("cut", [1, 2, 50, 300])
def test_a_line_cut_at_any_place_is_told_and_explained_by_the_next(tmp_path: Path, cut: int):
    path = tmp_path / "custody.jsonl"
    for _ in range(3):
        _append(path)
    path.write_bytes(path.read_bytes()[:-cut])
    assert read_custody(path).torn
    _append(path)
    verdict = read_custody(path)
    assert (verdict.problems, verdict.torn, verdict.events[-2:]) == ((), False, ("line-cut-off", "inspect"))


def test_a_full_disk_takes_no_half_line(tmp_path: Path):
    path = tmp_path / "custody.jsonl"
    worker = _start(path, limit=8_000)
    _, said = worker.communicate(timeout=60)
    assert b"File too large" in said
    verdict = read_custody(path)
    assert (verdict.problems, verdict.torn, verdict.head.lines) == ((), False, 2)
    assert [json.loads(line)["line"] for line in path.read_text().splitlines()] == [1, 2]
