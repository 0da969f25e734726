"""Plain text in columns: escaped, cut to a width, wide characters counted as the two columns that they take."""

import unicodedata
from collections.abc import Sequence

from imgkit.safe_text import safe_text

ELLIPSIS = "…"
_GAP = "  "
_LEAST_CELL = 6


def display_width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(_character_width(character) for character in text)


def fit(text: str, width: int) -> str:
    """Return a text escaped and cut to `width` columns; what was cut off is shown as an ellipsis."""
    text = safe_text(text)
    if display_width(text) <= width:
        return text
    kept = ""
    room = max(width - 1, 0)
    for character in text:
        room -= _character_width(character)
        if room < 0:
            break
        kept += character
    return kept.rstrip() + ELLIPSIS


def pad(text: str, width: int) -> str:
    """Return a text cut or filled with blanks to exactly `width` columns."""
    fitted = fit(text, width)
    return fitted + " " * (width - display_width(fitted))


def table(rows: Sequence[Sequence[str]], *, width: int, indent: str = "", heads: Sequence[str] = ()) -> list[str]:
    """Return rows as lines in columns as wide as they need; where that is too wide, the widest give way."""
    shown = [[safe_text(cell) for cell in row] for row in ([heads, *rows] if heads else rows)]
    if not shown:
        return []
    widths = [max(display_width(row[at]) for row in shown) for at in range(len(shown[0]))]
    used = [at for at, wide in enumerate(widths) if wide]
    room = width - len(indent) - len(_GAP) * (len(used) - 1)
    while sum(widths) > room and max(widths) > _LEAST_CELL:
        widths[widths.index(max(widths))] -= 1
    lines = (indent + _GAP.join(pad(row[at], widths[at]) for at in used).rstrip() for row in shown)
    return [fit(line, width) for line in lines]


def usage_bar(used: int, total: int, *, cells: int = 8) -> str:
    """Return how full something is as a bar and a percentage: `[###.....]  33 %`. Anything used shows."""
    share = min(max(used / total, 0.0), 1.0) if total > 0 else 0.0
    full = max(round(share * cells), 1 if used > 0 else 0)
    percent = "<1" if used > 0 and share < 0.005 else f"{share * 100:.0f}"
    return f"[{'#' * full}{'.' * (cells - full)}] {percent:>3} %"


def clip(lines: Sequence[str], most: int, *, indent: str = "  ") -> list[str]:
    """Return at most `most` lines, the last one saying how many were left out."""
    if len(lines) <= most:
        return list(lines)
    return [*lines[: most - 1], f"{indent}{ELLIPSIS} and {len(lines) - most + 1} more"]


def _character_width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
