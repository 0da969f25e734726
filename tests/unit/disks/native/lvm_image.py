"""A physical volume of LVM built byte by byte."""

import struct
import zlib
from itertools import pairwise

from tests.unit.disks.native.memory import Memory

SECTOR = 512
AREA, AREA_BYTES = 4096, 61440
DATA = 128 * SECTOR  # where extents begin
EXTENT = 8 * SECTOR
ONE, TWO = "a" * 32, "b" * 32


def written(uuid: str) -> str:
    ends = (0, 6, 10, 14, 18, 22, 26, 32)
    return "-".join(uuid[start:end] for start, end in pairwise(ends))


def group_text(volumes: str, *, name: str = "vg", sequence: int = 3, members: tuple[str, ...] = (ONE,)) -> str:
    """A group's description: extents of 4 KiB, 8 of them on each physical volume."""
    physical = "\n".join(
        f'pv{number} {{ id = "{written(uuid)}"\n device = "/dev/vdb" # a hint\n dev_size = 4096\n'
        f" pe_start = 128\n pe_count = 8 }}"
        for number, uuid in enumerate(members)
    )
    return (
        f'{name} {{\nid = "{written("g" * 32)}"\nseqno = {sequence}\nformat = "lvm2"\n'
        f'status = ["RESIZEABLE", "READ", "WRITE"]\nextent_size = 8\nphysical_volumes {{ {physical} }}\n'
        f'logical_volumes {{ {volumes} }} }}\n# made\ncontents = "Text Format Volume Group"\nversion = 1\n'
    )


def volume_text(name: str, *segments: str, status: str = '"READ", "VISIBLE"') -> str:
    inside = "\n".join(f"segment{number} {{ {segment} }}" for number, segment in enumerate(segments, start=1))
    return f'{name} {{ id = "{written("c" * 32)}"\nstatus = [{status}]\n{inside} }}\n'


def segment_text(start: int, count: int, *stripes: tuple[str, int], kind: str = "striped", size: int = 4) -> str:
    listed = ", ".join(f'"{name}", {extent}' for name, extent in stripes)
    return (
        f'start_extent = {start}\nextent_count = {count}\ntype = "{kind}"\nstripe_count = {len(stripes)}\n'
        f"stripe_size = {size}\nstripes = [{listed}]"
    )


def physical_volume(text: str, *, uuid: str = ONE, wrapped: bool = False) -> Memory:
    """A volume whose extents hold their own numbers: the byte of extent n is n plus 1."""
    disk = bytearray(DATA + 8 * EXTENT)
    label = b"LABELONE" + struct.pack("<QII", 1, 0, 32) + b"LVM2 001"
    header = uuid.encode() + struct.pack("<Q", 8192 * SECTOR) + struct.pack("<QQQQ", DATA, 0, 0, 0)
    header += struct.pack("<QQQQ", AREA, AREA_BYTES, 0, 0)
    disk[SECTOR : SECTOR + len(label + header)] = label + header
    raw = text.encode() + b"\0"
    offset = AREA_BYTES - 100 if wrapped else SECTOR
    checksum = zlib.crc32(raw, 0xF597A6CF ^ 0xFFFFFFFF) ^ 0xFFFFFFFF
    head = bytes(4) + b" LVM2 x[5A%r0N*>" + struct.pack("<IQQ", 1, AREA, AREA_BYTES)
    head += struct.pack("<QQII", offset, len(raw), checksum, 0)
    disk[AREA : AREA + len(head)] = head
    first = min(len(raw), AREA_BYTES - offset)
    disk[AREA + offset : AREA + offset + first] = raw[:first]
    disk[AREA + SECTOR : AREA + SECTOR + len(raw) - first] = raw[first:]
    for extent in range(8):
        start = DATA + extent * EXTENT
        disk[start : start + EXTENT] = bytes((extent + 1,)) * EXTENT
    return Memory(disk)
