"""Tests of disks/headers/vhdx.py: files built by hand after [MS-VHDX]; what is refused, and as what."""

import struct
from pathlib import Path
from typing import Any
from uuid import UUID

import fastcrc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgkit.disks.guard import read_header
from imgkit.disks.guest_view import open_guest_view
from imgkit.errors import CannotLookInside, DiskImageUnsafe, ImgkitError, NotADiskImage
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.units import GiB, KiB, MiB, TiB

BAT, METADATA = "2DC27766-F623-4200-9D64-115E9BFD4A08", "8B7CA206-4790-4B9A-B8FE-575F050F886E"
PARAMETERS, SIZE = "CAA16737-FA36-4D43-B3B6-33F0AA44E76B", "2FA54224-CD1B-4876-B211-5DBED83BF4B8"
SECTOR, PARENT = "8141BF1D-A96F-4709-BA47-F233A8FAAB5F", "A8D35F2D-B30B-454D-ABF7-D3D84834AB0C"
OTHER = "00112233-4455-6677-8899-AABBCCDDEEFF"
PRESENT = 6


def guid(text: str) -> bytes:
    return UUID(text).bytes_le


def sealed(block: bytes) -> bytes:
    return block[:4] + struct.pack("<I", fastcrc.crc32.iscsi(block[:4] + bytes(4) + block[8:])) + block[8:]


def head(sequence: int, *, log: bytes = bytes(16), version: int = 1) -> bytes:
    return sealed(struct.pack("<4sIQ16s16s16sHHIQ", b"head", 0, sequence, bytes(16), bytes(16), log, 0, version, 0, 0)
                  .ljust(4 * KiB, b"\0"))  # fmt: skip


def regions(*entries: tuple[str, int, int, int], count: int | None = None) -> bytes:
    table = struct.pack("<4sIII", b"regi", 0, len(entries) if count is None else count, 0)
    table += b"".join(struct.pack("<16sQII", guid(kind), *rest) for kind, *rest in entries)
    return sealed(table.ljust(64 * KiB, b"\0"))


def metadata(*, block: int, size: int, sector: int, flags: int, more: tuple[tuple[str, bytes, int], ...] = (),
             without: str = "") -> bytes:  # fmt: skip
    known = (
        (PARAMETERS, struct.pack("<II", block, flags), 4),
        (SIZE, struct.pack("<Q", size), 6),
        (SECTOR, struct.pack("<I", sector), 6),
    )
    items = [item for item in (*known, *more) if item[0] != without]
    table = struct.pack("<8sHH20x", b"metadata", 0, len(items))
    content = b""
    for kind, value, asked in items:
        table += struct.pack("<16sIII4x", guid(kind), 64 * KiB + len(content), len(value), asked)
        content += value
    return table.ljust(64 * KiB, b"\0") + content


def vhdx(*, heads: tuple[bytes, bytes] | None = None, tables: tuple[bytes, bytes] | None = None, block: int = 2 * MiB,
         size: int = 8 * MiB, sector: int = 512, flags: int = 0, bat: tuple[int, ...] = (4 * MiB | PRESENT,),
         data: bytes = b"x" * 2 * MiB, **more: Any) -> bytes:  # fmt: skip
    """Headers in the first MiB, the block table in the second, metadata in the third, data from the fifth on."""
    usual = regions((BAT, MiB, MiB, 1), (METADATA, 2 * MiB, MiB, 1))
    content = bytearray(4 * MiB)
    first, second = heads or (head(1), head(2))
    one, other = tables or (usual, usual)
    for place, part in (
        (0, b"vhdxfile" + "hand made".encode("utf-16-le")),
        (64 * KiB, first),
        (128 * KiB, second),
        (192 * KiB, one),
        (256 * KiB, other),
        (MiB, struct.pack(f"<{len(bat)}Q", *bat)),
        (2 * MiB, metadata(block=block, size=size, sector=sector, flags=flags, **more)),
    ):
        content[place : place + len(part)] = part
    return bytes(content) + data


def write(folder: Path, content: bytes) -> Path:
    path = folder / "disk.img"
    path.write_bytes(content)
    return path


def test_reads_a_dynamic_disk(tmp_path: Path) -> None:
    path = write(tmp_path, vhdx(bat=(0, 4 * MiB | PRESENT, 2, 3)))
    header = read_header(path, stated=None)
    assert (header.format, header.subformat, header.creator) == (DiskFormat.VHDX, "dynamic", "hand made")
    assert (header.virtual_size, header.allocated_bytes, header.dirty) == (8 * MiB, 2 * MiB, False)
    with open_guest_view(DiskImage(path=path, format=DiskFormat.VHDX)) as view:
        assert view.read(2 * MiB - 1, 2) == b"\0x"
        assert view.read(4 * MiB - 1, 2) == b"x\0"


def test_after_every_chunk_of_blocks_an_entry_says_nothing_of_the_disk(tmp_path: Path) -> None:
    """4 GiB share a bitmap of sectors: 16 blocks of 256 MiB, then the bitmap's own entry."""
    bat = [0] * 18
    bat[16], bat[17] = 99 * MiB | PRESENT, 4 * MiB | PRESENT
    path = write(tmp_path, vhdx(block=256 * MiB, size=17 * 256 * MiB, bat=tuple(bat)))
    with path.open("r+b") as file:
        file.truncate(4 * MiB + 256 * MiB)
    with open_guest_view(DiskImage(path=path, format=DiskFormat.VHDX)) as view:
        assert view.read(4 * GiB - 1, 2) == b"\0x"


def test_the_newer_header_counts_and_a_torn_one_does_not(tmp_path: Path) -> None:
    logged = head(7, log=b"L" * 16)
    assert read_header(write(tmp_path, vhdx(heads=(logged, head(6)))), stated=None).dirty
    assert not read_header(write(tmp_path, vhdx(heads=(logged, head(8)))), stated=None).dirty
    assert not read_header(write(tmp_path, vhdx(heads=(logged[:-1] + b"!", head(6)))), stated=None).dirty


def test_a_disk_whose_log_was_not_replayed_is_told_and_not_read(tmp_path: Path) -> None:
    path = write(tmp_path, vhdx(heads=(head(1, log=b"L" * 16),) * 2))
    assert "not closed properly" in read_header(path, stated=None).notes[0]
    with pytest.raises(CannotLookInside, match="its log holds changes"):
        open_guest_view(DiskImage(path=path, format=DiskFormat.VHDX))


def test_the_second_region_table_stands_in_for_the_first(tmp_path: Path) -> None:
    usual = regions((BAT, MiB, MiB, 1), (METADATA, 2 * MiB, MiB, 1))
    content = vhdx(tables=(bytes(64 * KiB), usual))
    assert read_header(write(tmp_path, content), stated=None).virtual_size == 8 * MiB


UNSAFE = {
    "a differencing disk by its flag": vhdx(flags=2),
    "a differencing disk by its parent": vhdx(more=((PARENT, b"/etc/shadow", 4),)),
    "a size beyond every disk": vhdx(size=2**62, block=256 * MiB),
    "four billion regions": vhdx(tables=(regions(count=2**32 - 1),) * 2),
}
MALFORMED = {
    "no header with a right checksum": vhdx(heads=(bytes(4096), bytes(4096))),
    "version 2": vhdx(heads=(head(1, version=2),) * 2),
    "no region table with a right checksum": vhdx(tables=(bytes(65536),) * 2),
    "no block table": vhdx(tables=(regions((METADATA, 2 * MiB, MiB, 1)),) * 2),
    "no metadata": vhdx(tables=(regions((BAT, MiB, MiB, 1)),) * 2),
    "two block tables": vhdx(tables=(regions((BAT, MiB, MiB, 1), (BAT, MiB, 9, 1), (METADATA, 2 * MiB, MiB, 1)),) * 2),
    "a region that nobody knows": vhdx(
        tables=(regions((BAT, MiB, MiB, 1), (METADATA, 2 * MiB, MiB, 1), (OTHER, MiB, MiB, 1)),) * 2
    ),
    "metadata beyond the end": vhdx(tables=(regions((BAT, MiB, MiB, 1), (METADATA, 2**60, MiB, 1)),) * 2),
    "metadata without its signature": vhdx(tables=(regions((BAT, MiB, MiB, 1), (METADATA, MiB, MiB, 1)),) * 2),
    "metadata that nobody knows": vhdx(more=((OTHER, b"x", 4),)),
    "no size": vhdx(without=SIZE),
    "no parameters": vhdx(without=PARAMETERS),
    "no sector size": vhdx(without=SECTOR),
    "a size of nothing": vhdx(size=0),
    "half a sector": vhdx(size=MiB + 100),
    "blocks of 512 KiB": vhdx(block=512 * KiB),
    "blocks of 3 MiB": vhdx(block=3 * MiB),
    "blocks of nothing": vhdx(block=0),
    "sectors of 513 bytes": vhdx(sector=513),
    "sectors of nothing": vhdx(sector=0),
    "a table too small for its size": vhdx(size=TiB),
    "a block beyond the end": vhdx(bat=(2**40 | PRESENT,)),
    "a block at the largest offset": vhdx(bat=(2**64 - MiB | PRESENT,)),
    "a block inside the headers": vhdx(bat=(PRESENT,)),
    "one block for all": vhdx(bat=(4 * MiB | PRESENT,) * 4),
    "a block that lies partly elsewhere": vhdx(bat=(4 * MiB | 7,)),
    "a block in a state that does not exist": vhdx(bat=(4 * MiB | 5,)),
    "cut inside its last block": vhdx()[:-1],
    "cut inside its headers": vhdx()[: 100 * KiB],
    "cut after its name": vhdx()[:600],
}  # fmt: skip


@pytest.mark.parametrize("content", UNSAFE.values(), ids=UNSAFE.keys())
def test_refuses_as_unsafe(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DiskImageUnsafe):
        read_header(write(tmp_path, content), stated=None)


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED.keys())
def test_refuses_as_no_disk_image(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(NotADiskImage):
        read_header(write(tmp_path, content), stated=DiskFormat.VHDX)


@settings(max_examples=60, deadline=None)
@given(
    where=st.lists(
        st.tuples(st.sampled_from([64 * KiB, 192 * KiB, MiB, 2 * MiB, 2 * MiB + 64 * KiB]), st.binary(max_size=40)),
        min_size=1,
        max_size=3,
    ),
    reseal=st.booleans(),
)
def test_any_header_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, where: list[tuple[int, bytes]], reseal: bool
) -> None:
    content = bytearray(vhdx())
    for place, value in where:
        content[place : place + len(value)] = value
    if reseal:  # else the checksum ends it all
        for place, length in ((64 * KiB, 4 * KiB), (192 * KiB, 64 * KiB)):
            content[place : place + length] = sealed(bytes(content[place : place + length]))
    path = write(tmp_path_factory.mktemp("vhdx"), bytes(content))
    try:
        header = read_header(path, stated=DiskFormat.VHDX)
    except ImgkitError:
        return
    assert header.virtual_size > 0
