"""Which member of an archive is the disk. Exactly one comes out; two are both named and none is dropped."""

import os
from pathlib import PurePosixPath

from imgkit.archives.tar_reader import Member
from imgkit.errors import NoSingleDisk
from imgkit.safe_text import safe_name
from imgkit.units import MiB, describe_bytes

LARGEST_COMPANION_BYTES = MiB

_DISK_SUFFIXES = {".raw", ".img", ".dd", ".vhd", ".vpc", ".qcow2", ".vdi", ".vmdk"}
_MOST_NAMES = 200
_APPLE_DOUBLE = "._"


class DiskChoice:
    """Looks at the members as they pass and says which one to take.

    Without `member` a disk is a file that is called like one or is larger than 1 MiB; everything else is a companion.
    With it, the one file of that name, in its own bytes or as `safe_name` shows it.
    """

    def __init__(self, member: str | None) -> None:
        self._wanted = member
        self._disks: list[str] = []
        self._others: list[str] = []
        self._more_others = 0
        self._disk_count = 0

    def takes(self, member: Member) -> bool:
        """Say whether to take this member: only the first disk is taken, a second one is remembered against both."""
        if not self._is_disk(member):
            self._leave(member)
            return False
        self._disk_count += 1
        if len(self._disks) < _MOST_NAMES:
            self._disks.append(f"{member.shown} ({describe_bytes(member.size)})")
        return self._disk_count == 1

    @property
    def companions(self) -> tuple[str, ...]:
        more = (f"… and {self._more_others} more",) if self._more_others else ()
        return (*self._others, *more)

    def settle(self) -> None:
        """Raise NoSingleDisk unless exactly one disk passed."""
        if self._disk_count == 1:
            return
        if self._disk_count > 1:
            raise self._several()
        if self._wanted is not None:
            raise NoSingleDisk(
                f"the archive holds no file named {safe_name(self._wanted, limit=120)}, but: {self._all_others()}",
                hint="Name one of these files with --member.",
            )
        raise NoSingleDisk(
            f"there is no disk in the archive, only: {self._all_others()}",
            hint="If one of these files is a disk all the same, name it with --member.",
        )

    def _several(self) -> NoSingleDisk:
        names = ", ".join(self._disks)
        if self._wanted is not None:
            return NoSingleDisk(
                f"the archive holds {self._disk_count} files named {safe_name(self._wanted, limit=120)}",
                hint="Unpack it by hand and look at each of them: which one is meant cannot be told.",
            )
        return NoSingleDisk(
            f"there are {self._disk_count} disks in the archive: {names}",
            hint="Take them one by one, each with --member NAME.",
        )

    def _all_others(self) -> str:
        return ", ".join(self.companions) or "nothing"

    def _is_disk(self, member: Member) -> bool:
        if member.is_folder:
            return False
        if self._wanted is not None:
            return _is_named(member.name, self._wanted)
        return member.size > LARGEST_COMPANION_BYTES or (member.size > 0 and _is_called_disk(member.name))

    def _leave(self, member: Member) -> None:
        if len(self._others) < _MOST_NAMES:
            self._others.append(member.shown)
        else:
            self._more_others += 1


def _is_called_disk(name: bytes) -> bool:
    path = PurePosixPath(os.fsdecode(name))
    return path.suffix.lower() in _DISK_SUFFIXES and not path.name.startswith(_APPLE_DOUBLE)


def _is_named(name: bytes, wanted: str) -> bool:
    """Compare as bytes and as shown; `./` in front is what some tars add."""
    plain = name.removeprefix(b"./")
    return os.fsencode(wanted) in {name, plain} or wanted in {safe_name(name), safe_name(plain)}
