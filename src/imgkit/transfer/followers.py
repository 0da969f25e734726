"""Those who follow the frontier in threads of their own, among them the digest of the archive."""

import hashlib
import logging
import threading
from collections.abc import Callable, Sequence

from imgkit.digests import crc64
from imgkit.ports import Frontier
from imgkit.transfer.frontier import FrontierReader, GrowingFile
from imgkit.transfer.local_disk import local_errors
from imgkit.units import KiB

log = logging.getLogger(__name__)

Follower = Callable[[Frontier], None]


class ArchiveDigest:
    """Reads the file in order as it grows: SHA-256, and the CRC-64 of what the disk gives back, in one reading."""

    def __init__(self) -> None:
        self.crc64 = 0
        self._sha256 = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    def __call__(self, frontier: Frontier) -> None:
        buffer = memoryview(bytearray(256 * KiB))
        with local_errors(frontier.path, doing="read back"), FrontierReader(frontier) as reader:
            while count := reader.readinto(buffer):
                self._sha256.update(buffer[:count])
                self.crc64 = crc64(buffer[:count], self.crc64)


class Following:
    """Followers at work on one frontier."""

    def __init__(self, followers: Sequence[Follower], frontier: GrowingFile) -> None:
        self._frontier = frontier
        self._errors: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._follow, args=(each,), name="imgkit-follow", daemon=True) for each in followers
        ]
        for thread in self._threads:
            thread.start()

    @property
    def is_done(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def join(self, seconds: float | None = None) -> None:
        """Wait for all of them, or so many seconds for each."""
        for thread in self._threads:
            thread.join(seconds)

    def raise_first(self) -> None:
        """Raise the first error of a follower that was its own."""
        if self._errors:
            raise self._errors[0]

    def _follow(self, follower: Follower) -> None:
        try:
            follower(self._frontier)
        except BaseException as error:  # noqa: BLE001  # raised again in the thread that waits
            if not self._frontier.failed_with(error):
                log.warning("a follower of %s gave up: %s", self._frontier.path, error)
                self._errors.append(error)
