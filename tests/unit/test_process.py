"""Tests of process.py, with the interpreter that runs them as the program."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from imgkit.errors import ToolFailed, ToolMissing
from imgkit.process import (
    PIPE_BYTES,
    Limits,
    enlarge_pipe,
    find_program,
    has_terminal,
    paste,
    programs_started,
    require_program,
    run,
    run_at_terminal,
    start,
    thread_gives_way,
)


def _python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_standard_output_comes_back():
    assert run(_python("print('hello')")).stdout == b"hello\n"


def test_output_can_go_to_a_file(tmp_path):
    with (tmp_path / "out").open("wb") as out:
        assert run(_python("print('hello')"), stdout=out).stdout == b""
    assert (tmp_path / "out").read_bytes() == b"hello\n"


def test_standard_input_is_closed_and_the_locale_fixed():
    code = "import os, sys; print(sys.stdin.read() == '', os.environ['LC_ALL'])"
    assert run(_python(code)).stdout == b"True C.UTF-8\n"


def test_a_failure_has_the_code_and_the_last_words():
    with pytest.raises(ToolFailed, match="exit code 3: last words") as caught:
        run(_python("import sys; sys.stderr.write('first\\nlast words\\n'); sys.exit(3)"))
    assert (caught.value.returncode, caught.value.stderr_tail) == (3, "first\nlast words")


def test_expected_exit_codes_are_no_failure():
    assert run(_python("import sys; sys.exit(3)"), accept=(0, 3)).returncode == 3


def test_only_the_end_of_standard_error_is_kept():
    tail = run(_python("import sys; sys.stderr.write('x' * 1000000 + 'end')")).stderr_tail
    assert tail.endswith("end")
    assert len(tail) <= 8192


def test_a_missing_program_is_not_a_failing_one():
    with pytest.raises(ToolMissing, match="no-such-program-here"):
        run(["no-such-program-here"])
    with pytest.raises(ToolMissing) as caught:
        require_program("no-such-program-here", package="some-package")
    assert "some-package" in caught.value.hint


def test_no_room_for_another_process_is_told_as_a_failing_program(monkeypatch):
    def refuse(*_words, **_options):
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(ToolFailed, match="could not be started: Resource temporarily unavailable"):
        run(_python(""))


def test_a_program_is_not_left_behind_where_there_is_no_room_for_a_thread(monkeypatch):
    children = []

    def refuse(_running, _argv, child):
        children.append(child)
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("imgkit.process.Running.__init__", refuse)
    with pytest.raises(ToolFailed, match="can't start new thread"):
        run(_python("import time; time.sleep(60)"))
    assert [child.returncode for child in children] == [-signal.SIGKILL]


def test_a_program_that_takes_too_long_is_ended():
    before = time.monotonic()
    with pytest.raises(ToolFailed, match=r"within 0\.2 s"):
        run(_python("import time; time.sleep(60)"), timeout_seconds=0.2)
    assert time.monotonic() - before < 30


def test_leaving_the_block_ends_the_program_and_its_children():
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with start(_python(code)) as running:
        grandchild = int(running.stdout.readline())
    assert running.poll() is not None
    deadline = time.monotonic() + 10
    while _is_alive(grandchild) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _is_alive(grandchild)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_input_can_be_piped():
    with start(_python("import sys; print(sys.stdin.read().upper())"), stdin=subprocess.PIPE) as running:
        running.stdin.write(b"quiet")
        running.stdin.close()
        assert running.stdout.read() == b"QUIET\n"


@pytest.mark.tools("prlimit")
def test_limits_reach_the_program():
    code = "import resource; print(resource.getrlimit(resource.RLIMIT_CPU)[0])"
    assert run(_python(code), limits=Limits(cpu_seconds=77)).stdout == b"77\n"


@pytest.mark.tools("prlimit")
def test_a_limit_is_not_set_above_the_one_that_we_are_under(monkeypatch):
    monkeypatch.setattr("resource.getrlimit", lambda kind: (50, 60))
    code = "import resource; print(resource.getrlimit(resource.RLIMIT_CPU)[0])"
    assert run(_python(code), limits=Limits(cpu_seconds=77)).stdout == b"60\n"
    assert run(_python(code), limits=Limits(cpu_seconds=7)).stdout == b"7\n"


def test_commands_can_be_pasted_whatever_is_in_them():
    assert paste(["tar", Path("a b"), b"\xff"]) == "tar 'a b' '\udcff'"


def test_the_first_program_found_is_taken():
    assert find_program("no-such-program-here", Path(sys.executable).name) is not None
    assert find_program("no-such-program-here") is None


def test_a_program_at_the_terminal_gives_its_exit_code_and_nothing_passes_through_here(capfd):
    assert run_at_terminal([sys.executable, "-c", "print('asked'); raise SystemExit(3)"]) == 3
    told = capfd.readouterr()
    assert (told.out, "asked" in told.err) == ("", True)


def test_a_missing_program_at_the_terminal_is_told_apart():
    with pytest.raises(ToolMissing):
        run_at_terminal(["no-such-program-at-all"])


def test_what_was_started_is_known_without_those_that_only_set_limits():
    run([sys.executable, "-c", ""], limits=Limits(cpu_seconds=20))
    started = programs_started()
    assert Path(sys.executable) in started
    assert "prlimit" not in {path.name for path in started}


def test_without_a_terminal_there_is_nobody_to_ask(monkeypatch):
    monkeypatch.setattr("imgkit.process.os.isatty", lambda handle: handle == 0)
    assert not has_terminal()
    monkeypatch.setattr("imgkit.process.os.isatty", lambda _: True)
    assert has_terminal()


def test_a_program_gives_way_to_us():
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    with start(_python("import sys; sys.stdin.read()"), stdin=subprocess.PIPE) as running:
        running.give_way()
        assert os.getpriority(os.PRIO_PROCESS, running.pid) == min(19, ours + 10)
    running.give_way()  # it has ended
    assert os.getpriority(os.PRIO_PROCESS, 0) == ours


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives threads priorities of their own")
def test_a_thread_gives_way_by_itself():
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    found: list[int] = []

    def work() -> None:
        thread_gives_way()
        found.append(os.getpriority(os.PRIO_PROCESS, 0))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [min(19, ours + 10)]
    assert os.getpriority(os.PRIO_PROCESS, 0) == ours


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a pipe grow")
def test_a_pipe_can_hold_more_and_what_cannot_is_left_as_it_is():
    reading, writing = os.pipe()
    try:
        enlarge_pipe(reading)
        assert fcntl.fcntl(writing, fcntl.F_GETPIPE_SZ) == PIPE_BYTES
    finally:
        os.close(reading)
        os.close(writing)
    with Path(os.devnull).open("rb") as no_pipe:
        enlarge_pipe(no_pipe.fileno())
