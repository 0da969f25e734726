"""The reading child as a process: its limits hold, and what ends it takes one answer with it and no more."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from imgkit.disks.machine_native import open_native_machine
from imgkit.disks.native import spare
from imgkit.disks.native.client import MOST_FAILURES, AskAgain, ReadingChild, ReadingStopped
from imgkit.disks.native.spare import WORKER, start_spare, take_spare
from imgkit.disks.native.wire import What
from imgkit.errors import CannotLookInside, NoSuchPathInside
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


@pytest.mark.skipif(sys.platform == "darwin", reason="only Linux lets a pipe hold that much")
def test_a_child_that_hangs_before_it_reads_a_long_question_is_ended_too() -> None:
    with child("give(State.DONE, b'')\ntime.sleep(600)", timeout_seconds=5) as made:
        made.ask(What.SURVEY, b"")
        with pytest.raises(ReadingStopped, match=r"within 5 s"):
            made.ask(What.SURVEY, bytes(900_000))


def test_a_child_that_closes_its_pipes_and_lives_on_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imgkit.disks.native.client._ENDING_SECONDS", 0.2)
    code = "os.close(0); os.close(1); time.sleep(600)"
    with child(code) as made, pytest.raises(ReadingStopped, match="closed its pipes"):
        made.ask(What.SURVEY, b"")


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


ECHO = """
def answer_all():
    while True:
        head = sys.stdin.buffer.read(REQUEST.size)
        if len(head) < REQUEST.size: return
        payload = sys.stdin.buffer.read(REQUEST.unpack(head)[0])
        if payload == b'die': os.kill(os.getpid(), signal.SIGSEGV)
        if payload == b'absent': give(State.ABSENT, encode_absence(b'gone', None)); continue
        give(State.MORE, payload * (70000 if payload == b'large' else 1))
        give(State.DONE, b'')
give(State.MORE, b''); give(State.DONE, b'')
answer_all()
"""


def ready_child() -> ReadingChild:
    """A child that gives back what it is asked, once its first question has been."""
    made = child(ECHO)
    made.ask(What.OPEN, b"")
    return made


def test_what_was_expected_is_answered_without_asking_again() -> None:
    with ready_child() as made:
        for expected in (b"large", b"two"):
            made.expect(What.LIST, expected)
            made.expect(What.LIST, b"a second one is not taken note of")
            assert made.ask(What.LIST, expected) == [expected * (70000 if expected == b"large" else 1)]
        made.expect(What.LIST, b"absent")
        with pytest.raises(NoSuchPathInside, match="gone"):
            made.ask(What.LIST, b"absent")
        made.expect(What.LIST, bytes(64 * 1024))
        assert made.ask(What.LIST, b"four") == [b"four"]


@pytest.mark.parametrize("expected", [b"large", b"absent", b"three"])
def test_what_was_expected_in_vain_is_passed_over(expected: bytes) -> None:
    with ready_child() as made:
        made.expect(What.LIST, expected)
        assert made.ask(What.STAT, b"another") == [b"another"]
        assert made.ask(What.LIST, b"three") == [b"three"]


def test_a_child_that_dies_over_an_expected_question_is_blamed_on_that_question() -> None:
    with ready_child() as made:
        made.expect(What.LIST, b"die")
        with pytest.raises(ReadingStopped, match="crashed"):
            made.ask(What.LIST, b"die")
        assert made.failures == 1


def test_a_child_that_dies_over_what_nobody_asks_is_asked_again_and_no_other_question_is_blamed() -> None:
    with ready_child() as made:
        made.expect(What.LIST, b"die")
        with pytest.raises(AskAgain):
            made.ask(What.LIST, b"innocent")
        assert (made.failures, made.generation) == (1, 1)
        made.ask(What.OPEN, b"")
        assert made.ask(What.LIST, b"innocent") == [b"innocent"]


def test_nothing_is_expected_of_a_child_that_is_not_there() -> None:
    with child(ECHO) as made:
        made.expect(What.LIST, b"/")
        assert made.generation == 0
        assert made.ask(What.OPEN, b"") == [b""]


def test_a_child_that_ends_while_it_goes_ahead_is_not_blamed_on_what_was_asked_and_the_next_does_not_go_ahead() -> None:
    with ready_child() as made:
        assert made.go_ahead(0)
        with pytest.raises(AskAgain):
            made.ask(What.LIST, b"die")
        made.ask(What.OPEN, b"")
        assert not made.go_ahead(0)
        with pytest.raises(ReadingStopped, match="crashed"):
            made.ask(What.LIST, b"die")
        assert (made.failures, made.generation) == (2, 2)


def test_a_child_that_went_ahead_and_ends_over_what_nobody_asks_is_the_last_one_that_does() -> None:
    with ready_child() as made:
        made.go_ahead(0)
        made.expect(What.LIST, b"die")
        with pytest.raises(AskAgain):
            made.ask(What.LIST, b"innocent")
        assert not made.goes_ahead
        made.ask(What.OPEN, b"")
        assert not made.go_ahead(0)
        with pytest.raises(ReadingStopped, match="crashed"):
            made.ask(What.LIST, b"die")


def test_a_spare_child_is_taken_once_and_reads_as_any_other(tmp_path: Path) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes(bytes(1 << 20))
    start_spare()
    with open_native_machine([DiskImage(path=path, format=DiskFormat.RAW)]) as machine:
        assert machine.storage.blank == ("system",)
        running = machine._child._running
        assert take_spare() is None
    assert running is not None
    assert running.poll() in {0, -signal.SIGTERM}


def test_a_spare_child_that_died_while_it_waited_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes(bytes(1 << 20))
    start_spare()
    os.kill(spare._spares[-1][1].pid, signal.SIGKILL)
    with open_native_machine([DiskImage(path=path, format=DiskFormat.RAW)]) as machine:
        assert machine.storage.blank == ("system",)
        assert machine._child.failures == 1


def test_a_spare_child_that_nobody_took_ends_with_the_program() -> None:
    code = "from imgkit.disks.native import spare\nspare.start_spare()\nprint(spare._spares[0][1].pid)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    with pytest.raises(ProcessLookupError):
        os.kill(int(said.stdout), 0)


def test_too_few_open_files_for_a_child_are_told_and_are_no_bug(tmp_path: Path) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes(bytes(1 << 20))
    code = (
        "import resource, sys; from imgkit.cli.main import run; import imgkit.cli.inspect, imgkit.disks.native.spare\n"
        f"sys.argv = ['imgkit', 'inspect', {str(path)!r}]\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8)); run()"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert said.returncode != 1, said.stderr
    assert "Traceback" not in said.stderr
    assert "could not be started" in said.stderr
