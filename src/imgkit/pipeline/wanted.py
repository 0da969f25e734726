"""An object that `imgkit download` is asked for."""

from collections.abc import Callable
from dataclasses import dataclass

from imgkit.ports import RangeSource


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedObject:
    """`size` is None where nobody asked yet; `thaw` waits until the object can be read."""

    name: str
    source: RangeSource
    size: int | None = None
    thaw: Callable[[], None] = lambda: None
