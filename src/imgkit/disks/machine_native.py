"""The disks of one machine through imgkit's own engine: a child process reads, this side asks."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from imgkit.disks.fstab_lines import describe_line, in_order, why_skipped
from imgkit.disks.guest_view import open_guest_view
from imgkit.disks.native.client import ReadingChild, ReadingStopped
from imgkit.disks.native.nouns import from_plain
from imgkit.disks.native.wire import What
from imgkit.disks.tree_native import NativeTree, decoded
from imgkit.errors import CannotLookInside, NoSuchPathInside
from imgkit.model.disk import DiskImage
from imgkit.model.mounts import FstabEntry
from imgkit.model.role import DiskRole
from imgkit.model.storage import Mount, MountState, Storage


@contextmanager
def open_native_machine(images: Sequence[DiskImage]) -> Iterator["NativeMachine"]:
    """Open all disk images of one machine together, by their roles; a single one without a role is the system disk.

    Raises what the guard raises for the images: NotADiskImage, DiskImageUnsafe, NotAccessible, NeedsKey.
    """
    disks = {(image.role or DiskRole()).name: image for image in images}
    for image in images:
        open_guest_view(image).close()  # what the guard refuses is refused here, under its own name
    machine = NativeMachine(disks)
    try:
        yield machine
    finally:
        machine.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Surveyed:
    storage: Storage
    os_places: tuple[str, ...]
    readable: frozenset[str]


class NativeMachine:
    """The `Machine` that a report is made of."""

    def __init__(self, disks: Mapping[str, DiskImage], *, child: ReadingChild | None = None) -> None:
        self._request = json.dumps(
            {
                role: {"path": os.fsencode(image.path.absolute()).hex(), "format": image.format}
                for role, image in disks.items()
            }
        ).encode("ascii")
        self._child = child or ReadingChild(self._open)
        self._found: _Surveyed | None = None
        self._skipped: dict[str, str] = {}

    @property
    def storage(self) -> Storage:
        return self._surveyed().storage

    @property
    def os_places(self) -> tuple[str, ...]:
        """The file systems that hold an operating system's root, judged by os-release, fstab and passwd."""
        return self._surveyed().os_places

    def file_system_tree(self, place: str) -> "NativeTree":
        """Return the files of one file system by itself. Raises NoSuchPathInside, CannotLookInside."""
        found = next((one for one in self.storage.file_systems if one.place == place), None)
        if found is None:
            places = ", ".join(one.place for one in self.storage.file_systems)
            raise NoSuchPathInside(
                f"there is no file system {place} on these disks", hint=f"There are: {places or 'none'}"
            )
        if reason := self._why_not(place):
            raise CannotLookInside(f"{place} cannot be read: {reason}")
        tree = NativeTree(self._child, ((place, b"/"),))
        tree.failed()
        return tree

    def system_tree(self, root: str, entries: Sequence[FstabEntry]) -> tuple["NativeTree", tuple[Mount, ...]]:
        """Return the files of the system on `root` with its other file systems where its fstab wants them.

        `entries` are the lines of that fstab, resolved; the answer says what became of each.
        """
        mounts: dict[int, Mount] = {}
        plan: list[tuple[int, str, bytes]] = []
        for entry in in_order(entries):
            mount = _planned(entry, root)
            if mount is None and (error := self._why_not(entry.place)):
                mount = replace(describe_line(entry), state=MountState.FAILED, reason=error)
            if mount is None:
                plan.append((entry.line, entry.place, entry.folder))
                mount = replace(describe_line(entry), state=MountState.MOUNTED)
            mounts[entry.line] = mount
        tree = NativeTree(self._child, ((root, b"/"), *((place, folder) for _, place, folder in plan)))
        for (line, _, _), reason in zip(plan, tree.failed()[1:], strict=True):
            if reason:
                mounts[line] = replace(mounts[line], state=MountState.FAILED, reason=reason)
        return tree, tuple(mounts[line] for line in sorted(mounts))

    def _why_not(self, place: str) -> str:
        """Say why the files of a file system cannot be had; counters that are damaged are no reason."""
        surveyed = self._surveyed()
        if place in surveyed.readable:
            return ""
        found = next((one for one in surveyed.storage.file_systems if one.place == place), None)
        if found is None:
            return f"there is no file system {place} on these disks"
        return found.error or f"{found.type} holds no files"

    def close(self) -> None:
        """End the child."""
        self._child.close()

    def _surveyed(self) -> _Surveyed:
        while self._found is None:
            try:
                self._child.ready()
            except ReadingStopped:
                continue  # without the place that was too much, until it has failed too often
        return self._found

    def _open(self, child: ReadingChild) -> None:
        """Bring a new child to where the last one was; the storage is found once."""
        child.ask(What.OPEN, self._request)
        try:
            frames = child.ask(What.SURVEY, json.dumps(self._skipped).encode("ascii"))
        except ReadingStopped as stopped:
            self._remember(stopped)
            raise
        self._found = self._found or decoded(lambda: _surveyed(json.loads(frames[-1])))

    def _remember(self, stopped: ReadingStopped) -> None:
        """What the child was looking at when it ended is not looked at again."""
        if stopped.frames:
            self._skipped[stopped.frames[-1].decode("utf-8", "backslashreplace")] = stopped.message


def _surveyed(answer: Any) -> _Surveyed:
    return _Surveyed(
        storage=from_plain(Storage, answer["storage"]),
        os_places=tuple(str(one) for one in answer["os_places"]),
        readable=frozenset(str(one) for one in answer["readable"]),
    )


def _planned(entry: FstabEntry, root: str) -> Mount | None:
    """Return what is to be said of a line that needs no mounting, None for one that does."""
    mount = describe_line(entry)
    if entry.folder == b"/":
        reason = "" if entry.place == root else f"{root} is taken for the root"
        return replace(mount, state=MountState.MOUNTED, place=root, reason=reason)
    if skipped := why_skipped(entry):
        return replace(mount, state=MountState.SKIPPED, reason=skipped)
    return None if entry.place else mount
