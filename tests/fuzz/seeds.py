"""Valid images of every format and subformat, small, from which the fuzzer makes its mutants."""

import struct
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.unit.disks.headers import test_qcow2, test_vdi, test_vhd, test_vhdx, test_vmdk

from imgkit.disks.guard import identify
from imgkit.model.formats import DiskFormat
from imgkit.units import KiB, MiB

Field = tuple[int, str]
"""Offset and struct's form of a number in a header or table."""

Seal = Callable[[bytearray], list[tuple[int, bytes]]]

_MOST_ENTRIES = 64  # of one table that are worth a mutation of their own
_VHD_FOOTER = (
    (8, ">I"), (12, ">I"), (16, ">Q"), (28, ">4s"), (40, ">Q"), (48, ">Q"), (56, ">H"), (58, ">B"), (59, ">B"),
    (60, ">I"), (84, ">B"),
)  # fmt: skip
_VHD_DYNAMIC = ((520, ">Q"), (528, ">Q"), (536, ">I"), (540, ">I"), (544, ">I"))
_VHDX_HEADS = tuple(
    (place + at, form)
    for place in (64 * KiB, 128 * KiB)
    for at, form in ((8, "<Q"), (48, "<Q"), (64, "<H"), (66, "<H"), (68, "<I"), (72, "<Q"))
)
_VHDX_REGIONS = tuple(
    (place + at, form)
    for place in (192 * KiB, 256 * KiB)
    for at, form in ((8, "<I"), (32, "<Q"), (40, "<I"), (44, "<I"), (64, "<Q"), (72, "<I"), (76, "<I"))
)
_QEMU_MADE = {
    "qcow2": ("qcow2", "cluster_size=4k", ()),
    "qcow2-512": ("qcow2", "cluster_size=512", ()),
    "qcow2-v2": ("qcow2", "compat=0.10,cluster_size=4k", ()),
    "qcow2-zlib": ("qcow2", "cluster_size=16k", ("-c",)),
    "qcow2-zstd": ("qcow2", "cluster_size=16k,compression_type=zstd", ("-c",)),
    "qcow2-extended": ("qcow2", "extended_l2=on,cluster_size=16k", ()),
    "qcow2-extended-packed": ("qcow2", "extended_l2=on,cluster_size=16k", ("-c",)),
    "vhd": ("vpc", "force_size=on", ()),
    "vhd-fixed": ("vpc", "subformat=fixed,force_size=on", ()),
    "vdi": ("vdi", "", ()),
    "vdi-static": ("vdi", "static=on", ()),
    "vmdk": ("vmdk", "subformat=monolithicSparse", ()),
    "vmdk-zeroed": ("vmdk", "zeroed_grain=on", ()),
    "vmdk-stream": ("vmdk", "subformat=streamOptimized", ()),
    "vhdx": ("vhdx", "block_size=1M", ()),
}
_MADE_BYTES = 320 * KiB + 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """`fields` are the places of numbers; `seal` returns what must be rewritten so that all checksums fit again."""

    name: str
    format: DiskFormat
    content: bytes
    fields: tuple[Field, ...]
    seal: Seal
    beside: Mapping[str, bytes] = field(default_factory=dict)


def hand_made() -> list[Seed]:
    """Return seeds that need no program, of the builders in the unit tests."""
    descriptor = test_vmdk.descriptor('RW 128 FLAT "flat.bin" 0', "monolithicFlat")
    images = {
        "qcow2-by-hand": (DiskFormat.QCOW2, test_qcow2.qcow2()),
        "qcow2-snapshots-by-hand": (DiskFormat.QCOW2, _with_snapshots()),
        "qcow2-extended-by-hand": (DiskFormat.QCOW2, test_qcow2.qcow2(incompatible=16, l2=(4 * 64 * KiB, 0xF0000000F))),
        "qcow2-backing-by-hand": (
            DiskFormat.QCOW2,
            test_qcow2.qcow2(backing_at=1024, backing_length=4, poke={1024: b"base"}),
        ),
        "vhd-by-hand": (DiskFormat.VHD, _small_vhd()),
        "vhd-fixed-by-hand": (DiskFormat.VHD, test_vhd.fixed(64 * KiB)),
        "vdi-by-hand": (DiskFormat.VDI, test_vdi.vdi()),
        "vmdk-by-hand": (DiskFormat.VMDK, test_vmdk.sparse()),
        "vmdk-stream-by-hand": (DiskFormat.VMDK, test_vmdk.stream()),
        "vmdk-flat-by-hand": (DiskFormat.VMDK, descriptor),
        "vhdx-by-hand": (DiskFormat.VHDX, test_vhdx.vhdx(block=MiB, size=4 * MiB, data=b"x" * MiB)),
        "raw": (DiskFormat.RAW, bytes(range(256)) * 64),
    }
    return [_seed(name, form, content) for name, (form, content) in images.items()]


def made_by_qemu(folder: Path) -> list[Seed]:
    """Return seeds that qemu-img writes: one sparse disk in every subformat."""
    raw = folder / "seed.raw"
    content = bytearray(_MADE_BYTES)
    content[:4096] = b"boot" * 1024
    content[100 * KiB : 140 * KiB] = bytes(n * n % 251 for n in range(40 * KiB))
    content[-512:] = b"gpt!" * 128
    raw.write_bytes(content)
    return [_made(folder / name, raw, *how) for name, how in _QEMU_MADE.items()]


def _made(path: Path, raw: Path, to: str, options: str, flags: tuple[str, ...]) -> Seed:
    asked = ["-o", options] if options else []
    subprocess.run(["qemu-img", "convert", *flags, "-f", "raw", "-O", to, *asked, raw, path], check=True)
    return _seed(path.name, identify(path), path.read_bytes())


def _seed(name: str, form: DiskFormat, content: bytes) -> Seed:
    fields = {
        DiskFormat.QCOW2: _qcow2_fields,
        DiskFormat.VHD: _vhd_fields,
        DiskFormat.VDI: _vdi_fields,
        DiskFormat.VMDK: _vmdk_fields,
        DiskFormat.VHDX: _vhdx_fields,
        DiskFormat.RAW: _no_fields,
    }[form]
    seals: dict[DiskFormat, Seal] = {DiskFormat.VHD: _seal_vhd, DiskFormat.VHDX: _seal_vhdx}
    beside = {"flat.bin": bytes(range(256)) * 256} if "flat-by-hand" in name else {}
    usable = tuple(each for each in fields(content) if each[0] + struct.calcsize(each[1]) <= len(content))
    return Seed(name=name, format=form, content=content, fields=usable, seal=seals.get(form, _unsealed), beside=beside)


def _small_vhd() -> bytes:
    return test_vhd.dynamic(size=128 * KiB, block_bytes=64 * KiB, data=512 + 64 * KiB)


def _with_snapshots() -> bytes:
    tail = test_qcow2.snapshot(b"before") + test_qcow2.snapshot(b"after")
    return test_qcow2.qcow2(snapshots=2, snapshots_at=5 * test_qcow2.CLUSTER, tail=tail)


def _table(at: int, count: int, form: str) -> Iterator[Field]:
    width = struct.calcsize(form)
    yield from ((at + number * width, form) for number in range(min(count, _MOST_ENTRIES)))


def _entries(content: bytes, at: int, count: int, form: str) -> list[int]:
    return [struct.unpack_from(form, content, place)[0] for place, _ in _table(at, count, form)]


def _no_fields(content: bytes) -> Iterator[Field]:
    return iter(())


def _qcow2_fields(content: bytes) -> Iterator[Field]:
    yield from test_qcow2.PLACES.values()
    bits, entries, at = struct.unpack(">I12xIQ", content[20:24] + content[24:36] + content[36:48])
    yield from _table(at, entries, ">Q")
    for table in {each & 0xFFFFFFFFFFFE00 for each in _entries(content, at, entries, ">Q")} - {0}:
        yield from _table(table, (1 << bits) // 8, ">Q")
    (snapshots,) = struct.unpack_from(">Q", content, 64)
    yield from ((snapshots + place, form) for place, form in ((0, ">Q"), (8, ">I"), (12, ">H"), (14, ">H"), (36, ">I")))


def _vhd_fields(content: bytes) -> Iterator[Field]:
    end = len(content) - 512
    yield from ((end + at, form) for at, form in _VHD_FOOTER)
    if content.startswith(b"conectix"):
        yield from (*_VHD_FOOTER, *_VHD_DYNAMIC)
        at, blocks = struct.unpack_from(">Q4xI", content, 528)
        yield from _table(at, blocks, ">I")


def _vdi_fields(content: bytes) -> Iterator[Field]:
    yield from test_vdi.PLACES.values()
    (at,) = struct.unpack_from("<I", content, 0x154)
    yield from _table(at, 8, "<I")


def _vmdk_fields(content: bytes) -> Iterator[Field]:
    if not content.startswith(b"KDMV"):
        return
    yield from test_vmdk.PLACES.values()
    footer = len(content) - 1024
    at = struct.unpack_from("<Q", content, 56)[0]
    if at == test_vmdk.AT_END:
        yield from ((footer + place, form) for place, form in test_vmdk.PLACES.values())
        yield from ((footer + place, "<I") for place in (-512, -508, -504, -500))
        at = struct.unpack_from("<Q", content, footer + 56)[0]
    yield from _table(at * 512, 4, "<I")
    for table in {each for each in _entries(content, at * 512, 4, "<I") if 0 < each * 512 < len(content)}:
        yield from _table(table * 512, 16, "<I")
        for grain in _entries(content, table * 512, 16, "<I"):
            yield from ((grain * 512, "<Q"), (grain * 512 + 8, "<I"), (grain * 512 + 12, "<I"))


def _vhdx_fields(content: bytes) -> Iterator[Field]:
    yield from (*_VHDX_HEADS, *_VHDX_REGIONS)
    bat = content.index(test_vhdx.guid(test_vhdx.BAT), 192 * KiB)
    metadata = content.index(test_vhdx.guid(test_vhdx.METADATA), 192 * KiB)
    (at,) = struct.unpack_from("<Q", content, bat + 16)
    yield from _table(at, 8, "<Q")
    (at,) = struct.unpack_from("<Q", content, metadata + 16)
    yield (at + 10, "<H")
    for number in range(6):
        yield from ((at + 32 + 32 * number + place, "<I") for place in (16, 20, 24))
    yield from _table(at + 64 * KiB, 16, "<I")


def _unsealed(content: bytearray) -> list[tuple[int, bytes]]:
    return []


def _seal_vhd(content: bytearray) -> list[tuple[int, bytes]]:
    sealed = []
    for place, length, at in ((0, 512, 64), (512, 1024, 36), (len(content) - 512, 512, 64)):
        block = bytearray(content[place : place + length])
        if block.startswith((b"conectix", b"cxsparse")):
            sealed.append((place, test_vhd.seal(block, at)))
    return sealed


def _seal_vhdx(content: bytearray) -> list[tuple[int, bytes]]:
    places = ((64 * KiB, 4 * KiB), (128 * KiB, 4 * KiB), (192 * KiB, 64 * KiB), (256 * KiB, 64 * KiB))
    blocks = ((place, bytes(content[place : place + length])) for place, length in places)
    return [(place, test_vhdx.sealed(block)) for place, block in blocks]
