"""The reading child as a process: its limits hold, and what ends it takes one answer with it and no more."""

import signal
import sys
import textwrap
import time
from pathlib import Path

import pytest

from imgkit.disks.machine_native import open_native_machine
from imgkit.disks.native.client import MOST_FAILURES, WORKER, ReadingChild, ReadingStopped
from imgkit.disks.native.wire import What
from imgkit.errors import CannotLookInside
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat

HEAD = """
import os, signal, sys, time
from imgkit.disks.native.limits import *
from imgkit.disks.native.wire import *
set_limits()
def take():
    head = sys.stdin.buffer.read(REQUEST.size)
    return sys.stdin.buffer.read(REQUEST.unpack(head)[0])
def give(state, data):
    sys.stdout.buffer.write(ANSWER.pack(state, len(data)) + data)
    sys.stdout.buffer.flush()
take()
"""


def child(code: str, timeout_seconds: float = 60) -> ReadingChild:
    argv = (sys.executable, "-c", HEAD + textwrap.dedent(code))
    return ReadingChild(lambda made: None, argv=argv, timeout_seconds=timeout_seconds)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "it crashed"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "it was killed"),
        ("sys.exit(3)", "exit code 3"),
        ("give(200, b'')", "makes no sense"),
        ("sys.stdout.buffer.write(ANSWER.pack(1, 1 << 31)); sys.stdout.flush(); time.sleep(99)", "makes no sense"),
        ("allow_processor_time(1)\nwhile True: pass", "more processor time"),
    ],
)
def test_however_the_child_ends_it_is_said(code: str, words: str) -> None:
    with child(code) as made, pytest.raises(ReadingStopped, match=words):
        made.ask(What.SURVEY, b"")


def test_a_child_that_hangs_is_ended_after_its_time() -> None:
    begun = time.monotonic()
    with child("time.sleep(600)", timeout_seconds=0.5) as made, pytest.raises(ReadingStopped, match=r"within 0.5 s"):
        made.ask(What.SURVEY, b"")
    assert time.monotonic() - begun < 30


def test_what_it_said_before_is_kept() -> None:
    with child("give(State.MORE, b'system:1')\nsys.exit(1)") as made, pytest.raises(ReadingStopped) as raised:
        made.ask(What.SURVEY, b"")
    assert raised.value.frames == (b"system:1",)


def test_a_new_child_is_made_until_it_has_failed_too_often() -> None:
    with child("sys.exit(1)") as made:
        for _ in range(MOST_FAILURES):
            with pytest.raises(ReadingStopped):
                made.ask(What.SURVEY, b"")
        assert made.generation == MOST_FAILURES
        with pytest.raises(CannotLookInside, match="not tried again"):
            made.ask(What.SURVEY, b"")


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not keep a bound on address space")
def test_it_cannot_take_more_memory_than_300_mb() -> None:
    code = "try: x = bytearray(400 << 20)\nexcept MemoryError: give(State.MORE, b'refused'); give(State.DONE, b'')"
    with child(code) as made:
        assert made.ask(What.SURVEY, b"") == [b"refused"]


def test_it_cannot_write_a_file(tmp_path: Path) -> None:
    code = f"""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with open({str(tmp_path / "file")!r}, "wb") as file: file.write(b"x")
    except OSError as error: give(State.MORE, b'%d' % error.errno)
    give(State.DONE, b'')
    """
    with child(textwrap.dedent(code)) as made:
        assert made.ask(What.SURVEY, b"") == [b"27"]


def test_the_real_child_ends_with_its_parent_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes(bytes(1 << 20))
    with open_native_machine([DiskImage(path=path, format=DiskFormat.RAW)]) as machine:
        assert machine.storage.blank == ("system",)
        running = machine._child._running
        assert running is not None
        assert running.poll() is None
    assert running.poll() in {0, -signal.SIGTERM}
    assert WORKER[0] == sys.executable
