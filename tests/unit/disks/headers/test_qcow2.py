"""qcow2: header, extensions, snapshots; what is refused, and as what."""

import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgkit.disks.guard import read_header
from imgkit.errors import DiskImageUnsafe, ImgkitError, NotADiskImage
from imgkit.model.formats import DiskFormat
from imgkit.units import KiB, MiB

CLUSTER = 64 * KiB
PLACES = {
    "magic": (0, ">4s"), "version": (4, ">I"), "backing_at": (8, ">Q"), "backing_length": (16, ">I"),
    "cluster_bits": (20, ">I"), "size": (24, ">Q"), "encryption": (32, ">I"), "l1_entries": (36, ">I"),
    "l1_at": (40, ">Q"), "refcounts_at": (48, ">Q"), "refcount_clusters": (56, ">I"), "snapshots": (60, ">I"),
    "snapshots_at": (64, ">Q"), "incompatible": (72, ">Q"), "refcount_order": (96, ">I"), "length": (100, ">I"),
    "compression": (104, ">B"),
}  # fmt: skip
USUAL = {
    "magic": b"QFI\xfb", "version": 3, "cluster_bits": 16, "size": 64 * MiB, "l1_entries": 1, "l1_at": CLUSTER,
    "refcounts_at": 2 * CLUSTER, "refcount_clusters": 1, "refcount_order": 4, "length": 112,
}  # fmt: skip


def qcow2(
    *,
    extensions: bytes = b"",
    l1: tuple[int, ...] = (3 * CLUSTER,),
    l2: tuple[int, ...] = (4 * CLUSTER,),
    tail: bytes = b"",
    poke: dict[int, bytes] | None = None,
    **fields: Any,
) -> bytes:
    """Header, L1 table, refcount table, one L2 table, and one cluster of data: a cluster each."""
    content = bytearray(5 * CLUSTER)
    for name, value in (USUAL | fields).items():
        place, form = PLACES[name]
        struct.pack_into(form, content, place, value)
    content[112 : 112 + len(extensions)] = extensions
    struct.pack_into(f">{len(l1)}Q", content, CLUSTER, *l1)
    struct.pack_into(f">{len(l2)}Q", content, 3 * CLUSTER, *l2)
    for place, value in (poke or {}).items():
        content[place : place + len(value)] = value
    return bytes(content) + tail


def extension(kind: int, content: bytes) -> bytes:
    return struct.pack(">II", kind, len(content)) + content.ljust(-(-len(content) // 8) * 8, b"\0")


def snapshot(name: bytes, *, extra: int = 16) -> bytes:
    entry = struct.pack(">QIHHIIQII", CLUSTER, 1, 1, len(name), 0, 0, 0, 0, extra) + bytes(min(extra, 64)) + b"1" + name
    return entry.ljust(-(-len(entry) // 8) * 8, b"\0")


def write(folder: Path, content: bytes) -> Path:
    path = folder / "disk.img"
    path.write_bytes(content)
    return path


def test_reads_version_3(tmp_path: Path) -> None:
    header = read_header(write(tmp_path, qcow2()), stated=None)
    assert (header.format, header.virtual_size, header.allocated_bytes) == (DiskFormat.QCOW2, 64 * MiB, CLUSTER)
    assert header.subformat == "compat 1.1, clusters of 65536 bytes, zlib"
    assert header.notes == ()


def test_reads_version_2_whose_header_is_shorter(tmp_path: Path) -> None:
    content = qcow2(version=2, length=0xFFFFFFFF, incompatible=0, refcount_order=0, poke={72: bytes(64)})
    assert read_header(write(tmp_path, content), stated=None).subformat.startswith("compat 0.10")


def test_tells_zstd_and_subclusters(tmp_path: Path) -> None:
    header = read_header(write(tmp_path, qcow2(incompatible=8 | 16, compression=1)), stated=None)
    assert header.subformat.endswith("zstd, extended L2")


def test_tells_dirty_corrupt_and_encrypted(tmp_path: Path) -> None:
    header = read_header(write(tmp_path, qcow2(incompatible=1 | 2, encryption=2)), stated=None)
    assert (header.dirty, header.corrupt, header.encrypted) == (True, True, True)
    assert len(header.notes) == 3


def test_names_snapshots_without_their_control_characters(tmp_path: Path) -> None:
    table = snapshot(b"before\x1b[2J") + snapshot(b"after")
    header = read_header(write(tmp_path, qcow2(snapshots=2, snapshots_at=5 * CLUSTER, tail=table)), stated=None)
    assert header.snapshots == ("before\\x1b[2J", "after")
    assert header.snapshot_count == 2


def test_the_last_cluster_may_end_with_the_disk(tmp_path: Path) -> None:
    content = qcow2(size=CLUSTER + 512, l2=(0, 4 * CLUSTER))
    assert read_header(write(tmp_path, content[: 4 * CLUSTER + 512]), stated=None).allocated_bytes == CLUSTER
    with pytest.raises(NotADiskImage, match="last cluster"):
        read_header(write(tmp_path, content[: 4 * CLUSTER + 511]), stated=None)


def test_the_last_cluster_may_end_with_its_last_subcluster(tmp_path: Path) -> None:
    content = qcow2(incompatible=16, l2=(4 * CLUSTER, 0b111))
    read_header(write(tmp_path, content[: 4 * CLUSTER + 3 * 2048]), stated=None)
    with pytest.raises(NotADiskImage, match="last cluster"):
        read_header(write(tmp_path, content[: 4 * CLUSTER + 3 * 2048 - 1]), stated=None)


def test_a_compressed_cluster_may_end_with_the_file(tmp_path: Path) -> None:
    compressed = 1 << 62 | (5 * CLUSTER - 100)
    header = read_header(write(tmp_path, qcow2(l2=(compressed,))), stated=None)
    assert (header.allocated_bytes, header.notes) == (CLUSTER, ())


UNSAFE = {
    "a backing file": qcow2(backing_at=1024, backing_length=11, poke={1024: b"/etc/shadow"}),
    "a backing file over the network": qcow2(backing_at=1024, backing_length=15, poke={1024: b"nbd://host/disk "}),
    "a backing file in JSON": qcow2(backing_at=1024, backing_length=9, poke={1024: b'json:{"a"'}),
    "a backing file without a name": qcow2(backing_at=1024, backing_length=0),
    "a backing file in version 2": qcow2(version=2, backing_at=1024, backing_length=4, poke={1024: b"/etc"}),
    "an external data file": qcow2(incompatible=4),
    "an external data file with its name": qcow2(incompatible=4, extensions=extension(0x44415441, b"/etc/shadow")),
    "a data file's name without the bit": qcow2(extensions=extension(0x44415441, b"/etc/shadow")),
    "a size beyond every disk": qcow2(size=2**62),
    "an L1 table of 32 GiB": qcow2(l1_entries=2**32 - 1),
    "a refcount table of terabytes": qcow2(refcount_clusters=2**31),
    "four billion snapshots": qcow2(snapshots=2**32 - 1),
    "a snapshot with gigabytes of extra data": qcow2(
        snapshots=1, snapshots_at=5 * CLUSTER, tail=snapshot(b"s", extra=2**31)
    ),
}
MALFORMED = {
    "version 1": qcow2(version=1),
    "version 4": qcow2(version=4),
    "unknown incompatible features": qcow2(incompatible=1 << 40),
    "clusters of 256 bytes": qcow2(cluster_bits=8),
    "clusters of 4 MiB": qcow2(cluster_bits=22),
    "clusters of 2^4294967295 bytes": qcow2(cluster_bits=2**32 - 1),
    "subclusters in clusters of 4 KiB": qcow2(cluster_bits=12, incompatible=16),
    "no bytes": qcow2(size=0),
    "half a sector": qcow2(size=MiB + 100),
    "unknown encryption": qcow2(encryption=3),
    "unknown compression": qcow2(incompatible=8, compression=2),
    "refcounts of 128 bits": qcow2(refcount_order=7),
    "a header longer than its cluster": qcow2(length=2**31),
    "a header of 8 bytes": qcow2(length=8),
    "a header of version 3 that ends like one of version 2": qcow2(length=72),
    "zstd without the bit that announces it": qcow2(compression=1),
    "the bit that announces another compression, and zlib": qcow2(incompatible=8),
    "a header of odd length": qcow2(length=109),
    "no L1 table": qcow2(l1_at=0),
    "an L1 table too small for its size": qcow2(size=1024 * MiB),
    "an L1 table of no entries": qcow2(l1_entries=0),
    "an L1 table off a cluster's start": qcow2(l1_at=CLUSTER + 8),
    "an L1 table beyond the end": qcow2(l1_at=2**40),
    "an L1 table at the largest offset": qcow2(l1_at=2**64 - CLUSTER),
    "no refcount table": qcow2(refcounts_at=0),
    "a refcount table beyond the end": qcow2(refcounts_at=2**40),
    "a refcount table longer than the file": qcow2(refcount_clusters=64),
    "snapshots beyond the end": qcow2(snapshots=1, snapshots_at=2**40),
    "snapshots off a cluster's start": qcow2(snapshots=1, snapshots_at=100),
    "an L2 table beyond the end": qcow2(l1=(2**40,)),
    "an L2 table off a cluster's start": qcow2(l1=(3 * CLUSTER + 512,)),
    "one L2 table twice": qcow2(l1=(3 * CLUSTER, 3 * CLUSTER), l1_entries=2),
    "a cluster beyond the end": qcow2(l2=(2**40,)),
    "a cluster right at the end": qcow2(l2=(5 * CLUSTER,)),
    "a compressed cluster beyond the end": qcow2(l2=(1 << 62 | 2**40,)),
    "an extension that reaches out of the first cluster": qcow2(extensions=struct.pack(">II", 0x12345678, CLUSTER)),
    "an extension of four billion bytes": qcow2(extensions=struct.pack(">II", 0x12345678, 2**32 - 1)),
    "a backing name outside the first cluster": qcow2(backing_at=CLUSTER, backing_length=4),
    "a backing name of 2000 bytes": qcow2(backing_at=1024, backing_length=2000),
    "cut inside the header": qcow2()[:60],
    "cut inside the L1 table": qcow2()[: CLUSTER + 4],
    "cut before its data": qcow2()[: 4 * CLUSTER],
    "cut inside its last cluster": qcow2()[:-1],
}


@pytest.mark.parametrize("content", UNSAFE.values(), ids=UNSAFE.keys())
def test_refuses_as_unsafe(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DiskImageUnsafe):
        read_header(write(tmp_path, content), stated=None)


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED.keys())
def test_refuses_as_no_disk_image(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(NotADiskImage):
        read_header(write(tmp_path, content), stated=DiskFormat.QCOW2)


def test_the_refusal_names_the_backing_file_harmlessly(tmp_path: Path) -> None:
    content = qcow2(backing_at=1024, backing_length=9, poke={1024: b"/etc\n\x1b[2J"})
    with pytest.raises(DiskImageUnsafe, match=r'"/etc\\n\\x1b\[2J"'):
        read_header(write(tmp_path, content), stated=None)


@settings(max_examples=80, deadline=None)
@given(
    where=st.lists(
        st.tuples(st.one_of(st.integers(4, 143), st.integers(CLUSTER, CLUSTER + 16)), st.integers(0, 255)),
        min_size=1,
        max_size=6,
    ),
    cut=st.integers(0, 5 * CLUSTER),
)
def test_any_header_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, where: list[tuple[int, int]], cut: int
) -> None:
    content = bytearray(qcow2())
    for place, value in where:
        content[place] = value
    path = write(tmp_path_factory.mktemp("qcow2"), bytes(content)[: len(content) - cut // 4])
    try:
        header = read_header(path, stated=DiskFormat.QCOW2)
    except ImgkitError:
        return
    assert not header.backing_name
