"""Group commit: what has arrived is made durable first, and only then does the journal say so."""

import threading

from imgkit.transfer.crew import Crew
from imgkit.transfer.journal import Journal
from imgkit.transfer.ledger import Ledger
from imgkit.transfer.local_disk import PartialFile


class Committer:
    """Only one thread commits at a time: the crew's while it works, the engine's at the end."""

    def __init__(self, ledger: Ledger, file: PartialFile, journal: Journal) -> None:
        self._ledger = ledger
        self._file = file
        self._journal = journal
        self._committing = threading.Lock()

    def work(self, crew: Crew, every_seconds: float) -> None:
        """Commit again and again until the crew is to stop."""
        while not crew.stop.wait(every_seconds):
            self.commit()

    def commit(self, *, everything: bool = False) -> None:
        """Journal what has arrived until now. Raises NoRoom, NotAccessible; then nothing more is claimed."""
        with self._committing:
            records = self._ledger.take_records(everything=everything)
            if records:
                self._file.sync()
                self._journal.append(records)
