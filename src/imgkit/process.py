"""The only place that starts programs: a list and never a shell, a fixed locale, no standard input unless given."""

import fcntl
import logging
import os
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from imgkit.errors import ToolFailed, ToolMissing

log = logging.getLogger(__name__)

STDERR_TAIL_BYTES = 8 * 1024
PIPE_BYTES = 1024 * 1024  # the most that Linux allows everybody (pipe(7))
_GRACE_SECONDS = 5.0
_WAY_GIVEN = 10  # steps of niceness: about a tenth of what others get
_STARTERS = ("setpriv", "prlimit")
_started: dict[Path, None] = {}  # in the order of their first start

Word = str | bytes | Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """What a finished program left: its standard output, and the end of what it said on standard error."""

    stdout: bytes
    stderr_tail: str
    returncode: int = 0


@dataclass(slots=True, kw_only=True)
class Limits:
    """Bounds on a child process, where the system can set them; None leaves the parent's own."""

    address_space_bytes: int | None = None
    cpu_seconds: int | None = None


class Running:
    """A program at work. `stdin` and `stdout` are its pipes, where they were asked for."""

    def __init__(self, argv: Sequence[Word], child: "subprocess.Popen[bytes]") -> None:
        self._argv = argv
        self._child = child
        self._tail: deque[bytes] = deque()
        self._reader = threading.Thread(target=self._drain_stderr, name="stderr", daemon=True)
        self._reader.start()

    @property
    def name(self) -> str:
        """The program's bare name."""
        return program_name(self._argv)

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def stdin(self) -> IO[bytes]:
        assert self._child.stdin is not None, "no pipe to standard input was asked for"
        return self._child.stdin

    @property
    def stdout(self) -> IO[bytes]:
        assert self._child.stdout is not None, "no pipe from standard output was asked for"
        return self._child.stdout

    @property
    def stderr_tail(self) -> str:
        """The end of what the program has said so far."""
        return b"".join(self._tail)[-STDERR_TAIL_BYTES:].decode("utf-8", "backslashreplace").strip()

    def poll(self) -> int | None:
        """Return the exit code, None while the program runs."""
        return self._child.poll()

    def wait(self, timeout_seconds: float | None = None) -> int:
        """Wait for the end and return the exit code; negative for a signal. Raises TimeoutError."""
        try:
            returncode = self._child.wait(timeout_seconds)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"{program_name(self._argv)} took more than {timeout_seconds} s") from error
        self._reader.join(_GRACE_SECONDS)
        return returncode

    def give_way(self) -> None:
        """Let other work go first."""
        _give_way(self._child.pid)

    def require_success(self) -> None:
        """Wait for the end. Raises ToolFailed on an exit code other than 0."""
        _judge(self._argv, Completed(stdout=b"", returncode=self.wait(), stderr_tail=self.stderr_tail), (0,))

    def stop(self) -> None:
        """End the program and all that it started: politely, then for certain."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            self._signal_group(number)
            try:
                self._child.wait(_GRACE_SECONDS)
                break
            except subprocess.TimeoutExpired:
                continue
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                _close_quietly(pipe)

    def _signal_group(self, number: int) -> None:
        try:
            os.killpg(self._child.pid, number)
        except (ProcessLookupError, PermissionError):
            self._child.send_signal(number)

    def _drain_stderr(self) -> None:
        assert self._child.stderr is not None
        held = 0
        while block := self._child.stderr.read1(4096):  # type: ignore[attr-defined]  # a BufferedReader in truth
            self._tail.append(block)
            held += len(block)
            while held - len(self._tail[0]) > STDERR_TAIL_BYTES:
                held -= len(self._tail.popleft())
        self._child.stderr.close()


def thread_gives_way() -> None:
    """Let other work, that of our other threads too, go before the calling thread's; Linux alone tells them apart."""
    if sys.platform == "linux":
        _give_way(threading.get_native_id())


def _give_way(process: int) -> None:
    with suppress(OSError):  # it has ended, or may not be told
        os.setpriority(os.PRIO_PROCESS, process, min(19, os.getpriority(os.PRIO_PROCESS, 0) + _WAY_GIVEN))


def programs_started() -> tuple[Path, ...]:
    """Return the programs that this process has started so far, without those that only set limits for another."""
    return tuple(_started)


def find_program(*names: str) -> Path | None:
    """Return the first of these programs that is on the PATH."""
    for name in names:
        found = shutil.which(name)
        if found:
            return Path(found)
    return None


def require_program(*names: str, package: str) -> Path:
    """Return the first of these programs on the PATH, or raise ToolMissing naming the package that holds it."""
    found = find_program(*names)
    if found is None:
        raise ToolMissing(
            f"{names[0]} is not installed",
            hint=f"Install it ({package}), or see what else is missing with: imgkit doctor",
        )
    return found


def run(
    argv: Sequence[Word],
    *,
    stdout: BinaryIO | None = None,
    stdin: BinaryIO | None = None,
    timeout_seconds: float | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    accept: Sequence[int] = (0,),
) -> Completed:
    """Run a program to its end.

    Its standard output is returned, or goes to `stdout`. Raises ToolMissing, and ToolFailed on an exit code outside
    `accept` or after `timeout_seconds`.
    """
    with start(argv, stdout=stdout, stdin=stdin, cwd=cwd, env=env, limits=limits) as child:
        with ended_after(child, timeout_seconds):
            output = b"" if stdout is not None else child.stdout.read()
            returncode = child.wait()
        return _judge(argv, Completed(stdout=output, stderr_tail=child.stderr_tail, returncode=returncode), accept)


@contextmanager
def ended_after(child: Running, timeout_seconds: float | None) -> Iterator[None]:
    """End the program when the block takes longer, whatever it waits for; the block then raises ToolFailed."""
    late = threading.Event()

    def stop() -> None:
        late.set()
        child.stop()

    timer = threading.Timer(timeout_seconds or 0, stop)
    timer.daemon = True
    if timeout_seconds is not None:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if late.is_set():
            raise ToolFailed(
                f"{child.name} did not finish within {timeout_seconds:g} s",
                hint="It was ended. The disk that it reads or writes may hang: see the kernel's log.",
                returncode=child.poll() or 0,
            )


def _judge(argv: Sequence[Word], done: Completed, accept: Sequence[int]) -> Completed:
    if done.returncode in accept:
        return done
    name = program_name(argv)
    reason = done.stderr_tail.splitlines()[-1] if done.stderr_tail else ""
    raise ToolFailed(
        f"{name} failed with exit code {done.returncode}" + (f": {reason}" if reason else ""),
        hint="The log (--log-file or -v) has the whole command.",
        returncode=done.returncode,
        stderr_tail=done.stderr_tail,
    )


def has_terminal() -> bool:
    """Whether a program could ask somebody: standard input and standard error are a terminal."""
    try:
        return os.isatty(0) and os.isatty(2)
    except OSError:
        return False


def run_at_terminal(argv: Sequence[Word], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> int:
    """Run a program that may ask for a passphrase, and return its exit code.

    It stays in our process group, or the terminal would stop it when it reads, and has the terminal as its standard
    input and error; what it says on its standard output goes there too. Nothing of it passes through here.
    Raises ToolMissing.
    """
    log.debug("running at the terminal: %s", paste(argv))
    try:
        with subprocess.Popen(list(argv), stdout=2, cwd=cwd, env=child_environment(env)) as child:
            _remember(argv)
            return child.wait()
    except FileNotFoundError as error:
        raise _missing(argv) from error


@contextmanager
def start(
    argv: Sequence[Word],
    *,
    stdout: BinaryIO | int | None = None,
    stdin: BinaryIO | int | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    pass_fds: Sequence[int] = (),
) -> Iterator[Running]:
    """Start a program in a process group of its own; leaving the block ends it if it still runs.

    `stdout=None` gives a pipe in `Running.stdout`; `stdin=None` closes it, `subprocess.PIPE` gives a pipe.
    Raises ToolMissing when there is no such program.
    """
    log.debug("running: %s", paste(argv))
    try:
        child = subprocess.Popen(
            _limited(argv, limits),
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=subprocess.PIPE if stdout is None else stdout,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=child_environment(env),
            process_group=0,
            pass_fds=pass_fds,
        )
    except FileNotFoundError as error:
        raise _missing(argv) from error
    except OSError as error:  # no room for another process, or for its pipes
        raise _not_started(argv, error.strerror or str(error)) from error
    _remember(argv)
    running = _watched(argv, child)
    try:
        yield running
    finally:
        if running.poll() is None:
            running.stop()
        _close_quietly(child.stdout)
        _close_quietly(child.stdin)
        log.debug("%s ended with %s", program_name(argv), running.poll())


def _watched(argv: Sequence[Word], child: "subprocess.Popen[bytes]") -> Running:
    """Take charge of a new process; where there is no room for the thread that listens to it, none of it stays."""
    try:
        return Running(argv, child)
    except RuntimeError as error:
        child.kill()
        with child:  # closes its pipes and waits for it
            raise _not_started(argv, str(error)) from error


def child_environment(extra: Mapping[str, str] | None) -> dict[str, str]:
    """Return the parent's environment with a fixed locale, so that messages can be read by programs."""
    return os.environ | {"LC_ALL": "C.UTF-8", "LANGUAGE": "C"} | dict(extra or {})


def enlarge_pipe(pipe: int) -> None:
    """Let a pipe hold `PIPE_BYTES`, where that can be asked for: fewer changes between the programs at its ends."""
    if sys.platform == "linux":
        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def paste(argv: Sequence[Word]) -> str:
    """Return the command as one line that can be pasted into a shell."""
    return " ".join(shlex.quote(os.fsdecode(word)) for word in argv)


def program_name(argv: Sequence[Word]) -> str:
    """Return the bare name of the program, also where another one only sets something and starts it."""
    return _program(argv).name


def _program(argv: Sequence[Word]) -> Path:
    path = Path(os.fsdecode(argv[0]))
    if path.name in _STARTERS and "--" in argv:
        return _program(argv[list(argv).index("--") + 1 :])
    return path


def _remember(argv: Sequence[Word]) -> None:
    path = shutil.which(_program(argv))
    if path is not None:
        _started[Path(path)] = None


def _missing(argv: Sequence[Word]) -> ToolMissing:
    return ToolMissing(f"{program_name(argv)} is not installed", hint="See what is missing with: imgkit doctor")


def _not_started(argv: Sequence[Word], reason: str) -> ToolFailed:
    return ToolFailed(
        f"{program_name(argv)} could not be started: {reason}",
        hint="See what this user may have at once (ulimit -a): open files, processes, memory.",
    )


def _limited(argv: Sequence[Word], limits: Limits | None) -> list[Word]:
    """Set limits through prlimit(1), which needs no code between fork and exec; where it is missing there are none."""
    if limits is None or not (prlimit := shutil.which("prlimit")):
        return list(argv)
    words: list[Word] = [prlimit, "--core=0"]
    if limits.address_space_bytes is not None:
        words.append(f"--as={_settable(limits.address_space_bytes, resource.RLIMIT_AS)}")
    if limits.cpu_seconds is not None:
        words.append(f"--cpu={_settable(limits.cpu_seconds, resource.RLIMIT_CPU)}")
    return [*words, "--", *argv]


def _settable(limit: int, kind: int) -> int:
    """Return no more than the limit that we are under: prlimit cannot go above it, and would start nothing."""
    _, hard = resource.getrlimit(kind)
    return limit if hard == resource.RLIM_INFINITY else min(limit, hard)


def _close_quietly(pipe: IO[bytes] | None) -> None:
    if pipe is None:
        return
    try:
        pipe.close()
    except OSError:  # the program is gone, and with it the other end
        log.debug("a pipe was closed by the other end")
