"""The bytes of an image file, for parsers that trust nothing: exact reads, bounded tables, refusals in one manner."""

import os
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

from imgkit.disks.file_extents import next_data
from imgkit.errors import DiskImageUnsafe, NotAccessible, NotADiskImage
from imgkit.units import TiB, describe_bytes

# The largest disk of ECS, and what bounds the memory of its chunk digests. VMDK and VDI end below it.
MAX_VIRTUAL_BYTES = 64 * TiB

_PIECE_ENTRIES = 64 * 1024
_SHOWN_CHARACTERS = 120
_NOTED_LOSSES = 8
_TYPECODES = {4: "I", 8: "Q"}


class ImageBytes:
    """One image file, opened for reading only."""

    def __init__(self, file: BinaryIO, path: Path, *, salvage: bool = False) -> None:
        """With `salvage`, blocks and tables that are not there are noted in `losses` instead of refused."""
        self.is_salvage = salvage
        self.losses: list[str] = []
        self._handle = file.fileno()
        self.path = path
        self.size = os.fstat(self._handle).st_size
        self._hole = (0, 0)

    def peek(self, offset: int, length: int) -> bytes:
        """Return what is there, which may be less than asked for. Raises NotAccessible."""
        if not 0 <= offset < self.size:
            return b""
        try:
            return os.pread(self._handle, length, offset)
        except OSError as error:
            raise NotAccessible(
                f"cannot read {length} bytes at {offset} of {self.path}: {error.strerror or error}",
                hint="The disk that holds it may be failing: see the kernel's log.",
            ) from error

    def is_hole(self, offset: int, length: int) -> bool:
        """Say whether the file system knows these bytes, all of them inside the file, as zeroes that take no room.

        Tables of gigabytes cost a forger nothing in holes; the last hole is remembered, so they cost us nothing either.
        """
        hole = self._hole  # once: another thread may put another one there at any moment
        if not hole[0] <= offset < hole[1]:
            hole = self._hole = (offset, min(next_data(self._handle, offset, self.size), self.size))
        return offset + length <= hole[1]

    def read(self, offset: int, length: int, what: str) -> bytes:
        """Return exactly these bytes, or raise NotADiskImage saying that the file ends inside `what`."""
        self.require_inside(offset, length, what)
        found = self.peek(offset, length)
        if len(found) != length:
            raise self.malformed(f"its {what} could not be read whole")
        return found

    def require_inside(self, offset: int, length: int, what: str) -> None:
        """Raise NotADiskImage where these bytes lie beyond the end of the file."""
        if offset + length > self.size:
            raise self.malformed(
                f"its {what} should end at byte {offset + length}, and the file ends at byte {self.size}",
                hint="The file is cut short or damaged: get it again, and compare its size with the original's.",
            )

    def require_stored(self, offset: int, length: int, what: str) -> None:
        """Raise as `require_inside` does, for what a salvage can do without."""
        try:
            self.require_inside(offset, length, what)
        except NotADiskImage as error:
            self.lose(error)

    def lose(self, error: NotADiskImage) -> None:
        """Raise the error, unless this is a salvage, which only notes it."""
        if not self.is_salvage:
            raise error
        if len(self.losses) < _NOTED_LOSSES:
            self.losses.append(error.message)

    def table(self, offset: int, count: int, *, width: int, order: Literal["little", "big"]) -> Iterator["array[int]"]:
        """Yield a table of integers in pieces, so that a large one never lies in memory whole."""
        for first in range(0, count, _PIECE_ENTRIES):
            yield self.piece(offset + first * width, min(_PIECE_ENTRIES, count - first), width=width, order=order)

    def piece(self, offset: int, count: int, *, width: int, order: Literal["little", "big"]) -> "array[int]":
        """Return a table of integers, or so many of its entries as fit into memory without a thought."""
        found = array(_TYPECODES[width])
        found.frombytes(self.read(offset, count * width, "table of blocks"))
        if order != sys.byteorder:
            found.byteswap()
        return found

    def require_sane_size(self, virtual_size: int) -> None:
        """Raise for a disk of no bytes, of half a sector, or larger than any disk that ECS has."""
        if virtual_size > MAX_VIRTUAL_BYTES:
            raise self.unsafe(
                f"it claims a disk of {virtual_size} bytes, more than {describe_bytes(MAX_VIRTUAL_BYTES)}"
            )
        if virtual_size <= 0 or virtual_size % 512:
            raise self.malformed(f"it claims a disk of {virtual_size} bytes, which is no number of whole sectors")

    def malformed(self, reason: str, *, hint: str = "") -> NotADiskImage:
        """Return the error for content that does not hold together."""
        return NotADiskImage(
            f"{self.path} cannot be used: {reason}",
            hint=hint or "It is damaged, or not of this format. Get it again, or state its true format.",
        )

    def unsafe(self, reason: str, *, hint: str = "") -> DiskImageUnsafe:
        """Return the error for content that reaches elsewhere or claims absurd sizes."""
        return DiskImageUnsafe(
            f"{self.path} is refused: {reason}",
            hint=hint or "imgkit opens only images that stand alone. Do not open this one with other tools either.",
        )


def shown(text: bytes) -> str:
    """Return words out of an untrusted header so that they can stand in a message: short, printable, quoted."""
    decoded = text.decode("utf-8", "backslashreplace")[:_SHOWN_CHARACTERS]
    return '"' + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in decoded) + '"'
