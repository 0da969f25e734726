"""Workers that die, hang or lie, as real processes; and what is left when the asker itself is killed."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from imgkit.errors import ToolFailed, ToolMissing
from imgkit.process import find_program
from imgkit.tools.guestfs import WORKER, binding_version, find_interpreter, start_worker
from imgkit.tools.guestfs_kvm import Kvm, probe_kvm

HELLO = 'import os, sys, time\nprint(\'{"id": 0, "ok": {}}\', flush=True)\n'


def fake(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "worker.py"
    path.write_text(HELLO + body)
    return path


def test_a_worker_that_is_killed_is_a_typed_error_with_its_log(tmp_path: Path):
    body = "sys.stdin.readline()\nprint('last words', file=sys.stderr, flush=True)\nos.kill(os.getpid(), 9)\n"
    with (
        start_worker(Path(sys.executable), worker=fake(tmp_path, body), scratch=tmp_path) as worker,
        pytest.raises(ToolFailed, match="signal 9") as caught,
    ):
        worker.call("version")
    assert caught.value.stderr_tail == "last words"


def test_a_worker_that_hangs_is_ended(tmp_path: Path):
    began = time.monotonic()
    with (
        start_worker(
            Path(sys.executable), worker=fake(tmp_path, "time.sleep(600)\n"), scratch=tmp_path, timeout_seconds=0.3
        ) as worker,
        pytest.raises(ToolFailed, match="no answer within"),
    ):
        worker.call("version")
    assert time.monotonic() - began < 30


def test_nothing_is_left_of_a_worker(tmp_path: Path):
    with start_worker(Path(sys.executable), worker=fake(tmp_path, "sys.stdin.read()\n"), scratch=tmp_path) as worker:
        assert worker.scratch.is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["worker.py"]


def test_a_python_without_the_binding_is_told_with_the_package(tmp_path: Path):
    interpreter = Path(sys.executable)
    if binding_version(interpreter):
        pytest.skip("this Python has the binding")
    with pytest.raises(ToolMissing, match="guestfs"), start_worker(interpreter, scratch=tmp_path):
        pytest.fail("it started")
    with pytest.raises(ToolMissing) as caught:
        find_interpreter(interpreter)
    assert "python3-guestfs" in caught.value.hint


@pytest.mark.tools("guestfs")
def test_a_worker_ends_and_cleans_up_when_its_asker_is_killed(tmp_path: Path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    worker = subprocess.Popen(
        [find_interpreter(), "-I", "-B", WORKER, scratch], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert worker.stdin
    assert worker.stdout
    assert b'"ok"' in worker.stdout.readline()
    worker.stdin.close()
    assert worker.wait(30) == 0
    worker.stdout.close()
    assert not scratch.exists()


@pytest.mark.tools("qemu-system-x86_64")
def test_the_probe_succeeds_where_the_processor_works():
    """By emulation, which always works: the same machine that is tried with KVM."""
    qemu = find_program("qemu-system-x86_64")
    assert qemu
    assert probe_kvm(qemu, accelerator="tcg", timeout_seconds=60).state is Kvm.USABLE


def test_a_probe_that_hangs_or_fails_is_broken(tmp_path: Path):
    qemu = tmp_path / "qemu-system-x86_64"
    for body, patience, reason in (
        ("exec sleep 600", 1, "hung"),
        ("echo failed to set MSR >&2; kill -ABRT $$", 60, "failed to set MSR"),
    ):
        qemu.write_text(f"#!/bin/sh\n{body}\n")
        qemu.chmod(0o755)
        verdict = probe_kvm(qemu, timeout_seconds=patience)
        assert verdict.state is Kvm.BROKEN
        assert reason in verdict.reason
        assert verdict.passing == (reason == "hung")
