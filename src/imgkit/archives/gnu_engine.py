"""GNU tar unpacks, and our own reader watches: the two must agree on every byte, or nothing comes out.

GNU tar is handed exactly one file: the blocks that describe it as they stood in the archive, its data, and an end. It
sees neither what stands around it nor another name, and what it makes of it is compared with what our reader makes of
it: a dense file byte by byte as it comes back through a pipe, a sparse one by its chunk digests on the disk.
"""

import contextlib
import fcntl
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from imgkit.archives.chunk_hasher import hash_stored
from imgkit.archives.disk_sink import DiskSink
from imgkit.archives.lane import Lane
from imgkit.archives.tar_block import BLOCK_BYTES, ZERO_BLOCK
from imgkit.archives.tar_reader import Member, TarReader
from imgkit.digests import ChunkDigests
from imgkit.errors import NoRoom, ToolFailed
from imgkit.files.sparse import SparseFile
from imgkit.process import Running
from imgkit.safe_text import safe_name
from imgkit.tools.gnu_tar import GnuTar, extracting
from imgkit.units import MiB

_PIPE_BYTES = MiB
_READ_BYTES = MiB


class Comparison:
    """What GNU tar writes, held against what it should write. Reads on after a difference, so that nothing waits."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self.same = True

    def compare(self, expected: memoryview) -> None:
        while expected and (got := os.read(self._pipe, min(len(expected), _READ_BYTES))):
            self.same &= got.startswith(expected[: len(got)])  # compares memory to memory
            expected = expected[len(got) :]
        self.same &= not expected

    def finish(self) -> None:
        """Nothing more may come."""
        while os.read(self._pipe, _READ_BYTES):
            self.same = False


class Feed:
    """GNU tar's standard input. When it hangs up, our reader goes on: its judgement is the one that counts."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._open = True

    def write(self, data: bytes | memoryview) -> None:
        if not self._open:
            return
        try:
            self._pipe.write(data)
        except BrokenPipeError:
            self._open = False

    def end(self, member: Member) -> None:
        """Complete the last block and mark the end of the archive."""
        self.write(bytes(-member.stored_bytes % BLOCK_BYTES) + 2 * ZERO_BLOCK)
        try:
            self._pipe.close()
        except BrokenPipeError:
            self._open = False


def extract_dense(tar: GnuTar, reader: TarReader, member: Member, sink: DiskSink) -> str:
    """Send a dense member through GNU tar into `sink`; return what GNU tar remarked on it."""
    with _pipe() as (reading, writing):
        comparison = Comparison(reading)
        with Lane("gnu tar", comparison.compare) as lane, _started(tar, writing.fileno()) as running:
            writing.close()
            feed = Feed(running.stdin)
            feed.write(member.header)
            for run in reader.runs(member):
                assert isinstance(run, memoryview), "a dense member has no holes"
                feed.write(run)
                lane.put(run)
                sink.take(run)
            feed.end(member)
            lane.finish()
            comparison.finish()
            remark = _remark(running)
    if not comparison.same:
        raise _disagreement(tar, remark)
    return remark


def extract_sparse(tar: GnuTar, reader: TarReader, member: Member, sink: DiskSink, file: SparseFile) -> str:
    """Let GNU tar write a sparse member to `file`, and `sink` hash what our reader sees; return GNU tar's remark.

    `confirm_stored` has the last word, once `sink` is finished.
    """
    with _started(tar, file.handle) as running:
        feed = Feed(running.stdin)
        feed.write(member.header)
        for run in reader.runs(member):
            if isinstance(run, memoryview):
                feed.write(run)
            sink.take(run)
        feed.end(member)
        remark = _remark(running)
    file.set_size(member.size)
    return remark


def confirm_stored(path: Path, chunks: ChunkDigests, tar: GnuTar, remark: str) -> None:
    """Read back what GNU tar wrote. Raises ToolFailed, or NoRoom where that was the reason, when it differs."""
    if hash_stored(path) == chunks:
        return
    if "No space left" in remark or "Disk quota" in remark:
        raise NoRoom(f"no room left while GNU tar wrote {path}", hint="Free some, or choose another disk with -o.")
    raise _disagreement(tar, remark)


@contextmanager
def _pipe() -> Iterator[tuple[int, IO[bytes]]]:
    """Give both ends of a pipe of our own: the reading one is closed only after its thread has ended."""
    reading, write_handle = os.pipe()
    try:
        with os.fdopen(write_handle, "wb", buffering=0) as writing:
            _enlarge(reading)
            yield reading, writing
    finally:
        os.close(reading)


def _enlarge(pipe: int) -> None:
    """Let a pipe hold more, where that can be asked for: fewer changes between the programs."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


@contextmanager
def _started(tar: GnuTar, stdout: int) -> Iterator[Running]:
    with (
        tempfile.TemporaryDirectory(prefix="imgkit-tar-") as folder,
        extracting(tar, stdout=stdout, folder=Path(folder)) as running,
    ):
        _enlarge(running.stdin.fileno())
        yield running


def _remark(running: Running) -> str:
    """Return how GNU tar ended and the first thing that it said, empty when it was content."""
    returncode = running.wait()
    said = safe_name(running.stderr_tail.partition("\n")[0], limit=200)
    return f"{said} (exit code {returncode})".strip() if returncode or said else ""


def _disagreement(tar: GnuTar, remark: str) -> ToolFailed:
    return ToolFailed(
        f"GNU tar {tar.version} and imgkit's own reader do not unpack the same bytes"
        + (f" ({remark})" if remark else ""),
        hint="Keep the archive and report it. --tar builtin unpacks it without GNU tar.",
        stderr_tail=remark,
    )
