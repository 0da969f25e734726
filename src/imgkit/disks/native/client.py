"""The parent's side of the reading child: starting it, asking it, and going on when it crashes, hangs or grows."""

import logging
import os
import select
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from typing import Self

from imgkit.disks.native.spare import WORKER, take_spare
from imgkit.disks.native.wire import ANSWER, LARGEST_ANSWER, REQUEST, State, What
from imgkit.errors import CannotLookInside, NeedsKey, NoSuchPathInside
from imgkit.files.closing import Closing
from imgkit.process import Running, start
from imgkit.units import KiB

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 120.0
MOST_FAILURES = 12
MOST_EXPECTED = 32
_SENT_AT_ONCE = 8
_MOST_EXPECTED_BYTES = 16 * KiB  # fits into the pipe, so that writing never waits for a child that is writing itself
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


class AskAgain(Exception):
    """The child ended over something that was expected and never asked for; a new one is to be asked."""


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
        self._expected: deque[bytes] = deque()
        self._unsent: list[bytes] = []
        self.generation = 0
        self.failures = 0

    def __enter__(self) -> Self:
        return self

    def ask(self, what: What, payload: bytes, *, tree: int = 0, offset: int = 0, count: int = 0) -> list[bytes]:
        """Ask one question and return the answer's frames.

        Raises NoSuchPathInside, NeedsKey, CannotLookInside with the child's own words, or because the child failed;
        AskAgain where it failed over something else.
        """
        self.ready()
        request = _request(what, payload, (tree, offset, count))
        self._pass_over_up_to(request)
        frames: list[bytes] = []
        try:
            for frame in self._exchange(request):
                frames.append(frame)  # noqa: PERF402  # kept also where the next one never comes
        except ChildGone as gone:
            self._give_up()
            raise ReadingStopped(f"the process that read it was ended: {gone}", frames) from gone
        return frames

    def expect(self, what: What, payload: bytes, *, tree: int = 0, offset: int = 0, count: int = 0) -> bool:
        """Let the child work on a question that is asked soon, while this side does something else.

        Such questions are best asked in the same order. Return whether it was passed on: few may wait at once.
        """
        request = _request(what, payload, (tree, offset, count))
        room = _MOST_EXPECTED_BYTES - sum(map(len, self._expected))
        if self._running is None or len(self._expected) >= MOST_EXPECTED or len(request) > room:
            return False
        self._expected.append(request)
        self._unsent.append(request)
        if len(self._unsent) in {len(self._expected), _SENT_AT_ONCE}:
            with suppress(ChildGone):  # whoever asks finds out, and over what
                self._send_expected()
        return True

    def _send_expected(self) -> None:
        """Send what was held back: each writing may put the child on our processor, so they go together."""
        if self._unsent:
            requests = b"".join(self._unsent)
            self._unsent.clear()
            self._send(requests)

    def _pass_over_up_to(self, request: bytes) -> None:
        """Let go of the answers that stand before this one: those of questions that were expected in vain."""
        try:
            while self._expected and self._expected[0] != request:
                self._expected.popleft()
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
        self.generation += 1
        self._waiting.clear()
        self._expected.clear()
        self._unsent.clear()
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
        self.close()
        self._opened = ExitStack()

    def _exchange(self, request: bytes) -> Iterator[bytes]:
        if self._expected:
            self._expected.popleft()
        else:
            self._send(request)
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
                raise NoSuchPathInside(_words(frame))
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
            self._send_expected()
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
            code = self._running.wait(self._timeout_seconds)
        except TimeoutError:
            return "it closed its pipes, and went on"
        log.debug("the reading child ended with %s: %s", code, self._running.stderr_tail)
        if code < 0:
            return _ENDS.get(signal.Signals(-code), f"it ended with {signal.Signals(-code).name}")
        return f"it ended with exit code {code}"


def _request(what: What, payload: bytes, numbers: tuple[int, int, int]) -> bytes:
    return REQUEST.pack(len(payload), what, *numbers) + payload


def _words(frame: bytes) -> str:
    return frame.decode("utf-8", "backslashreplace")
