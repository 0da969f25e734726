"""Hostile and damaged images, made by hand and by qemu-img, each with the exit code that it must have.

Many of them name a real file of the test, the secret, in whatever way a header can.
"""

import io
import os
import socket
import struct
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import zstandard
from tests.integration.hostile_case import (
    DIFFERS,
    FAILED,
    NO_ACCESS,
    NO_LOOK,
    READ,
    REFUSED,
    UNSAFE,
    Case,
    Maker,
    by_qemu,
    case,
    file,
)
from tests.integration.hostile_qcow2 import overlay, qcow2_cases
from tests.unit.disks.headers import test_qcow2, test_vdi, test_vhd, test_vhdx, test_vmdk
from tests.unit.disks.headers.test_qcow2 import CLUSTER

from imgkit.units import KiB, MiB


def cases() -> Iterator[Case]:
    """Give all of them."""
    yield from qcow2_cases()
    yield from _vmdk()
    yield from _vhd_vdi_vhdx()
    yield from _look_alikes()
    yield from _no_images()
    yield from _of_the_unit_tests()


# --- VMDK ---


def flat(extents: str, **beside: bytes) -> Maker:
    """Make a descriptor with these extents, and files beside it."""

    def make(folder: Path, secret: Path) -> Path:
        for name, content in beside.items():
            (folder / name).write_bytes(content)
        (folder / "link").symlink_to(secret)
        (folder / "sub").symlink_to(secret.parent)
        os.mkfifo(folder / "pipe")
        text = test_vmdk.descriptor(extents.format(secret=secret), "monolithicFlat")
        return file(text)(folder, secret)

    return make


def grain(content: bytes, *, says: int | None = None) -> bytes:
    """Return a streamOptimized VMDK whose one grain has these packed bytes."""
    flags = 0x30001
    body = test_vmdk.sparse(flags=flags, compression=1, directory_at=test_vmdk.AT_END, data=0)
    marked = struct.pack("<QI", 0, len(content) if says is None else says) + content
    marker = struct.pack("<QII", 1, 0, 3).ljust(512, b"\0")
    footer = test_vmdk.header_sector(flags=flags, compression=1)
    return body + marked.ljust(-(-len(marked) // 512) * 512, b"\0") + marker + footer + bytes(512)


def _vmdk() -> Iterator[Case]:
    for extent in (
        'RW 64 FLAT "{secret}" 0', 'RW 64 FLAT "../secret" 0', 'RW 64 FLAT "sub/secret" 0', 'RW 64 FLAT "link" 0',
        'RW 64 VMFS "{secret}"', 'RW 64 FLAT "pipe" 0', 'RW 64 FLAT "sub" 0', 'RW 64 FLAT "/dev/zero" 0',
        'RW 64 FLAT "json:{{}}" 0', 'RW 64 FLAT "file:{secret}" 0', 'RW 64 FLAT "nbd:unix:x" 0', 'RW 64 FLAT ".." 0',
        'RW 64 SPARSE "{secret}"', 'RW 64 VMFSSPARSE "link"', 'RW 64 VMFSRDM "link"', 'RW 64 FLAT "disk.img" 0',
        'RW 64 FLAT "x" 0\nRW 64 FLAT "{secret}" 0', 'RW 64 FLAT "x"\tFLAT "{secret}" 0', 'rw 64 flat "{secret}" 0',
        'RW 64 FLAT "x" 0\nparentFileNameHint="{secret}"', 'RW 64 FLAT "x" 0\nPARENTFILENAMEHINT = {secret}',
    ):  # fmt: skip
        yield case(f"extent {extent!r}", flat(extent, x=bytes(64 * 512)), UNSAFE)
    yield case("extent too short", flat('RW 64 FLAT "x" 0', x=bytes(512)), REFUSED)
    yield case("extent of its own", flat('RW 64 FLAT "x" 0', x=bytes(64 * 512)), READ)
    overlay_inside = overlay("{secret}")(Path("/etc/shadow"))[: 64 * 512]
    yield case("extent that begins like an overlay", flat('RW 64 FLAT "x" 0', x=overlay_inside), READ)

    def hint(secret: Path) -> bytes:
        return test_vmdk.sparse(text=test_vmdk.descriptor(more=f'parentFileNameHint="{secret}"\n'))

    def behind_its_sectors(secret: Path) -> bytes:
        text = test_vmdk.descriptor()
        full = test_vmdk.sparse(text=text + b"#" * (2048 - len(text)), directory_at=9, tables=(), grains=(), data=2560)
        return full[:2560] + f'\nparentFileNameHint="{secret}"\n'.encode().ljust(512, b"\0") + full[3072:]

    def no_capacity(secret: Path) -> bytes:
        return test_vmdk.sparse(capacity=0, text=test_vmdk.descriptor(f'RW 64 FLAT "{secret}" 0', "monolithicFlat"))

    def second_extent(secret: Path) -> bytes:
        return test_vmdk.sparse(text=test_vmdk.descriptor(f'RW 8192 SPARSE "disk.img"\nRW 64 FLAT "{secret}" 0'))

    yield case("delta by its hint", file(hint), UNSAFE)
    yield case("hint behind the descriptor's sectors", file(behind_its_sectors), UNSAFE)
    yield case("size left to the descriptor", file(no_capacity), UNSAFE)
    yield case("second extent inside", file(second_extent), UNSAFE)
    yield case("COWD", file(b"COWD" + struct.pack("<4I", 1, 3, 2048, 1) + b"/etc/shadow".ljust(4076, b"\0")), UNSAFE)
    base = "create -q -f vmdk base.vmdk 1M"
    yield case("delta by qemu-img", by_qemu(base, "create -q -f vmdk -b base.vmdk -F vmdk disk.img"), UNSAFE)
    for kind in ("twoGbMaxExtentSparse", "twoGbMaxExtentFlat"):
        yield case(kind, by_qemu(f"create -q -f vmdk -o subformat={kind} disk.img 3G"), UNSAFE)
    yield case("one part of a split disk", file(test_vmdk.sparse(descriptor_at=0, descriptor_length=0)), REFUSED)
    whole = zlib.compress(os.urandom(64 * KiB))
    yield case("a compressed grain", file(grain(whole)), READ)
    yield case("a grain with a wrong checksum", file(grain(whole[:-1] + bytes([whole[-1] ^ 1]))), READ, DIFFERS)
    yield case("a grain without its checksum", file(grain(whole[:-4])), READ, DIFFERS)
    yield case("a grain that ends early", file(grain(whole, says=1000)), READ, DIFFERS)
    yield case("a grain of 64 MiB", file(grain(zlib.compress(bytes(64 * MiB)))), READ, DIFFERS)
    yield case("a grain of nothing", file(grain(b"")), READ, DIFFERS)
    yield case("a grain that claims gigabytes", file(grain(whole, says=2**31)), REFUSED)


# --- the others ---


def _vhd_vdi_vhdx() -> Iterator[Case]:
    def differencing(secret: Path) -> bytes:
        content = bytearray(test_vhd.dynamic(kind=4))
        content[512 + 64 : 512 + 576] = str(secret).encode("utf-16-be").ljust(512, b"\0")[:512]
        content[512:1536] = test_vhd.seal(content[512:1536], 36)
        return bytes(content)

    def parent(secret: Path) -> bytes:
        return test_vhdx.vhdx(flags=2, more=((test_vhdx.PARENT, str(secret).encode("utf-16-le"), 4),))

    yield case("differencing VHD", file(differencing), UNSAFE)
    yield case("differencing VHDX", file(parent), UNSAFE)
    yield case("differencing VDI", file(test_vdi.vdi(kind=4, link=7, parent=9)), UNSAFE)
    yield case("VHDX with a log", file(test_vhdx.vhdx(heads=(test_vhdx.head(1, log=b"L" * 16),) * 2)), READ, NO_LOOK)
    inside = bytearray(test_vhd.fixed(MiB))
    inside[: 5 * CLUSTER] = overlay("/etc/shadow")(Path())[: 5 * CLUSTER]
    yield case("fixed VHD that begins like an overlay", file(bytes(inside)), UNSAFE)
    yield case("the same, stated", file(bytes(inside)), READ, None, "--format", "vhd")
    yield case("VHD without its end footer", file(test_vhd.dynamic(end=b"")), READ, by_qemu=(READ, FAILED))
    yield case("VHD whose table is its header", file(test_vhd.dynamic(table=0)), REFUSED)
    yield case("VHD with a block in its header", file(test_vhd.dynamic(entries=(test_vhd.FREE, 0))), READ)
    yield case("VDI with one block for all", file(test_vdi.vdi(entries=(0, 0, 0))), REFUSED)
    yield case("static VDI cut short", file(test_vdi.vdi(kind=2, entries=(0, 1, 2), used=3, data=2 * MiB)), REFUSED)


def _look_alikes() -> Iterator[Case]:
    """What a guest may write into its first sector, or its last one."""
    raw = ("--format", "raw")
    text = test_vmdk.descriptor('RW 64 FLAT "/etc/shadow" 0', "monolithicFlat").ljust(4096, b"\0")
    for name, content, unstated in (
        ("an overlay", overlay("{secret}"), UNSAFE),
        ("a VMDK descriptor", text, UNSAFE),
        ("a sparse VMDK", test_vmdk.sparse(), READ),
        ("a VHD", test_vhd.footer(kind=4) + bytes(MiB), UNSAFE),
        ("a VHDX", b"vhdxfile" + bytes(MiB - 8), REFUSED),
        ("a VDI", test_vdi.vdi(kind=4), UNSAFE),
        ("a qcow", b"QFI\xfb\0\0\0\1" + bytes(4088), REFUSED),
    ):
        if unstated != READ:
            yield case(f"raw that begins like {name}", file(content), unstated)
        yield case(f"raw that begins like {name}, stated", file(content), READ, None, *raw)
    torn = bytes(MiB) + test_vhd.footer(kind=2)[:-1] + b"\1"
    yield case("raw that ends like a torn VHD", file(torn), REFUSED)
    yield case("raw that ends like a torn VHD, stated", file(torn), READ, None, *raw)
    yield case("raw of one byte, stated", file(b"x"), READ, None, *raw)
    for name in ("a,b=c:d", "-rf", "new\nline", "nbd:unix:x", "json:{}", "\x1b[2J", "file:x", "%s"):
        yield case(f"raw named {name!r}", file(os.urandom(4096), f"./{name}"), READ)


def _no_images() -> Iterator[Case]:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("disk.raw"))
    html = b"<!DOCTYPE html><html><body>403 Forbidden</body></html>"
    xml = b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'
    for name, content in {
        "gzip": zlib.compress(bytes(9000), wbits=31), "xz": b"\xfd7zXZ\0" + bytes(506), "zip": b"PK\3\4" + bytes(508),
        "zstd": zstandard.compress(bytes(9000)), "bzip2": b"BZh9" + bytes(508), "tar": tar.getvalue(),
        "7z": b"7z\xbc\xaf\x27\x1c" + bytes(506), "E01": b"EVF\x09\x0d\x0a\xff\0" + bytes(504),
        "QED": b"QED\0" + bytes(508), "Parallels": b"WithoutFreeSpace" + bytes(496),
        "dmg": bytes(512) + b"koly" + bytes(508),
        "HTML": html, "HTML of whole sectors": html.ljust(1024, b"\n"), "XML": xml,
        "XML of whole sectors": xml.ljust(512),
        "nothing": b"", "one byte": b"x", "a text": b"hello, world\n" * 99, "zero bytes of no sector": bytes(100),
    }.items():  # fmt: skip
        yield case(name, file(content), REFUSED)
    yield case("a pipe", _a_pipe, REFUSED)
    yield case("a socket", _a_socket, REFUSED)
    yield case("a device", lambda _folder, _secret: Path("/dev/zero"), REFUSED)
    yield case("a link to a device", _linked("/dev/zero"), REFUSED)
    yield case("a folder", lambda folder, _secret: folder, REFUSED)
    yield case("a link to itself", _linked("disk.img"), NO_ACCESS)
    yield case("a link to nothing", _linked("missing"), NO_ACCESS)
    yield case("not there", lambda folder, _secret: folder / "missing", NO_ACCESS)


def _a_pipe(folder: Path, secret: Path) -> Path:
    os.mkfifo(folder / "disk.img")
    return folder / "disk.img"


def _a_socket(folder: Path, secret: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.open(folder, os.O_RDONLY)
        listening.bind(f"/proc/self/fd/{here}/disk.img")  # a socket's path has 107 bytes at most
        os.close(here)
    return folder / "disk.img"


def _linked(to: str) -> Maker:
    def make(folder: Path, secret: Path) -> Path:
        (folder / "disk.img").symlink_to(to)
        return folder / "disk.img"

    return make


def _of_the_unit_tests() -> Iterator[Case]:
    """The damaged headers that the unit tests hold the guard against, through the whole of the program."""
    for form, unsafe, malformed in (
        ("qcow2", test_qcow2.UNSAFE, test_qcow2.MALFORMED),
        ("vmdk", test_vmdk.UNSAFE_SPARSE, test_vmdk.MALFORMED_SPARSE),
        ("vhd", test_vhd.UNSAFE, test_vhd.MALFORMED),
        ("vdi", test_vdi.UNSAFE, test_vdi.MALFORMED),
        ("vhdx", test_vhdx.UNSAFE, test_vhdx.MALFORMED),
    ):
        for code, contents in ((UNSAFE, unsafe), (REFUSED, malformed)):
            for name, content in contents.items():
                yield replace(case(f"{form}: {name}", file(content), code, None, "--format", form), is_brief=True)
