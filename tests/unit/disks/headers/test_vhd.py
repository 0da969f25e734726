"""VHD: footers, geometry, block tables; what is refused, and as what."""

import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgkit.disks.guard import read_header
from imgkit.disks.headers.vhd import Footer, checksum
from imgkit.errors import DiskImageUnsafe, ImgkitError, NotADiskImage
from imgkit.model.formats import DiskFormat
from imgkit.units import GiB, MiB

FREE = 0xFFFFFFFF


def seal(block: bytearray, at: int) -> bytes:
    block[at : at + 4] = b"\0\0\0\0"
    struct.pack_into(">I", block, at, checksum(bytes(block), at=at))
    return bytes(block)


def footer(
    *,
    size: int = 4 * MiB,
    kind: int = 3,
    creator: bytes = b"win ",
    geometry: tuple[int, int, int] = (120, 4, 17),
    saved: int = 0,
    header_at: int = 512,
) -> bytes:
    block = bytearray(512)
    struct.pack_into(
        ">8sIIQI4sI4sQQ", block, 0, b"conectix", 2, 0x10000, header_at, 0, creator, 0x10000, b"Wi2k", size, size
    )
    struct.pack_into(">HBBI", block, 56, *geometry, kind)
    block[68:84] = b"u" * 16
    block[84] = saved
    return seal(block, 64)


def dynamic_header(*, table: int = 1536, blocks: int = 2, block_bytes: int = 2 * MiB) -> bytes:
    block = bytearray(1024)
    struct.pack_into(">8sQQIII", block, 0, b"cxsparse", 2**64 - 1, table, 0x10000, blocks, block_bytes)
    return seal(block, 36)


def dynamic(
    *, entries: tuple[int, ...] = (FREE, 4), end: bytes | None = None, data: int = 512 + 2 * MiB, **of: Any
) -> bytes:
    """An image of two blocks, the second of them allocated."""
    header = {key: of.pop(key) for key in ("table", "blocks", "block_bytes") if key in of}
    start = footer(**of)
    table = b"".join(struct.pack(">I", entry) for entry in entries).ljust(512, b"\xff")
    return start + dynamic_header(**header) + table + bytes(data) + (start if end is None else end)


def fixed(size: int = MiB, **of: Any) -> bytes:
    return bytes(size) + footer(size=of.pop("claims", size), kind=2, header_at=2**64 - 1, **of)


def write(folder: Path, content: bytes) -> Path:
    path = folder / "disk.img"
    path.write_bytes(content)
    return path


def test_reads_a_dynamic_disk(tmp_path: Path) -> None:
    header = read_header(write(tmp_path, dynamic()), stated=None)
    assert (header.format, header.subformat, header.creator) == (DiskFormat.VHD, "dynamic", "win")
    assert (header.virtual_size, header.allocated_bytes) == (4 * MiB, 2 * MiB)
    assert header.region is None


def test_a_fixed_disk_is_a_stretch_of_its_file(tmp_path: Path) -> None:
    header = read_header(write(tmp_path, fixed()), stated=None)
    assert (header.subformat, header.virtual_size) == ("fixed", MiB)
    assert header.region is not None
    assert header.region.offset == 0


def test_a_fixed_disk_stays_fixed_when_its_guest_writes_a_dynamic_footer_into_sector_0(tmp_path: Path) -> None:
    content = bytearray(fixed())
    content[:512] = footer(kind=3)
    header = read_header(write(tmp_path, bytes(content)), stated=DiskFormat.VHD)
    assert (header.subformat, header.virtual_size) == ("fixed", MiB)


def test_says_that_the_geometry_would_cut_the_disk(tmp_path: Path) -> None:
    header = read_header(write(tmp_path, fixed(geometry=(10, 4, 17), creator=b"abcd")), stated=None)
    assert "QEMU by default among them" in header.notes[0]


def test_does_not_blame_qemu_where_it_knows_the_creator(tmp_path: Path) -> None:
    header = read_header(write(tmp_path, fixed(geometry=(10, 4, 17), creator=b"win ")), stated=None)
    assert "QEMU" not in header.notes[0]


def test_a_geometry_at_its_limit_is_no_news(tmp_path: Path) -> None:
    path = write(tmp_path, dynamic(size=4 * MiB, geometry=(65535, 16, 255)))
    assert read_header(path, stated=None).notes == ()


def test_a_missing_end_footer_is_said_and_the_copy_used(tmp_path: Path) -> None:
    header = read_header(write(tmp_path, dynamic(end=b"")), stated=None)
    assert header.virtual_size == 4 * MiB
    assert "missing" in header.notes[0]


def test_tells_of_a_saved_state(tmp_path: Path) -> None:
    assert "suspended" in read_header(write(tmp_path, fixed(saved=1)), stated=None).notes[-1]


UNSAFE = {
    "differencing": dynamic(kind=4),
    "a size beyond every disk": dynamic(size=2**63 - 512),
    "more blocks than anybody needs": dynamic(blocks=2**31),
    "blocks of 2 GiB": dynamic(block_bytes=2 * GiB),
}
MALFORMED = {
    "unknown type": dynamic(kind=5),
    "reserved type": dynamic(kind=0),
    "fixed, but only at the start": footer(kind=2) + bytes(4096),
    "a damaged footer at the start and none at the end": b"conectix" + bytes(4096),
    "two footers of different sizes": dynamic(end=footer(size=8 * MiB)),
    "dynamic header beyond the end": dynamic(header_at=2**40),
    "dynamic header at the largest offset": dynamic(header_at=2**64 - 1),
    "dynamic header without its cookie": footer() + bytes(4096) + footer(),
    "table beyond the end": dynamic(table=2**40),
    "table at the largest offset": dynamic(table=2**64 - 1),
    "too few blocks for the size": dynamic(blocks=1),
    "no block at all": dynamic(blocks=0),
    "blocks of no power of two": dynamic(block_bytes=3 * MiB),
    "blocks of no bytes": dynamic(block_bytes=0),
    "blocks smaller than a sector": dynamic(block_bytes=256),
    "blocks too small for a bitmap": dynamic(size=4096, block_bytes=2048),
    "one block for all": dynamic(entries=(4, 4)),
    "a block beyond the end": dynamic(entries=(FREE, 5000)),
    "a block at the largest sector": dynamic(entries=(FREE, FREE - 1)),
    "the last block cut short": dynamic(data=MiB, end=b""),
    "half a sector": dynamic(size=4 * MiB - 256),
    "no bytes": dynamic(size=0),
    "fixed and shorter than it claims": fixed(size=MiB, claims=2 * MiB),
}


@pytest.mark.parametrize("content", UNSAFE.values(), ids=UNSAFE.keys())
def test_refuses_as_unsafe(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DiskImageUnsafe):
        read_header(write(tmp_path, content), stated=DiskFormat.VHD)


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED.keys())
def test_refuses_as_no_disk_image(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(NotADiskImage):
        read_header(write(tmp_path, content), stated=DiskFormat.VHD)


def test_a_footer_with_a_wrong_checksum_is_no_footer() -> None:
    damaged = bytearray(footer())
    damaged[48] ^= 1
    assert Footer.parse(bytes(damaged)) is None
    assert Footer.parse(footer()) is not None


@settings(max_examples=80, deadline=None)
@given(
    where=st.lists(st.tuples(st.integers(0, 1535), st.integers(0, 255)), min_size=1, max_size=6),
    cut=st.integers(0, 4096),
)
def test_any_header_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, where: list[tuple[int, int]], cut: int
) -> None:
    content = bytearray(dynamic(data=8192))
    for place, value in where:
        content[place] = value
    start = seal(bytearray(content[:512]), 64) + seal(bytearray(content[512:1536]), 36)
    path = write(tmp_path_factory.mktemp("vhd"), (start + bytes(content[1536:]))[: len(content) - cut])
    try:
        header = read_header(path, stated=DiskFormat.VHD)
    except ImgkitError:
        return
    assert 0 < header.virtual_size <= 64 * 1024 * GiB
