"""The growing file and its readers."""

import gc
import io
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgkit.errors import Differs, RetriesExhausted
from imgkit.transfer.frontier import FrontierReader, GrowingFile


@given(offers=st.lists(st.integers(0, 100)))
def test_the_finished_prefix_never_steps_back(offers: list[int]) -> None:
    growing = GrowingFile(Path("x"), 100)
    seen = [0]
    for offer in offers:
        growing.offer(offer)
        if max(seen[-1], offer) > 0:
            seen.append(growing.wait_beyond(max(seen[-1], offer) - 1))
    assert seen == sorted(seen)
    assert seen[-1] == max([0, *offers])


def test_more_than_there_is_cannot_be_offered() -> None:
    with pytest.raises(ValueError, match="cannot be finished"):
        GrowingFile(Path("x"), 100).offer(101)


def test_waiting_at_the_end_returns_the_whole() -> None:
    growing = GrowingFile(Path("x"), 5)
    growing.offer(5)
    assert growing.wait_beyond(5) == 5


def test_an_empty_file_keeps_nobody_waiting() -> None:
    assert GrowingFile(Path("x"), 0).wait_beyond(0) == 0


def test_a_waiter_gets_the_writers_error() -> None:
    growing = GrowingFile(Path("x"), 5)
    caught: list[BaseException] = []

    def wait() -> None:
        with pytest.raises(RetriesExhausted) as raised:
            growing.wait_beyond(0)
        caught.append(raised.value)

    waiter = threading.Thread(target=wait)
    waiter.start()
    error = RetriesExhausted("gone")
    growing.fail(error)
    waiter.join()
    assert caught == [error]
    assert growing.failed_with(error)


def test_the_first_error_stays() -> None:
    growing = GrowingFile(Path("x"), 5)
    growing.fail(RetriesExhausted("first"))
    growing.fail(RetriesExhausted("second"))
    with pytest.raises(RetriesExhausted, match="first"):
        growing.wait_beyond(0)


def test_a_reader_follows_the_writer_to_the_end(tmp_path: Path) -> None:
    path, content = tmp_path / "growing", bytes(range(256)) * 40
    path.write_bytes(content)
    growing = GrowingFile(path, len(content))
    read: list[bytes] = []

    def follow() -> None:
        with FrontierReader(growing) as reader:
            read.extend(iter(lambda: reader.read(1000), b""))

    follower = threading.Thread(target=follow)
    follower.start()
    for end in range(0, len(content) + 1, 512):
        growing.offer(end)
    follower.join()
    assert b"".join(read) == content


def test_a_reader_does_not_see_what_is_not_finished(tmp_path: Path) -> None:
    path = tmp_path / "growing"
    path.write_bytes(b"rightWRONG")
    growing = GrowingFile(path, 10)
    growing.offer(5)
    with FrontierReader(growing) as reader:
        assert reader.read(10) == b"right"
        assert reader.tell() == 5


def test_a_reader_is_a_file_like_others(tmp_path: Path) -> None:
    path = tmp_path / "growing"
    path.write_bytes(b"one\ntwo\n")
    growing = GrowingFile(path, 8)
    growing.offer(8)
    with io.BufferedReader(FrontierReader(growing)) as lines:
        assert list(lines) == [b"one\n", b"two\n"]


def test_a_reader_says_that_the_file_was_cut_under_it(tmp_path: Path) -> None:
    path = tmp_path / "growing"
    path.write_bytes(b"short")
    growing = GrowingFile(path, 10)
    growing.offer(10)
    with FrontierReader(growing) as reader, pytest.raises(Differs, match="became shorter"):
        reader.readall()


def test_a_reader_of_a_file_that_is_not_there_leaves_nothing_half_made(tmp_path):
    with pytest.raises(FileNotFoundError):
        FrontierReader(GrowingFile(tmp_path / "none", 1))
    gc.collect()  # a half-made reader would complain now, and complaints are errors here
