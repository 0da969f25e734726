"""VMDK: sparse headers, descriptors, flat extents; what is refused, and as what."""

import os
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

DESCRIPTOR = """# Disk DescriptorFile
version=1
CID=fffffffe
parentCID=ffffffff
createType="{kind}"

# Extent description
{extents}

# The Disk Data Base
#DDB
ddb.adapterType = "lsilogic"
"""
PLACES = {
    "magic": (0, "<4s"), "version": (4, "<I"), "flags": (8, "<I"), "capacity": (12, "<Q"), "grain": (20, "<Q"),
    "descriptor_at": (28, "<Q"), "descriptor_length": (36, "<Q"), "entries": (44, "<I"), "directory_at": (56, "<Q"),
    "unclean": (72, "<B"), "ends": (73, "<4s"), "compression": (77, "<H"),
}  # fmt: skip
USUAL = {
    "magic": b"KDMV", "version": 1, "flags": 3, "capacity": 8192, "grain": 128, "descriptor_at": 1,
    "descriptor_length": 4, "entries": 512, "directory_at": 5, "ends": b"\n \r\n",
}  # fmt: skip
AT_END = 2**64 - 1


def descriptor(extents: str = 'RW 8192 SPARSE "disk.vmdk"', kind: str = "monolithicSparse", more: str = "") -> bytes:
    return DESCRIPTOR.format(extents=extents, kind=kind).encode() + more.encode("utf-8", "surrogateescape")


def header_sector(**fields: Any) -> bytes:
    sector = bytearray(512)
    for name, value in (USUAL | fields).items():
        place, form = PLACES[name]
        struct.pack_into(form, sector, place, value)
    return bytes(sector)


def sparse(*, text: bytes | None = None, tables: tuple[int, ...] = (6,), grains: tuple[int, ...] = (10,),
           data: int = 65536, **fields: Any) -> bytes:  # fmt: skip
    """Header, four sectors of descriptor, directory, one grain table of four sectors, and one grain."""
    directory = b"".join(struct.pack("<I", table) for table in tables).ljust(512, b"\0")
    table = b"".join(struct.pack("<I", grain) for grain in grains).ljust(2048, b"\0")
    words = (descriptor() if text is None else text).ljust(2048, b"\0")
    return header_sector(**fields) + words + directory + table + bytes(data)


def stream(*, footer: dict[str, Any] | None = None, end: bytes = bytes(512), grain: int = 1000) -> bytes:
    flags = 0x30001
    of_footer: dict[str, Any] = {"flags": flags, "compression": 1} | (footer or {})
    marker = struct.pack("<QII", 1, 0, 3).ljust(512, b"\0")
    body = sparse(flags=flags, compression=1, directory_at=AT_END, data=0) + struct.pack("<QI", 0, grain) + bytes(4084)
    return body + marker + header_sector(**of_footer) + end


def write(folder: Path, content: bytes) -> Path:
    path = folder / "disk.img"
    path.write_bytes(content)
    return path


def flat(folder: Path, extents: str = 'RW 2048 FLAT "flat.bin" 0', *, size: int = MiB, more: str = "") -> Path:
    (folder / "flat.bin").write_bytes(bytes(size))
    return write(folder, descriptor(extents, "monolithicFlat", more))


def test_reads_a_sparse_disk(tmp_path: Path) -> None:
    header = read_header(write(tmp_path, sparse()), stated=None)
    assert (header.format, header.subformat) == (DiskFormat.VMDK, "monolithicSparse")
    assert (header.virtual_size, header.allocated_bytes) == (4 * MiB, 64 * 1024)


def test_reads_a_stream_optimized_disk_by_its_footer(tmp_path: Path) -> None:
    header = read_header(write(tmp_path, stream()), stated=None)
    assert (header.subformat, header.virtual_size) == ("streamOptimized", 4 * MiB)


def test_tells_of_an_unclean_shutdown(tmp_path: Path) -> None:
    header = read_header(write(tmp_path, sparse(unclean=1)), stated=None)
    assert header.dirty
    assert "unclean" in header.notes[0]


def test_a_grain_of_zeroes_needs_no_room(tmp_path: Path) -> None:
    assert read_header(write(tmp_path, sparse(flags=7, grains=(1,), data=0)), stated=None).allocated_bytes == 0


def test_a_flat_disk_is_a_stretch_of_the_file_beside_it(tmp_path: Path) -> None:
    header = read_header(flat(tmp_path, 'RW 1024 FLAT "flat.bin" 8'), stated=None)
    assert header.region is not None
    assert (header.region.path, header.region.offset) == (tmp_path / "flat.bin", 4096)
    assert (header.virtual_size, header.subformat) == (1024 * 512, "monolithicFlat")
    assert header.files == (tmp_path / "disk.img", tmp_path / "flat.bin")


def test_reads_the_vmfs_extent_of_an_esxi_datastore(tmp_path: Path) -> None:
    header = read_header(flat(tmp_path, 'RW 2048 VMFS "flat.bin"'), stated=DiskFormat.VMDK)
    assert header.region is not None


UNSAFE_SPARSE = {
    "no capacity, so that the descriptor counts": sparse(capacity=0),
    "a size beyond every disk": sparse(capacity=2**54),
    "a parent's name": sparse(text=descriptor(more='parentFileNameHint="/etc/shadow"\n')),
    "a parent's id": sparse(text=descriptor().replace(b"parentCID=ffffffff", b"parentCID=12345678")),
    "two extents": sparse(text=descriptor('RW 8192 SPARSE "disk.vmdk"\nRW 8192 SPARSE "other.vmdk"')),
    "words behind the descriptor's end": sparse(text=descriptor() + b'\0parentFileNameHint="/etc/shadow"'),
    "a line that means nothing": sparse(text=descriptor(more="gibberish here\n")),
    "grain tables without number": sparse(capacity=2**36, grain=1),
    "a descriptor that goes on behind its sectors": sparse(text=descriptor(more="#" * (2048 - len(descriptor())))),
    "a COWD delta": b"COWD" + bytes(4096),
}
MALFORMED_SPARSE = {
    "version 0": sparse(version=0),
    "version 4": sparse(version=4),
    "line ends changed": sparse(ends=b"\n \n\n"),
    "grains of no sector": sparse(grain=0),
    "grains of no power of two": sparse(grain=100),
    "grains of 2^40 sectors": sparse(grain=2**40),
    "tables of no entry": sparse(entries=0),
    "tables of a million entries": sparse(entries=2**20),
    "tables of fewer entries than any writer makes": sparse(entries=256),
    "compressed by its flag alone": sparse(flags=0x30003),
    "compressed by its algorithm alone": sparse(compression=1),
    "unknown compression": sparse(compression=7),
    "no descriptor, one part of a split disk": sparse(descriptor_at=0, descriptor_length=0),
    "a descriptor beyond the end": sparse(descriptor_at=2**40),
    "a directory beyond the end": sparse(directory_at=2**40),
    "a directory at an offset beyond counting": sparse(directory_at=2**63),
    "a table beyond the end": sparse(tables=(2**31,)),
    "a grain beyond the end": sparse(grains=(2**31,)),
    "the last grain cut short": sparse(data=65535),
    "the last compressed grain cut short": stream(grain=2**31),
    "no footer though the header promises one": sparse(directory_at=AT_END),
    "shorter than its footer": header_sector(directory_at=AT_END),
    "cut before the end-of-stream marker": stream()[:-512],
    "cut inside the footer": stream()[:-700],
    "a footer of another size": stream(footer={"capacity": 16384}),
    "a footer that points to a footer": stream(footer={"directory_at": AT_END}),
    "a footer without magic": stream(footer={"magic": b"XXXX"}),
    "cut inside the header": sparse()[:100],
    "any text": b"hello, world\n" * 100,
}
UNSAFE_FLAT = {
    "an absolute extent": 'RW 2048 FLAT "/etc/shadow" 0',
    "an extent above": 'RW 2048 FLAT "../flat.bin" 0',
    "an extent in a folder": 'RW 2048 FLAT "sub/flat.bin" 0',
    "an extent with a backslash": 'RW 2048 FLAT "sub\\flat.bin" 0',
    "an extent over the network": 'RW 2048 FLAT "nbd:host:10809" 0',
    "an extent in JSON": 'RW 2048 FLAT "json:{}" 0',
    "an extent that is the folder": 'RW 2048 FLAT "." 0',
    "an extent that is the folder above": 'RW 2048 FLAT ".." 0',
    "an extent that is the descriptor": 'RW 1 FLAT "disk.img" 0',
    "an extent without a name": "RW 2048 FLAT",
    "an extent of an empty name": 'RW 2048 FLAT "" 0',
    "two extents": 'RW 2048 FLAT "flat.bin" 0\nRW 2048 FLAT "flat.bin" 0',
    "a sparse extent": 'RW 2048 SPARSE "flat.bin"',
    "an extent of ESX snapshots": 'RW 2048 VMFSSPARSE "flat.bin"',
    "a raw device": 'RW 2048 VMFSRDM "flat.bin"',
    "zeroes": "RW 2048 ZERO",
    "an extent over two lines": 'RW\n2048 FLAT "/etc/shadow" 0',
    "an extent with more behind it": 'RW 2048 FLAT "flat.bin" 0 "/etc/shadow"',
    "an extent of a size beyond every disk": 'RW 9223372036854775807 FLAT "flat.bin" 0',
    "a negative extent": 'RW -1 FLAT "flat.bin" 0',
    "a tab in its name": 'RW 2048 FLAT "flat\t.bin" 0',
}
MALFORMED_FLAT = {
    "no extent": "",
    "an extent that is not there": 'RW 2048 FLAT "missing.bin" 0',
    "an extent too short": 'RW 4096 FLAT "flat.bin" 0',
    "an extent too short from its offset": 'RW 2048 FLAT "flat.bin" 1',
    "an extent of no sectors": 'RW 0 FLAT "flat.bin" 0',
}


@pytest.mark.parametrize("content", UNSAFE_SPARSE.values(), ids=UNSAFE_SPARSE.keys())
def test_refuses_sparse_as_unsafe(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DiskImageUnsafe):
        read_header(write(tmp_path, content), stated=DiskFormat.VMDK)


@pytest.mark.parametrize("content", MALFORMED_SPARSE.values(), ids=MALFORMED_SPARSE.keys())
def test_refuses_sparse_as_no_disk_image(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(NotADiskImage):
        read_header(write(tmp_path, content), stated=DiskFormat.VMDK)


@pytest.mark.parametrize("extents", UNSAFE_FLAT.values(), ids=UNSAFE_FLAT.keys())
def test_refuses_flat_as_unsafe(tmp_path: Path, extents: str) -> None:
    with pytest.raises(DiskImageUnsafe):
        read_header(flat(tmp_path, extents), stated=None)


@pytest.mark.parametrize("extents", MALFORMED_FLAT.values(), ids=MALFORMED_FLAT.keys())
def test_refuses_flat_as_no_disk_image(tmp_path: Path, extents: str) -> None:
    with pytest.raises(NotADiskImage):
        read_header(flat(tmp_path, extents), stated=None)


def test_refuses_an_extent_that_is_a_link(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(MiB))
    path = write(tmp_path, descriptor('RW 2048 FLAT "link" 0', "monolithicFlat"))
    (tmp_path / "link").symlink_to(secret)
    with pytest.raises(DiskImageUnsafe, match="no regular file"):
        read_header(path, stated=None)


def test_refuses_an_extent_that_is_no_regular_file(tmp_path: Path) -> None:
    path = write(tmp_path, descriptor('RW 2048 FLAT "pipe" 0', "monolithicFlat"))
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DiskImageUnsafe, match="no regular file"):
        read_header(path, stated=None)


def test_refuses_a_flat_delta(tmp_path: Path) -> None:
    with pytest.raises(DiskImageUnsafe, match="delta"):
        read_header(flat(tmp_path, more='parentFileNameHint="/etc/shadow"\n'), stated=None)


def test_refuses_a_descriptor_of_megabytes(tmp_path: Path) -> None:
    with pytest.raises(DiskImageUnsafe, match="bytes"):
        read_header(write(tmp_path, descriptor().ljust(2 * MiB, b"\n")), stated=None)


@settings(max_examples=80, deadline=None)
@given(
    where=st.lists(
        st.tuples(st.one_of(st.integers(4, 80), st.integers(512, 2570)), st.integers(0, 255)), min_size=1, max_size=6
    ),
    cut=st.integers(0, 2048),
)
def test_any_header_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, where: list[tuple[int, int]], cut: int
) -> None:
    content = bytearray(sparse(data=0, grains=()))
    for place, value in where:
        content[place] = value
    path = write(tmp_path_factory.mktemp("vmdk"), bytes(content)[: len(content) - cut])
    try:
        header = read_header(path, stated=DiskFormat.VMDK)
    except ImgkitError:
        return
    assert header.region is None


@settings(max_examples=80, deadline=None)
@given(line=st.text(alphabet=st.sampled_from('RW FLATVMS0123456789"/.:\\\n\tab=#'), max_size=60))
def test_no_descriptor_reaches_beyond_its_folder(tmp_path_factory: pytest.TempPathFactory, line: str) -> None:
    folder = tmp_path_factory.mktemp("vmdk")
    path = write(folder, descriptor(line, "monolithicFlat"))
    try:
        header = read_header(path, stated=DiskFormat.VMDK)
    except ImgkitError:
        return
    assert all(file.parent == folder for file in header.files)


def test_what_qemu_leaves_behind_a_shorter_content_id_is_borne(tmp_path: Path) -> None:
    path = write(tmp_path, sparse(text=descriptor() + b'\0ltIDE"\n'))
    assert read_header(path, stated=DiskFormat.VMDK).subformat == "monolithicSparse"
