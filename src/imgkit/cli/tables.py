"""Tables as wide as the terminal, or as wide as they need where there is none."""

import shutil
import sys
from collections.abc import Sequence

from imgkit.render.columns import table as columns

_WIDE = 400


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows under their heads; empty when there are no rows. What comes from elsewhere is made harmless."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDE
    return "\n".join(columns(rows, width=width, heads=heads)) if rows else ""
