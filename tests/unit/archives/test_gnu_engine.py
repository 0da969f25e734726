"""What GNU tar writes is held against what it should write; the real program is for the integration tests."""

import os
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from imgkit.archives.chunk_hasher import hash_stored
from imgkit.archives.gnu_engine import Comparison, Feed, _started, confirm_stored
from imgkit.archives.tar_reader import Hole, Member
from imgkit.digests import ChunkDigests
from imgkit.errors import NoRoom, ToolFailed
from imgkit.tools.gnu_tar import GnuTar

TAR = GnuTar(path=Path("tar"), version="1.0")
EXPECTED = memoryview(b"0123456789")


def compared(written: bytes) -> bool:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as out:
        out.write(written)
    comparison = Comparison(reading)
    comparison.compare(EXPECTED[:4])
    comparison.compare(EXPECTED[4:])
    comparison.finish()
    os.close(reading)
    return comparison.same


def test_only_the_same_bytes_are_the_same() -> None:
    assert compared(b"0123456789")
    for written in (b"", b"0123", b"012345678", b"01234567890", b"0123x56789", b"x123456789"):
        assert not compared(written)


def test_zeroes_that_were_not_kept_must_come_all_the_same() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as out:
        out.write(bytes(5000) + b"\1")
    comparison = Comparison(reading)
    judged = []
    for length in (5000, 1):
        comparison.compare(Hole(length=length))
        judged.append(comparison.same)
    os.close(reading)
    assert judged == [True, False]


def test_a_feed_completes_the_last_block_and_marks_the_end(tmp_path: Path) -> None:
    with (tmp_path / "fed").open("wb") as out:
        feed = Feed(out)
        feed.write(b"h" * 512 + b"data")
        feed.end(Member(name=b"x", size=4, stored_bytes=4))
        assert out.closed
    assert (tmp_path / "fed").read_bytes() == b"h" * 512 + b"data" + bytes(508 + 1024)


def test_a_reader_that_hangs_up_does_not_stop_ours() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    out = os.fdopen(writing, "wb", buffering=0)
    feed = Feed(out)
    feed.write(b"first")
    feed.write(b"second")
    feed.end(Member(name=b"x", size=4, stored_bytes=4))
    assert out.closed


def digests_of(path: Path, content: bytes) -> ChunkDigests:
    path.write_bytes(content)
    with path.open("rb") as file:
        return hash_stored(file.fileno())


def test_what_stands_on_the_disk_has_the_last_word(tmp_path: Path) -> None:
    path = tmp_path / "disk"
    stored, chunks = digests_of(path, b"disk"), digests_of(path, b"dusk")
    confirm_stored(path, stored, stored, TAR, "")
    with pytest.raises(ToolFailed, match=r"GNU tar 1\.0 .* do not unpack the same bytes \(it said so\)"):
        confirm_stored(path, stored, chunks, TAR, "it said so")
    with pytest.raises(NoRoom):
        confirm_stored(path, stored, chunks, TAR, "Cannot write: No space left on device (exit code 2)")


def test_an_interruption_while_gnu_tar_starts_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*given: Any, **named: Any) -> Any:
        made = mkdtemp(*given, **named)
        signal.raise_signal(signal.SIGINT)  # before anybody knows the folder's name
        return made

    def start() -> None:
        with _started(GnuTar(path=Path("/bin/cat"), version="1.34"), subprocess.DEVNULL):
            raise AssertionError("it went on")

    mkdtemp = tempfile.mkdtemp
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("tempfile.mkdtemp", interrupted)
    with pytest.raises(KeyboardInterrupt):
        start()
    assert list(tmp_path.iterdir()) == []
