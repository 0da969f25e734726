"""Followers in threads of their own."""

import hashlib
import threading
from pathlib import Path

import pytest

from imgkit.digests import crc64
from imgkit.errors import ArchiveDamaged, NotAccessible, RetriesExhausted
from imgkit.ports import Frontier
from imgkit.transfer.followers import ArchiveDigest, Following
from imgkit.transfer.frontier import GrowingFile


def test_the_archive_digest_reads_once_for_both_digests(tmp_path: Path) -> None:
    path, content = tmp_path / "disk", b"0123456789" * 1000
    path.write_bytes(content)
    growing, digest = GrowingFile(path, len(content)), ArchiveDigest()
    following = Following([digest], growing)
    growing.offer(7)
    growing.offer(len(content))
    following.join()
    assert digest.sha256 == hashlib.sha256(content).hexdigest()
    assert digest.crc64 == crc64(content)


def test_a_file_that_cannot_be_read_back_is_said(tmp_path: Path) -> None:
    growing = GrowingFile(tmp_path / "none", 1)
    growing.offer(1)
    following = Following([ArchiveDigest()], growing)
    following.join()
    with pytest.raises(NotAccessible, match="cannot read back"):
        following.raise_first()


def test_the_error_of_a_follower_waits_for_whoever_asks() -> None:
    error = ArchiveDamaged("not gzip")

    def give_up(_: Frontier) -> None:
        raise error

    following = Following([give_up], GrowingFile(Path("x"), 1))
    following.join()
    assert following.is_done
    with pytest.raises(ArchiveDamaged) as raised:
        following.raise_first()
    assert raised.value is error


def test_the_writers_own_error_is_none_of_the_follower() -> None:
    growing = GrowingFile(Path("x"), 1)
    following = Following([lambda frontier: (frontier.wait_beyond(0), None)[1]], growing)
    growing.fail(RetriesExhausted("network"))
    following.join()
    following.raise_first()


def test_joining_may_have_an_end() -> None:
    go = threading.Event()
    following = Following([lambda _: (go.wait(), None)[1]], GrowingFile(Path("x"), 1))
    following.join(0.001)
    assert not following.is_done
    go.set()
    following.join()
