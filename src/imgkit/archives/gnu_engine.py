"""GNU tar unpacks, and our own reader watches: the two must agree on every byte, or nothing comes out.

GNU tar is handed exactly one file: the blocks that describe it as they stood in the archive, its data, and an end. It
sees neither what stands around it nor another name, and what it makes of it is compared with what our reader makes of
it: a dense file byte by byte as it comes back through a pipe, a sparse one by its chunk digests on the disk.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import IO

from imgkit.archives.chunk_hasher import hash_stored
from imgkit.archives.digging import Digging
from imgkit.archives.disk_sink import DiskSink
from imgkit.archives.lane import Lane
from imgkit.archives.second_reading import ReadAgain, is_worth_it
from imgkit.archives.tar_block import BLOCK_BYTES, ZERO_BLOCK
from imgkit.archives.tar_reader import Hole, Member, TarReader
from imgkit.digests import ChunkDigests
from imgkit.errors import NoRoom, ToolFailed
from imgkit.files.sparse import SparseFile, is_zero
from imgkit.interruptions import held_back
from imgkit.process import PIPE_BYTES, Running, enlarge_pipe, thread_gives_way
from imgkit.safe_text import safe_name
from imgkit.tools.gnu_tar import GnuTar, extracting
from imgkit.units import KiB

Run = memoryview | Hole

_READ_BYTES = 256 * KiB
_ZEROES = memoryview(bytes(_READ_BYTES))


@dataclass(frozen=True, slots=True, kw_only=True)
class GnuEngine:
    """A GNU tar, and with `again` the way to a second reading of the archive, for GNU tar alone."""

    tar: GnuTar
    again: ReadAgain | None = None


class Comparison:
    """What GNU tar writes, held against what it should write. Reads on after a difference, so that nothing waits."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._buffer = bytearray(_READ_BYTES)
        self.same = True

    def compare(self, run: Run) -> None:
        for expected in _pieces(run):
            self._compare(expected)

    def finish(self) -> None:
        """Nothing more may come."""
        while self._read(_READ_BYTES):
            self.same = False

    def _compare(self, expected: memoryview) -> None:
        while expected and (got := self._read(min(len(expected), _READ_BYTES))):
            self.same &= self._buffer.startswith(expected[:got])  # compares memory to memory
            expected = expected[got:]
        self.same &= not expected

    def _read(self, most: int) -> int:
        """Read into the buffer, which stays in this core's cache; return how many bytes came."""
        with memoryview(self._buffer) as view:
            return os.readv(self._pipe, [view[:most]])


class Feed:
    """GNU tar's standard input. When it hangs up, our reader goes on: its judgement is the one that counts.

    Zeroes come out of a file in memory that holds nothing, by splice(2): the pipe then holds pages of the kernel's, and
    nothing is copied into it.
    """

    def __init__(self, pipe: IO[bytes], zeroes: int | None = None) -> None:
        self._pipe = pipe
        self._zeroes = zeroes
        self.is_open = True

    def write(self, data: bytes | memoryview) -> None:
        if not self.is_open:
            return
        try:
            self._pipe.write(data)
        except BrokenPipeError:
            self.is_open = False

    def write_run(self, run: Run) -> None:
        done = self._splice(run.length) if isinstance(run, Hole) else 0
        for piece in _pieces(Hole(length=run.length - done) if isinstance(run, Hole) else run):
            self.write(piece)

    def _splice(self, length: int) -> int:
        """Pass on zeroes without copying them; return for how many that went well."""
        done = 0
        while self.is_open and self._zeroes is not None and done < length:
            try:
                self._pipe.flush()
                done += os.splice(self._zeroes, self._pipe.fileno(), min(length - done, PIPE_BYTES), offset_src=0)
            except BrokenPipeError:
                self.is_open = False
            except OSError:  # a kernel or a sandbox that cannot
                self._zeroes = None
        return done

    def end(self, member: Member) -> None:
        """Complete the last block and mark the end of the archive."""
        self.write(bytes(-member.stored_bytes % BLOCK_BYTES) + 2 * ZERO_BLOCK)
        try:
            self._pipe.close()
        except BrokenPipeError:
            self.is_open = False


def extract_dense(engine: GnuEngine, reader: TarReader, member: Member, sink: DiskSink) -> str:
    """Send a dense member through GNU tar into `sink`; return what GNU tar remarked on it."""
    with _pipe() as (reading, writing):
        comparison = Comparison(reading)
        with (
            Lane("gnu tar", comparison.compare) as lane,
            _zeroes() as zeroes,
            _started(engine.tar, writing.fileno()) as running,
        ):
            writing.close()
            feed = Feed(running.stdin, zeroes)
            feed.write(member.header)
            for run in _zeroes_as_holes(reader.runs(member)):
                feed.write_run(run)
                lane.put(run, len(run) if isinstance(run, memoryview) else 0)
                sink.take(run)
            feed.end(member)
            lane.finish()
            comparison.finish()
            remark = _remark(running)
    if not comparison.same:
        raise _disagreement(engine.tar, remark)
    return remark


def extract_sparse(
    engine: GnuEngine, reader: TarReader, member: Member, sink: DiskSink, file: SparseFile
) -> tuple[str, ChunkDigests]:
    """Let GNU tar write a sparse member to `file`, and `sink` hash what our reader sees.

    GNU tar writes such a file 512 bytes at a time. Where it can be fed by a reading of its own, ours does not wait for
    it, and both of them give way to ours, behind which the longest work waits: the flat SHA-256. Return GNU tar's
    remark, and the chunk digests of what it wrote as read back from the disk.
    """
    digging = Digging(file)
    sink.hash_only()
    with (
        file.open_again() as stdout,
        Lane[Callable[[], None]]("gnu tar", lambda work: work()) as lane,
        _started(engine.tar, stdout) as running,
    ):
        feed = Feed(running.stdin)
        if engine.again is None or not is_worth_it(member):
            _feed(feed, member, _seen(reader.runs(member), sink), digging)
        else:
            runs_again = takewhile(lambda _: feed.is_open, engine.again(member))
            running.give_way()
            lane.put(thread_gives_way)
            lane.put(lambda: _feed(feed, member, runs_again, digging))
            for run in reader.runs(member):
                sink.take(run)
            lane.finish()
        remark = _remark(running)
    digging.finish()
    file.set_size(member.size)
    return remark, hash_stored(file.handle, jobs=_cores_beside_one())


def _cores_beside_one() -> int:
    """One is busy with the flat SHA-256 still."""
    return max(1, (os.cpu_count() or 1) - 1)


def _seen(runs: Iterator[Run], sink: DiskSink) -> Iterator[Run]:
    for run in runs:
        sink.take(run)
        yield run


def _feed(feed: Feed, member: Member, runs: Iterator[Run], digging: Digging) -> None:
    feed.write(member.header)
    for run in runs:
        if isinstance(run, memoryview):
            feed.write(run)
        digging.fed(run)
    feed.end(member)


def confirm_stored(path: Path, stored: ChunkDigests, expected: ChunkDigests, tar: GnuTar, remark: str) -> None:
    """Judge what GNU tar wrote. Raises ToolFailed, or NoRoom where that was the reason, when it differs."""
    if stored == expected:
        return
    if _tells_of_no_room(remark):
        raise NoRoom(f"no room left while GNU tar wrote {path}", hint="Free some, or choose another disk with -o.")
    raise _disagreement(tar, remark)


def _zeroes_as_holes(runs: Iterator[Run]) -> Iterator[Run]:
    """What is nothing but zeroes is sent on from zeroes of our own, which lie in the cache already."""
    for run in runs:
        yield Hole(length=len(run)) if isinstance(run, memoryview) and is_zero(run) else run


def _pieces(run: Run) -> Iterator[memoryview]:
    if isinstance(run, memoryview):
        yield run
        return
    for start in range(0, run.length, len(_ZEROES)):
        yield _ZEROES[: run.length - start]


@contextmanager
def _pipe() -> Iterator[tuple[int, IO[bytes]]]:
    """Give both ends of a pipe of our own: the reading one is closed only after its thread has ended."""
    reading, write_handle = os.pipe()
    try:
        with os.fdopen(write_handle, "wb", buffering=0) as writing:
            enlarge_pipe(reading)
            yield reading, writing
    finally:
        os.close(reading)


@contextmanager
def _zeroes() -> Iterator[int | None]:
    """Give a file in memory that reads as zeroes, where this system can pass its pages on to a pipe."""
    if sys.platform != "linux" or not hasattr(os, "splice"):
        yield None
        return
    handle = os.memfd_create("imgkit-zeroes")
    try:
        os.ftruncate(handle, PIPE_BYTES)
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _started(tar: GnuTar, stdout: int) -> Iterator[Running]:
    """Start GNU tar in a folder that is gone already: there is no place for a file, and none that could be left."""
    with ExitStack() as until_ended:
        with held_back(), tempfile.TemporaryDirectory(prefix="imgkit-tar-") as folder:
            running = until_ended.enter_context(extracting(tar, stdout=stdout, folder=Path(folder)))
        enlarge_pipe(running.stdin.fileno())
        yield running


def _remark(running: Running) -> str:
    """Return how GNU tar ended and what it said first, or of a full disk; empty when it was content."""
    returncode = running.wait()
    lines = running.stderr_tail.splitlines() or [""]
    said = safe_name(next(filter(_tells_of_no_room, lines), lines[0]), limit=200)
    return f"{said} (exit code {returncode})".strip() if returncode or said else ""


def _tells_of_no_room(line: str) -> bool:
    return "No space left" in line or "Disk quota" in line


def _disagreement(tar: GnuTar, remark: str) -> ToolFailed:
    return ToolFailed(
        f"GNU tar {tar.version} and imgkit's own reader do not unpack the same bytes"
        + (f" ({remark})" if remark else ""),
        hint="Keep the archive and report it. --tar builtin unpacks it without GNU tar.",
        stderr_tail=remark,
    )
