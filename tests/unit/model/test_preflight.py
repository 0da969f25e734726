"""Tests of model/preflight.py."""

from imgkit.errors import NotExportable
from imgkit.model.preflight import Severity, refuse


def test_a_refusal_carries_the_error_with_its_words_and_its_remedy():
    error = NotExportable("it is a Windows image", hint="image it from inside")
    found = refuse(error, rule="operating system")
    assert (found.severity, found.words, found.remedy) == (Severity.REFUSAL, error.message, error.hint)
    assert found.error is error
