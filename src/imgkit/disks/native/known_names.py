"""What folders are known to hold, so that nobody asks the child for what cannot be there."""

from imgkit.disks.native.tree import NO_NAMES
from imgkit.units import MiB

MOST_BYTES = 4 * MiB
_EACH_BYTES = 60  # what a name costs beside its own bytes


class KnownNames:
    """All names of some folders, by the paths that lead to them, links on the way or not."""

    def __init__(self, *, most_bytes: int = MOST_BYTES) -> None:
        self._names: dict[bytes, frozenset[bytes]] = {}
        self._room = most_bytes

    def learn(self, folder: bytes, names: frozenset[bytes]) -> None:
        """Take note of all names in a folder, whose path has no slash at its end; no more than there is room for."""
        cost = len(folder) + sum(map(len, names)) + _EACH_BYTES * (len(names) + 1)
        if cost <= self._room and folder not in self._names:
            self._room -= cost
            self._names[folder] = names

    def lacks(self, path: bytes) -> bool:
        """Whether a path needs a name that its folder is known not to have."""
        folder = b""
        for part in path.rstrip(b"/").split(b"/")[1:]:
            if part in NO_NAMES:
                return False
            names = self._names.get(folder)
            if names is not None and part not in names:
                return True
            folder += b"/" + part
        return False
