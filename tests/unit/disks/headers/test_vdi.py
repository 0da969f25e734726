"""VDI: header and block map; what is refused, and as what."""

import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgkit.disks.guard import read_header
from imgkit.errors import DiskImageUnsafe, ImgkitError, NotADiskImage
from imgkit.model.formats import DiskFormat
from imgkit.units import MiB

FREE, ZERO = 0xFFFFFFFF, 0xFFFFFFFE
PLACES = {
    "signature": (0x40, "<I"), "version": (0x44, "<I"), "kind": (0x4C, "<I"), "map_at": (0x154, "<I"),
    "data_at": (0x158, "<I"), "sector": (0x168, "<I"), "size": (0x170, "<Q"), "block": (0x178, "<I"),
    "blocks": (0x180, "<I"), "used": (0x184, "<I"), "link": (0x1A8, "<Q"), "parent": (0x1B8, "<Q"),
}  # fmt: skip
USUAL = {
    "signature": 0xBEDA107F, "version": 0x10001, "kind": 1, "map_at": 512, "data_at": 1024, "sector": 512,
    "size": 3 * MiB, "block": MiB, "blocks": 3, "used": 1,
}  # fmt: skip


def vdi(*, entries: tuple[int, ...] = (FREE, 0, ZERO), data: int = MiB, **fields: Any) -> bytes:
    """An image of three blocks: never written, data, and written with zeroes."""
    header = bytearray(512)
    header[:39] = b"<<< Oracle VM VirtualBox Disk Image >>>"
    for name, value in (USUAL | fields).items():
        place, form = PLACES[name]
        struct.pack_into(form, header, place, value)
    table = b"".join(struct.pack("<I", entry) for entry in entries).ljust(512, b"\xff")
    return bytes(header) + table + bytes(data)


def write(folder: Path, content: bytes) -> Path:
    path = folder / "disk.img"
    path.write_bytes(content)
    return path


def test_reads_a_dynamic_disk(tmp_path: Path) -> None:
    header = read_header(write(tmp_path, vdi()), stated=None)
    assert (header.format, header.subformat) == (DiskFormat.VDI, "dynamic")
    assert (header.virtual_size, header.allocated_bytes) == (3 * MiB, MiB)
    assert header.creator == "Oracle VM VirtualBox Disk Image"


def test_reads_a_static_disk(tmp_path: Path) -> None:
    path = write(tmp_path, vdi(kind=2, entries=(0, 1, 2), used=3, data=3 * MiB))
    assert read_header(path, stated=DiskFormat.VDI).subformat == "static"


UNSAFE = {
    "differencing": vdi(kind=4),
    "undo": vdi(kind=3),
    "unknown type": vdi(kind=99),
    "a link to another image": vdi(link=1),
    "a parent": vdi(parent=1),
    "more blocks than any disk has": vdi(blocks=2**32 - 1),
    "a size beyond every disk": vdi(size=2**63),
}
MALFORMED = {
    "no signature": vdi(signature=0),
    "an old version": vdi(version=1),
    "a future version": vdi(version=0x20000),
    "sectors of 4096 bytes": vdi(sector=4096),
    "blocks of 512 bytes": vdi(block=512),
    "blocks of no bytes": vdi(block=0),
    "no bytes": vdi(size=0),
    "half a sector": vdi(size=3 * MiB - 100),
    "fewer blocks than its size needs": vdi(blocks=2),
    "a map inside the header": vdi(map_at=0),
    "a map off a sector's start": vdi(map_at=513),
    "data off a sector's start": vdi(data_at=1025),
    "data inside the map": vdi(data_at=512),
    "a map beyond the end": vdi(map_at=2**31, data_at=2**31 + 512),
    "more blocks than the file has map for": vdi(size=MiB, blocks=2**24),
    "a block that was never counted": vdi(entries=(FREE, 7, ZERO)),
    "a block beyond the end": vdi(entries=(FREE, 7, ZERO), used=8),
    "the last block cut short": vdi(data=MiB - 1),
    "one block for all": vdi(entries=(0, 0, 0)),
    "cut inside the header": vdi()[:300],
}


@pytest.mark.parametrize("content", UNSAFE.values(), ids=UNSAFE.keys())
def test_refuses_as_unsafe(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DiskImageUnsafe):
        read_header(write(tmp_path, content), stated=DiskFormat.VDI)


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED.keys())
def test_refuses_as_no_disk_image(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(NotADiskImage):
        read_header(write(tmp_path, content), stated=DiskFormat.VDI)


@settings(max_examples=80, deadline=None)
@given(
    where=st.lists(st.tuples(st.integers(0x44, 1023), st.integers(0, 255)), min_size=1, max_size=6),
    cut=st.integers(0, 2048),
)
def test_any_header_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, where: list[tuple[int, int]], cut: int
) -> None:
    content = bytearray(vdi(data=1024, entries=(FREE, FREE, ZERO)))
    for place, value in where:
        content[place] = value
    path = write(tmp_path_factory.mktemp("vdi"), bytes(content)[: len(content) - cut])
    try:
        header = read_header(path, stated=DiskFormat.VDI)
    except ImgkitError:
        return
    assert header.virtual_size > 0
