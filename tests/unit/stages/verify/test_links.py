"""Tests of stages/verify/links.py."""

import pytest

from imgkit.errors import (
    ArchiveDamaged,
    Differs,
    DiskImageUnsafe,
    ImgkitError,
    NotAccessible,
    ToolFailed,
    ToolMissing,
)
from imgkit.model.manifest import Outcome
from imgkit.stages.verify.links import looked


def _looked(error: Exception) -> Outcome:
    def look() -> str:
        raise error

    return looked("s", "l", look).outcome


def test_no_words_hold_and_words_say_what_differs():
    assert looked("s", "l", lambda: "").outcome is Outcome.HELD
    differs = looked("s", "l", lambda: "one bit")
    assert (differs.outcome, differs.detail) == (Outcome.FAILED, "one bit")


@pytest.mark.parametrize("error", [Differs("x"), ArchiveDamaged("x"), DiskImageUnsafe("x"), FileNotFoundError()])
def test_what_is_not_what_it_was_differs(error: Exception):
    assert _looked(error) is Outcome.FAILED


@pytest.mark.parametrize("error", [NotAccessible("x"), ToolMissing("x"), ToolFailed("x"), OSError(5, "I/O error")])
def test_what_could_not_be_looked_at_never_differs(error: Exception):
    assert _looked(error) is Outcome.UNDETERMINED
    assert isinstance(error, ImgkitError | OSError)
