"""Progress as a thing that is passed in, silent by default; drawing it is the command line's business."""

from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Protocol, Self, runtime_checkable


class Bar(AbstractContextManager["Bar"], Protocol):
    """One running piece of work. `done` is absolute, so it may step back when work is done again."""

    def set_done(self, done: int) -> None: ...

    def note(self, words: str) -> None: ...


class Progress(Protocol):
    """Opens a bar for each piece of work.

    `unit` is "B" for bytes or "%" for a percentage; `total` is None where nobody knows it.
    """

    def bar(self, title: str, *, total: int | None, unit: str = "B") -> Bar: ...


@runtime_checkable
class Totalling(Protocol):
    """Progress that can draw one more bar over several."""

    def together(self, title: str, *, total: int | None) -> AbstractContextManager[Progress]: ...


def together(progress: Progress, title: str, *, total: int | None) -> AbstractContextManager[Progress]:
    """Open bars whose bytes are added up in one more, where this progress can draw such a thing."""
    if isinstance(progress, Totalling):
        return progress.together(title, total=total)
    return nullcontext(progress)


class _SilentBar(AbstractContextManager["_SilentBar"]):
    def set_done(self, done: int) -> None:
        """Draw nothing."""

    def note(self, words: str) -> None:
        """Draw nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close nothing."""


class SilentProgress:
    """Progress for tests and for output that is no terminal."""

    def bar(self, title: str, *, total: int | None, unit: str = "B") -> _SilentBar:  # noqa: ARG002  # the port has them
        return _SilentBar()


NULL_PROGRESS = SilentProgress()
