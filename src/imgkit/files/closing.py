"""What is closed at the end of a `with` block."""

from types import TracebackType
from typing import Self


class Closing:
    """Gives a class with `close` the rest of a context manager."""

    def close(self) -> None:
        raise AssertionError(f"{type(self).__name__} has no way to be closed")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
