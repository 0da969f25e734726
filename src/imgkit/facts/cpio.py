"""The names in an initramfs: one or several cpio archives after another, the last ones mostly packed.

Format (the kernel's Documentation/driver-api/early-userspace/buffer-format): archives of the form `newc`, each ended by
`TRAILER!!!`, with zeroes between; early microcode comes first and unpacked.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from imgkit.facts.unpacking import BadPacking, PieceReader, packing_of, unpack
from imgkit.units import GiB

_HEADER_BYTES = 110
_MAGICS = (b"070701", b"070702")
_TRAILER = b"TRAILER!!!"
_MOST_NAME = 4096
_MOST_NAMES = 200_000
_MOST_ARCHIVES = 16
_MOST_UNPACKED = 2 * GiB


@dataclass(slots=True)
class Listing:
    """What was read of an initramfs; `trouble` says why it was not all."""

    compression: str = ""
    early: bool = False
    files: int = 0
    trouble: str = ""


def list_names(pieces: Iterator[bytes], see: Callable[[bytes], None], *, most: int) -> Listing:
    """Show every name in an initramfs to `see`, in their order."""
    found = Listing()
    try:
        _archives(PieceReader(pieces, most=most), see, found, depth=0)
    except BadPacking as error:
        found.trouble = str(error)
    return found


def _archives(reader: PieceReader, see: Callable[[bytes], None], found: Listing, *, depth: int) -> None:
    for number in range(_MOST_ARCHIVES):
        reader.skip_zeroes()
        start = reader.peek(6)
        if not start:
            return
        packing = packing_of(start)
        if start in _MAGICS:
            found.early = found.early or (depth == 0 and number == 0)
            _members(reader, see, found)
        elif packing and depth < 2:
            found.compression = packing
            found.early = found.early and depth == 0
            _archives(PieceReader(unpack(reader), most=_MOST_UNPACKED), see, found, depth=depth + 1)
        else:
            raise BadPacking(f"what begins with {start.hex()} is not known")
    raise BadPacking(f"it holds more than {_MOST_ARCHIVES} archives")


def _members(reader: PieceReader, see: Callable[[bytes], None], found: Listing) -> None:
    while True:
        header = reader.read(_HEADER_BYTES)
        if len(header) < _HEADER_BYTES or not header.startswith(_MAGICS):
            raise BadPacking("an archive in it ends too early")
        try:
            size, length = int(header[54:62], 16), int(header[94:102], 16)
        except ValueError as error:
            raise BadPacking("the head of a file in it is damaged") from error
        if not 0 < length <= _MOST_NAME:
            raise BadPacking("the name of a file in it is too long")
        name = reader.read(length).rstrip(b"\0")
        reader.skip(-(_HEADER_BYTES + length) % 4)
        if name == _TRAILER:
            return
        found.files += 1
        if found.files > _MOST_NAMES:
            raise BadPacking(f"it holds more than {_MOST_NAMES} files")
        see(name)
        if reader.skip(size + -size % 4) < size:
            raise BadPacking("an archive in it ends too early")
