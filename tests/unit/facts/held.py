"""The value of a fact that a test expects to be there."""

from typing import TypeVar

from imgkit.model.fact import Fact

T = TypeVar("T")


def held(fact: Fact[T]) -> T:
    assert fact.value is not None, fact.reason
    return fact.value
