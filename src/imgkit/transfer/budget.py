"""What all transfers of one run share: how many ranges are open at once, how fast bytes come, and a common end."""

import threading

from imgkit.transfer.pace import Gate, SpeedLimit
from imgkit.transfer.retry import REAL_TIME, Timing
from imgkit.transfer.settings import TransferSettings
from imgkit.transfer.tempo import FIRST_JOBS, Tempo


class Cancelled(Exception):
    """This transfer stops because the run it belongs to does; what had arrived is kept."""


class Budget:
    """One for each run. Without a wish for `jobs` or a speed limit, the number of ranges at once grows while it helps.

    Ranges at once are counted over all transfers, and so are bytes: two disks do not take twice as much of the line.
    """

    def __init__(self, settings: TransferSettings, timing: Timing = REAL_TIME) -> None:
        self.gate = Gate(settings.jobs or FIRST_JOBS)
        self.limit = SpeedLimit(settings.bytes_per_second, timing.monotonic)
        grows = settings.jobs is None and not settings.bytes_per_second
        self._tempo = Tempo(self.gate, timing.monotonic) if grows else None
        self._received = 0
        self._counting = threading.Lock()
        self._cancelled = threading.Event()

    def count(self, received: int) -> None:
        """Count bytes that came."""
        with self._counting:
            self._received += received

    def look(self) -> None:
        """See whether more or fewer ranges at once are better; called every now and then by whoever transfers.

        Raises Cancelled when the run is to end.
        """
        if self._cancelled.is_set():
            raise Cancelled
        if self._tempo is not None:
            self._tempo.look(self._received)

    def cancel(self) -> None:
        """Let every transfer stop at its next look."""
        self._cancelled.set()
