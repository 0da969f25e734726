"""Progress drawn by tqdm on standard error, and log lines that do not tear the bars."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from imgkit.safe_text import safe_text


class TqdmBar:
    """One line; `done` is absolute and may step back."""

    def __init__(self, title: str, *, total: int | None, unit: str) -> None:
        scaled: dict[str, Any] = (
            {"unit": "B", "unit_scale": True, "unit_divisor": 1024} if unit == "B" else {"unit": unit}
        )
        if unit == "%":
            scaled["bar_format"] = "{desc}: {percentage:3.0f}%|{bar}| [{elapsed}{postfix}]"
        from tqdm import tqdm

        self._bar: tqdm[Any] = tqdm(
            desc=safe_text(title),
            total=total,
            leave=False,
            dynamic_ncols=True,
            file=sys.stderr,
            mininterval=0.2,
            **scaled,
        )
        self._started = False

    def set_done(self, done: int) -> None:
        if not self._started:  # bytes that were there before this run say nothing about its speed
            self._bar.initial = done
            self._bar.n = done
            self._started = True
        self._bar.update(done - self._bar.n)

    def add(self, count: int, *, was_there: bool) -> None:
        """Move on by so much; what was there before this run says nothing about its speed."""
        if was_there:
            self._bar.initial += count
            self._bar.n += count
            self._bar.refresh()
        else:
            self._bar.update(count)

    def note(self, words: str) -> None:
        self._bar.set_postfix_str(safe_text(words), refresh=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()


class TqdmProgress:
    """Draws a bar for each piece of work."""

    def bar(self, title: str, *, total: int | None, unit: str = "B") -> TqdmBar:
        return TqdmBar(title, total=total, unit=unit)

    @contextmanager
    def together(self, title: str, *, total: int | None) -> Iterator["SummedProgress"]:
        """Draw one more bar, for the sum of those that are opened meanwhile, from whichever thread."""
        with TqdmBar(title, total=total, unit="B") as bar:
            yield SummedProgress(bar)

    def write(self, words: str) -> None:
        _write_above(words)


class SummedProgress:
    """Bars of their own, whose bytes also move the bar of the total. A bar that is opened again takes the old place."""

    def __init__(self, total: TqdmBar) -> None:
        self._total = total
        self._done: dict[str, int] = {}
        self._adding = threading.Lock()

    def bar(self, title: str, *, total: int | None, unit: str = "B") -> "SummedBar":
        return SummedBar(TqdmBar(title, total=total, unit=unit), title, self)

    def set_done(self, title: str, done: int) -> None:
        """Note how far one of the bars is."""
        with self._adding:
            is_new = title not in self._done
            count = done - self._done.get(title, 0)
            self._done[title] = done
            self._total.add(count, was_there=is_new)


class SummedBar:
    """One of several bars with a total."""

    def __init__(self, own: TqdmBar, title: str, everything: SummedProgress) -> None:
        self._own = own
        self._title = title
        self._everything = everything

    def set_done(self, done: int) -> None:
        self._own.set_done(done)
        self._everything.set_done(self._title, done)

    def note(self, words: str) -> None:
        self._own.note(words)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._own.__exit__(kind, error, trace)


class BarHandler(logging.Handler):
    """Writes log lines above the bars."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            _write_above(self.format(record))
        except Exception:  # noqa: BLE001  # logging's own rule: a log line never ends the work
            self.handleError(record)


def _write_above(words: str) -> None:
    """A bar that was cleared may leave the cursor in the last column: begin in the first."""
    from tqdm import tqdm

    tqdm.write(f"\r{words}" if sys.stderr.isatty() else words, file=sys.stderr)
