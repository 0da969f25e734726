"""Tests of files/closing.py."""

import pytest

from imgkit.files.closing import Closing


class Door(Closing):
    closed = 0

    def close(self) -> None:
        self.closed += 1


def test_it_is_closed_at_the_end_of_the_block_and_after_an_error() -> None:
    with Door() as door:
        assert door.closed == 0
    assert door.closed == 1
    other = Door()
    with pytest.raises(ZeroDivisionError), other:
        raise ZeroDivisionError
    assert other.closed == 1


def test_a_class_that_forgot_how_to_close_is_a_mistake_of_ours() -> None:
    with pytest.raises(AssertionError, match="Closing has no way"):
        Closing().close()
