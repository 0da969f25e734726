"""Tables as wide as the terminal, or as wide as they need where there is none."""

import shutil
import sys
from collections.abc import Sequence

from imgkit.render.columns import table as columns

_WIDE = 400


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows under their heads; empty when there are no rows. What comes from elsewhere is made harmless."""
    return "\n".join(columns(rows, width=output_width(), heads=heads)) if rows else ""


def output_width() -> int:
    """Return the terminal's width; what goes into a file or a pipe is not cut."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDE
