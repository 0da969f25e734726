"""A tree taken whole, once somebody walks it: three calls to the appliance instead of two for each folder."""

import logging
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from imgkit.disks.tree_snapshot import BadSnapshot, Snapshot, read_attributes, read_snapshot, records
from imgkit.model.tree import Entry
from imgkit.tools.guestfs import GuestfsRefused, GuestfsWorker
from imgkit.tools.guestfs_shell import MOST_ENTRIES

log = logging.getLogger(__name__)

# A birth time only a sweep can give, so numbers come from one from the first question on: no entry has it by chance.
FEW = {"stat": 0, "xattrs": 16}  # so many questions are asked one by one; a sweep takes as long as about thirty

T = TypeVar("T")


class TreeSweep:
    """Answers from a snapshot. None: not known here, ask the appliance itself.

    A tree that cannot be taken whole (a folder that cannot be read, more than 300,000 entries, an appliance that has
    not the programs) is asked entry by entry, as if there were no snapshot. `use` mounts the tree.
    """

    def __init__(self, use: Callable[[], GuestfsWorker]) -> None:
        self._use = use
        self._asked = {"stat": 0, "xattrs": 0}
        self._refused: set[str] = set()
        self._snapshot: Snapshot | None = None
        self._attributes: Mapping[bytes, Mapping[bytes, bytes]] | None = None

    def folder(self, path: bytes) -> Sequence[Entry] | None:
        snapshot = self._taken()
        return snapshot.folder(path) if snapshot else None

    def entry(self, path: bytes) -> Entry | None:
        snapshot = self._taken()
        return snapshot.entry(path) if snapshot else None

    def _taken(self) -> Snapshot | None:
        if self._snapshot is None and self._is_due("stat"):
            self._snapshot = self._try("stat", self._take)
        return self._snapshot

    def attributes(self, paths: Sequence[bytes]) -> Sequence[Mapping[bytes, bytes]] | None:
        """Return the attributes of what is at each of these paths."""
        if self._attributes is None and self._is_due("xattrs", len(paths)):
            self._attributes = self._try("xattrs", lambda: read_attributes(self._use().sweep("xattrs")))
        known = self._attributes
        if known is None or any(self.entry(path) is None for path in paths):
            return None
        return [known.get(path, {}) for path in paths]

    def _is_due(self, kind: str, asked: int = 1) -> bool:
        self._asked[kind] += asked
        return kind not in self._refused and self._asked[kind] > FEW[kind]

    def _take(self) -> Snapshot:
        snapshot = read_snapshot(self._use().sweep("stat"))
        if len(snapshot) > MOST_ENTRIES:
            raise BadSnapshot(f"the tree has more than {MOST_ENTRIES} entries")
        return snapshot

    def _try(self, kind: str, take: Callable[[], T]) -> T | None:
        try:
            return take()
        except (GuestfsRefused, BadSnapshot, zlib.error) as error:
            log.info("the tree is asked entry by entry: %s", error)
            self._refused.add(kind)
            return None


def read_digests(worker: GuestfsWorker) -> Mapping[bytes, str]:
    """Return the SHA-256 of every regular file of the mounted tree by its path. Raises GuestfsRefused, BadSnapshot."""
    found = {}
    for record in records(worker.sweep("sha256")):
        digest, _, name = record.partition(b"  ")
        found[name.removeprefix(b".")] = digest.decode("ascii", "replace")
    return found


def read_links(worker: GuestfsWorker) -> Mapping[bytes, bytes]:
    """Return the target of every link of the mounted tree by its path. Raises GuestfsRefused, BadSnapshot."""
    parts = list(records(worker.sweep("links")))
    return {name.removeprefix(b"."): target for name, target in zip(parts[::2], parts[1::2], strict=True)}
