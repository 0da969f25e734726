"""Tests of disks/aside.py."""

import threading
from collections.abc import Callable

import pytest

from imgkit.disks.aside import Stopped, aside


def test_the_result_is_there_when_it_is_wanted() -> None:
    with aside(lambda check: 42) as working:
        assert working.result() == 42


def test_an_error_in_the_block_ends_the_work_beside_it() -> None:
    begun, ended = threading.Event(), threading.Event()

    def work(check: Callable[[], None]) -> None:
        begun.set()
        try:
            while True:
                check()
        except Stopped:
            ended.set()
            raise

    def interrupt() -> None:
        with aside(work):
            begun.wait(10)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert begun.is_set()
    assert ended.is_set()


def test_an_error_beside_is_raised_where_the_result_is_taken() -> None:
    def fail(check: Callable[[], None]) -> None:
        raise OSError("gone")

    with aside(fail) as working, pytest.raises(OSError, match="gone"):
        working.result()
