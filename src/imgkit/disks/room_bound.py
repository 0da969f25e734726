"""How much room a converted image takes at most: its data rounded up to the format's blocks, and its metadata."""

from collections.abc import Iterable, Mapping

from imgkit.model.disk import Extent, ExtentKind
from imgkit.model.formats import DiskFormat
from imgkit.units import SECTOR_BYTES, KiB, MiB, round_up

_BLOCK_BYTES = {
    DiskFormat.RAW: 4 * KiB,
    DiskFormat.VHD: 2 * MiB,
    DiskFormat.QCOW2: 64 * KiB,
    DiskFormat.VDI: MiB,
    DiskFormat.VMDK: 64 * KiB,
}
_HEADERS = MiB  # headers, footers, descriptors, and what a file system spends on a file
_GRAINS_PER_TABLE = 512
# These files have their full length from the start; what is zero in them is a hole where there are such.
_FULL_LENGTH = {("subformat", "fixed"), ("subformat", "monolithicFlat"), ("static", "on")}
_FULLY_WRITTEN = {("preallocation", "full"), ("preallocation", "falloc")}


def room_bound(
    extents: Iterable[Extent], size: int, to: DiskFormat, options: Mapping[str, str], *, holds_holes: bool = True
) -> int:
    """Return an upper bound of the room for a disk of `size` bytes with these extents.

    `holds_holes` says whether the target's file system can leave zeroes out.
    qemu-img's `measure` is closer where it knows the target (raw, qcow2); of vhd, vdi and vmdk it knows nothing.
    """
    block = _BLOCK_BYTES[to]
    has_full_length = to is DiskFormat.RAW or not _FULL_LENGTH.isdisjoint(options.items())
    if not _FULLY_WRITTEN.isdisjoint(options.items()) or (has_full_length and not holds_holes):
        data = round_up(size, block)
    else:
        data = data_in_blocks(extents, block)
    return data + _metadata(to, size, data, block) + _HEADERS


def data_in_blocks(extents: Iterable[Extent], block: int) -> int:
    """Return how many bytes the blocks have that any data lies in."""
    counted = blocks = 0  # `counted` is the end of the last block counted
    for extent in extents:
        if extent.kind is not ExtentKind.DATA:
            continue
        first = max(extent.start // block, counted)
        end = round_up(extent.end, block) // block
        blocks += max(0, end - first)
        counted = max(counted, end)
    return blocks * block


def _metadata(to: DiskFormat, size: int, data: int, block: int) -> int:
    all_blocks = -(-size // block)
    match to:
        case DiskFormat.VHD:  # an entry a block, and before each block a bitmap
            return all_blocks * 4 + data // block * SECTOR_BYTES
        case DiskFormat.VDI:
            return all_blocks * 4
        case DiskFormat.VMDK:  # two copies of all grain tables and directories; compressed grains grow a little
            return 2 * (all_blocks * 4 + all_blocks // _GRAINS_PER_TABLE * 4) + data // block * SECTOR_BYTES
        case DiskFormat.QCOW2:  # L2 entries and reference counts
            return round_up(all_blocks * 8, block) + round_up(data // block * 2, block) + 4 * block
        case DiskFormat.RAW | DiskFormat.VHDX:  # the one has none, and the other is never written
            return 0
