"""The parent's side of the reading child: starting it, asking it, and going on when it crashes, hangs or grows."""

import logging
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from typing import Self

from imgkit.disks.native.spare import WORKER, take_spare
from imgkit.disks.native.wire import ANSWER, LARGEST_ANSWER, REQUEST, Garbled, State, What, decode_absence
from imgkit.errors import CannotLookInside, NeedsKey, NoSuchPathInside
from imgkit.files.closing import Closing
from imgkit.process import Running, enlarge_pipe, start
from imgkit.units import KiB

log = logging.getLogger(__name__)

_ENDING_SECONDS = 10.0  # from closing its pipe to its end: a core may have to be written
TIMEOUT_SECONDS = 120.0
MOST_FAILURES = 12
_LONGEST_EXPECTED = 16 * KiB  # fits into the pipe, so that writing never waits for a child that is writing itself
_STATES = frozenset(State)
_READ_BYTES = 1 << 20
_ENDS = {
    signal.SIGSEGV: "it crashed",
    signal.SIGBUS: "it crashed",
    signal.SIGABRT: "it crashed",
    signal.SIGXCPU: "it took more processor time than imgkit allows",
    signal.SIGKILL: "it was killed",
}


class ChildGone(Exception):
    """The child ended in the middle of a question, or said what makes no sense."""


class ReadingStopped(CannotLookInside):
    """The child did not live to answer; `frames` are what it said before."""

    def __init__(self, message: str, frames: Sequence[bytes]) -> None:
        super().__init__(message)
        self.frames = tuple(frames)


class Absent(NoSuchPathInside):
    """There is no such path. `lacking` is the folder that it lacks something in, and all names that are there."""

    def __init__(self, message: str, lacking: tuple[bytes, frozenset[bytes]] | None) -> None:
        super().__init__(message)
        self.lacking = lacking


class AskAgain(Exception):
    """The child ended, and perhaps over something that was never asked for; a new one is to be asked."""


class ReadingChild(Closing):
    """One child at a time; a new one is made after each failure, and `prepare` brings it to where the last one was."""

    def __init__(
        self,
        prepare: Callable[["ReadingChild"], None],
        *,
        argv: Sequence[str] = WORKER,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._prepare = prepare
        self._argv = tuple(argv)
        self._timeout_seconds = timeout_seconds
        self._opened = ExitStack()
        self._running: Running | None = None
        self._waiting = bytearray()
        self._expected: bytes | None = None
        self._may_go_ahead = True
        self.goes_ahead = False  # the present child
        self.generation = 0
        self.failures = 0

    def __enter__(self) -> Self:
        return self

    def ask(self, what: What, payload: bytes, *, tree: int = 0, offset: int = 0, count: int = 0) -> list[bytes]:
        """Ask one question and return the answer's frames.

        Raises NoSuchPathInside, NeedsKey, CannotLookInside with the child's own words, or because the child failed;
        AskAgain where it failed over something else, or may have.
        """
        self.ready()
        request = _request(what, payload, (tree, offset, count))
        if self._expected not in {None, request}:
            self._pass_over()
        frames: list[bytes] = []
        try:
            for frame in self._exchange(request):
                frames.append(frame)  # noqa: PERF402  # kept also where the next one never comes
        except ChildGone as gone:
            went_ahead = self.goes_ahead
            self._give_up()
            if went_ahead:
                raise AskAgain from gone
            raise ReadingStopped(f"the process that read it was ended: {gone}", frames) from gone
        return frames

    def go_ahead(self, tree: int) -> bool:
        """Let the child list the folders of a tree as a walk asks for them, while it is asked nothing else.

        Return whether it does: not after one has ended that did, perhaps over a folder. Raises as `ask` does.
        """
        if self._may_go_ahead:
            self.ask(What.WALK, b"", tree=tree)
            self.goes_ahead = True
        return self._may_go_ahead

    def expect(self, what: What, payload: bytes, *, tree: int = 0, offset: int = 0, count: int = 0) -> None:
        """Let the child work on the question that is asked next, while this side does something else."""
        request = _request(what, payload, (tree, offset, count))
        if self._running is not None and self._expected is None and len(request) <= _LONGEST_EXPECTED:
            self._expected = request
            with suppress(ChildGone):  # whoever asks finds out, and over what
                self._send(request)

    def _pass_over(self) -> None:
        """Let go of the answer to what was expected in vain."""
        self._expected = None
        try:
            self._let_go()
        except ChildGone as gone:
            self._give_up()
            raise AskAgain from gone

    def _let_go(self) -> None:
        with suppress(NoSuchPathInside, NeedsKey, CannotLookInside):
            for _ in self._answer():
                pass

    def ready(self) -> None:
        """Start a child, unless one is there."""
        if self._running is not None:
            return
        if self.failures >= MOST_FAILURES:
            raise CannotLookInside(f"reading these disks failed {self.failures} times, and is not tried again")
        self._running = self._opened.enter_context(self._begin())
        enlarge_pipe(self._running.stdout.fileno())
        enlarge_pipe(self._running.stdin.fileno())  # a child that never comes to read keeps nobody from going on
        self.generation += 1
        self._waiting.clear()
        self._expected = None
        try:
            self._prepare(self)
        except BaseException:
            if self._running is not None:
                self._give_up()
            raise

    def _begin(self) -> AbstractContextManager[Running]:
        spare = take_spare() if self._argv == WORKER and not self.failures else None
        return spare or start(self._argv, stdin=subprocess.PIPE)

    def close(self) -> None:
        self._running = None
        self._opened.close()

    def _give_up(self) -> None:
        self.failures += 1
        if self.goes_ahead:
            self.goes_ahead = self._may_go_ahead = False
        self.close()
        self._opened = ExitStack()

    def _exchange(self, request: bytes) -> Iterator[bytes]:
        if self._expected is None:
            self._send(request)
        self._expected = None
        yield from self._answer()

    def _send(self, request: bytes) -> None:
        assert self._running is not None
        try:
            self._running.stdin.write(request)
            self._running.stdin.flush()
        except OSError as error:
            raise ChildGone(self._how_it_ended()) from error

    def _answer(self) -> Iterator[bytes]:
        deadline = time.monotonic() + self._timeout_seconds
        state = State.MORE
        while state is State.MORE:
            state, frame = self._frame(deadline)
            if state is State.ABSENT:
                raise _absent(frame)
            if state is State.NEEDS_KEY:
                raise NeedsKey(_words(frame))
            if state is State.CANNOT:
                raise CannotLookInside(_words(frame))
            if state is State.MORE:
                yield frame

    def _frame(self, deadline: float) -> tuple[State, bytes]:
        number, length = ANSWER.unpack(self._take(ANSWER.size, deadline))
        if length > LARGEST_ANSWER or number not in _STATES:
            raise ChildGone("its answer makes no sense")
        return State(number), self._take(length, deadline)

    def _take(self, count: int, deadline: float) -> bytes:
        assert self._running is not None
        pipe = self._running.stdout.fileno()
        while len(self._waiting) < count:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([pipe], [], [], left)[0]:
                raise ChildGone(f"it gave no answer within {self._timeout_seconds:g} s")
            block = os.read(pipe, _READ_BYTES)
            if not block:
                raise ChildGone(self._how_it_ended())
            self._waiting += block
        taken = bytes(self._waiting[:count])
        del self._waiting[:count]
        return taken

    def _how_it_ended(self) -> str:
        assert self._running is not None
        try:
            code = self._running.wait(_ENDING_SECONDS)
        except TimeoutError:
            return "it closed its pipes, and went on"
        log.debug("the reading child ended with %s: %s", code, self._running.stderr_tail)
        if code < 0:
            return _ENDS.get(signal.Signals(-code), f"it ended with {signal.Signals(-code).name}")
        return f"it ended with exit code {code}"


def _request(what: What, payload: bytes, numbers: tuple[int, int, int]) -> bytes:
    return REQUEST.pack(len(payload), what, *numbers) + payload


def _absent(frame: bytes) -> Absent:
    try:
        words, lacking = decode_absence(frame)
    except Garbled as error:
        raise ChildGone("its answer makes no sense") from error
    return Absent(_words(words), lacking)


def _words(frame: bytes) -> str:
    return frame.decode("utf-8", "backslashreplace")
