"""The program's entry point. It loads nothing at first, so that Ctrl-C is understood from the first moment on."""

import os
import signal
from types import FrameType
from typing import NoReturn

_INTERRUPTED = 130  # as for a command that has begun


def run() -> None:
    """Run the command line."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # and not ignored, as for a job in the background
        signal.signal(signal.SIGINT, _leave)
    from imgkit.cli.loading import start

    start()


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    """End while there is nothing to be tidied up yet; a command that begins takes Ctrl-C over."""
    os.write(2, b"imgkit: interrupted; nothing was begun\n")
    os._exit(_INTERRUPTED)
