"""Progress drawn by tqdm on standard error, and log lines that do not tear the bars."""

import logging
import sys
from types import TracebackType
from typing import Any, Self

from tqdm import tqdm

from imgkit.safe_text import safe_text


class TqdmBar:
    """One line; `done` is absolute and may step back."""

    def __init__(self, title: str, *, total: int | None, unit: str) -> None:
        scaled: dict[str, Any] = (
            {"unit": "B", "unit_scale": True, "unit_divisor": 1024} if unit == "B" else {"unit": unit}
        )
        if unit == "%":
            scaled["bar_format"] = "{desc}: {percentage:3.0f}%|{bar}| [{elapsed}{postfix}]"
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

    def write(self, words: str) -> None:
        _write_above(words)


class BarHandler(logging.Handler):
    """Writes log lines above the bars."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            _write_above(self.format(record))
        except Exception:  # noqa: BLE001  # logging's own rule: a log line never ends the work
            self.handleError(record)


def _write_above(words: str) -> None:
    """A bar that was cleared may leave the cursor in the last column: begin in the first."""
    tqdm.write(f"\r{words}" if sys.stderr.isatty() else words, file=sys.stderr)
