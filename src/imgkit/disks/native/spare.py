"""A reading child that is started before anybody knows what it is to read.

Python and our readers take a tenth of a second to load; a command that will read disks lets a child do that while it
loads its own parts.
"""

import atexit
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress

from imgkit.errors import ToolError
from imgkit.process import Running, start

WORKER: Sequence[str] = (sys.executable, "-P", "-m", "imgkit.disks.native.worker")

_spares: list[tuple[ExitStack, Running]] = []


def start_spare() -> None:
    """Start a child for whoever reads disks first; it ends with this process, if nobody does.

    Where none can be started there is none: whoever needs one tries again, and says why not.
    """
    stack = ExitStack()
    with suppress(ToolError):
        _spares.append((stack, stack.enter_context(start(WORKER, stdin=subprocess.PIPE))))
        atexit.register(stack.close)


def take_spare() -> AbstractContextManager[Running] | None:
    """Give away the child that waits, None where there is none; leaving the block ends it."""
    return _taken(*_spares.pop()) if _spares else None


@contextmanager
def _taken(stack: ExitStack, running: Running) -> Iterator[Running]:
    with stack:
        yield running
