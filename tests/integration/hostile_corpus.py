"""Hostile and damaged images, made by hand and by qemu-img, each with the exit code that it must have.

Many of them name a real file of the test, the secret, in whatever way a header can.
"""

import io
import os
import socket
import struct
import subprocess
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import zstandard
from tests.unit.disks.headers import test_qcow2, test_vdi, test_vhd, test_vhdx, test_vmdk
from tests.unit.disks.headers.test_qcow2 import CLUSTER, extension, qcow2

from imgkit.units import KiB, MiB

SECRET = b"what only the host may know; " * 4096
READ, REFUSED, UNSAFE, DIFFERS, NO_LOOK, NEEDS_KEY, NO_ACCESS = 0, 51, 52, 60, 70, 71, 83
FAILED = 43

Maker = Callable[[Path, Path], Path]


@dataclass(frozen=True, kw_only=True)
class Case:
    """`make` gets an empty folder and the secret, and returns the image. `by_qemu` is how reading through QEMU may end.

    `folder` stands in `words` for the case's own.
    """

    name: str
    make: Maker
    info: int
    read: int
    by_qemu: frozenset[int]
    is_brief: bool = False
    """Refused as many others are: few commands show it."""
    words: tuple[str, ...] = ()


def cases() -> Iterator[Case]:
    """Give all of them."""
    yield from _backing()
    yield from _allowed_backing()
    yield from _other_qcow2()
    yield from _vmdk()
    yield from _vhd_vdi_vhdx()
    yield from _look_alikes()
    yield from _no_images()
    yield from _of_the_unit_tests()


def _case(
    name: str, make: Maker, info: int, read: int | None = None, *words: str, by_qemu: tuple[int, ...] = ()
) -> Case:
    ends = info if read is None else read
    return Case(name=name, make=make, info=info, read=ends, by_qemu=frozenset(by_qemu or (ends,)), words=words)


def file(content: bytes | Callable[[Path], bytes], name: str = "disk.img") -> Maker:
    """Make one file; its content may depend on where the secret lies."""

    def make(folder: Path, secret: Path) -> Path:
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content(secret))
        return path

    return make


def by_qemu(*commands: str) -> Maker:
    """Make `disk.img` with qemu-img; {secret} is where the secret lies, which qemu-img may have written over."""

    def make(folder: Path, secret: Path) -> Path:
        for command in commands:
            words = [word.format(secret=secret, folder=folder) for word in command.split()]
            subprocess.run(["qemu-img", *words], check=True, stdout=subprocess.DEVNULL, cwd=folder)
        secret.write_bytes(SECRET)
        return folder / "disk.img"

    return make


# --- qcow2 ---


def overlay(name: str | bytes, *, over: bytes = b"", version: int = 3) -> Callable[[Path], bytes]:
    """Return an overlay by hand on a file of any name, with its format where that is told."""

    def content(secret: Path) -> bytes:
        text = name if isinstance(name, bytes) else name.format(secret=secret).encode()
        told = extension(0xE2792ACA, over) if over else b""
        poke = {2048: text} if version == 3 else {2048: text, 72: bytes(40)}
        return qcow2(version=version, backing_at=2048, backing_length=len(text), extensions=told, poke=poke)

    return content


def _backing() -> Iterator[Case]:
    for name in (
        "{secret}", "../secret", "file:{secret}", "file://{secret}", "nbd://127.0.0.1/x", "nbd:unix:{secret}",
        "http://127.0.0.1:1/x", "https://127.0.0.1:1/x", "ftp://127.0.0.1:1/x", "ssh://127.0.0.1/x", "iscsi://h/x/0",
        "rbd:pool/x", "fat:rw:/etc", "host_device:/dev/zero", "blkdebug::{secret}", "blkverify:{secret}:{secret}",
        "raw:{secret}", "/dev/stdin", "/dev/fd/0", "/proc/self/environ", "", "disk.img", ".", "\n", "\x1b[2J",
    ):  # fmt: skip
        yield _case(f"backing file {name!r}", file(overlay(name)), UNSAFE)
    json = '{{"driver":"raw","file":{{"driver":"file","filename":"{secret}"}}}}'
    yield _case("backing file in JSON", file(overlay("json:" + json)), UNSAFE)
    yield _case("backing file with a NUL", file(overlay("{secret}\0x")), UNSAFE)
    yield _case("backing file that is no UTF-8", file(overlay(b"\xff\xfe/etc/shadow")), UNSAFE)
    yield _case("backing file in version 2", file(overlay("{secret}", version=2)), UNSAFE)
    yield _case("backing file by qemu-img", by_qemu("create -q -f qcow2 -b {secret} -F raw disk.img"), UNSAFE)
    yield _case("its own backing file", by_qemu(*_LOOP), UNSAFE)
    yield _case("two overlays on each other", by_qemu(*_RING), UNSAFE)


_LOOP = ("create -q -f qcow2 disk.img 1M", "rebase -u -f qcow2 -b disk.img -F qcow2 disk.img")
_RING = (
    "create -q -f qcow2 disk.img 1M",
    "create -q -f qcow2 other.img 1M",
    "rebase -u -f qcow2 -b other.img -F qcow2 disk.img",
    "rebase -u -f qcow2 -b disk.img -F qcow2 other.img",
)
_CHAIN = ("create -q -f qcow2 c0 1M", *(f"create -q -f qcow2 -b c{n} -F qcow2 c{n + 1}" for n in range(20)),
          "create -q -f qcow2 -b c20 -F qcow2 disk.img")  # fmt: skip
_UPPER = ("create -q -f qcow2 -b {secret} -F raw mid.img", "create -q -f qcow2 -b mid.img -F qcow2 disk.img")


def _allowed_backing() -> Iterator[Case]:
    """`--allow-backing` for the case's own folder; the secret lies beside that."""
    allow = ("--allow-backing", "{folder}")
    for name in ("{secret}", "../secret", "sub/../../secret", "json:{{}}", "nbd:unix:{secret}", "file:{secret}"):
        yield _case(f"allowed, and outside: {name}", file(overlay(name, over=b"raw")), UNSAFE, None, *allow)
    yield _case("allowed, and of no stated format", file(overlay("base")), UNSAFE, None, *allow)
    yield _case("allowed, and a vmdk", file(overlay("base", over=b"vmdk")), UNSAFE, None, *allow)
    yield _case("allowed, and not there", file(overlay("base", over=b"raw")), NO_ACCESS, None, *allow)
    yield _case("allowed, and a folder", file(overlay(".", over=b"raw")), REFUSED, None, *allow)
    yield _case("allowed, and a link that leads outside", _with_link, UNSAFE, None, *allow)
    yield _case("allowed, and a pipe", _with_pipe, REFUSED, None, *allow)
    yield _case("allowed, and its own backing file", by_qemu(*_LOOP), UNSAFE, None, *allow)
    yield _case("allowed, and two on each other", by_qemu(*_RING), UNSAFE, None, *allow)
    yield _case("allowed, and twenty on each other", by_qemu(*_CHAIN), UNSAFE, None, *allow)
    yield _case("allowed, and the one below reaches outside", by_qemu(*_UPPER), UNSAFE, None, *allow)


def _with_link(folder: Path, secret: Path) -> Path:
    (folder / "base").symlink_to(secret)
    return file(overlay("base", over=b"raw"))(folder, secret)


def _with_pipe(folder: Path, secret: Path) -> Path:
    os.mkfifo(folder / "base")
    return file(overlay("base", over=b"raw"))(folder, secret)


def packed(content: bytes, *, zstd: bool = False) -> bytes:
    """Return a qcow2 whose first cluster is compressed, at the file's end, and holds these bytes."""
    sectors = (len(content) - 1) // 512
    entry = 1 << 62 | sectors << 54 | 5 * CLUSTER
    more: dict[str, Any] = {"incompatible": 8, "compression": 1} if zstd else {}
    return qcow2(l2=(entry,), tail=content.ljust((sectors + 1) * 512, b"\0"), size=MiB, **more)


def _deflated(content: bytes, *, wbits: int = -12) -> bytes:
    writer = zlib.compressobj(9, wbits=wbits)
    return writer.compress(content) + writer.flush()


def _other_qcow2() -> Iterator[Case]:
    named = extension(0x44415441, b"/etc/shadow")
    data_file = "create -q -f qcow2 -o data_file={secret},data_file_raw=on disk.img 64k"
    yield _case("data file by qemu-img", by_qemu(data_file), UNSAFE)
    yield _case(
        "data file that is itself", file(qcow2(incompatible=4, extensions=extension(0x44415441, b"disk.img"))), UNSAFE
    )
    yield _case("data file's bit alone", file(qcow2(incompatible=4)), UNSAFE)
    yield _case("data file's name alone", file(qcow2(extensions=named)), UNSAFE)
    luks = "create -q -f qcow2 --object secret,id=s,data=abc -o encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10 disk.img 1M"  # noqa: E501
    yield _case("encrypted with LUKS", by_qemu(luks), READ, NEEDS_KEY)
    yield _case("encrypted in the old way", file(qcow2(encryption=1)), READ, NEEDS_KEY)
    small: dict[str, Any] = {"size": MiB}
    escape: dict[str, Any] = {
        "snapshots": 1,
        "snapshots_at": 5 * CLUSTER,
        "tail": test_qcow2.snapshot(b"\x1b]0;x\x07\n"),
    }
    yield _case("snapshot named with an escape", file(qcow2(**small, **escape)), READ, by_qemu=(READ, FAILED))
    yield _case("snapshots in the header", file(qcow2(**small, snapshots=1)), READ, by_qemu=(READ, FAILED))
    yield _case("dirty", file(qcow2(**small, incompatible=1)), READ, by_qemu=(READ, FAILED))
    yield _case("marked as corrupt", file(qcow2(**small, incompatible=2)), READ, by_qemu=(READ, FAILED))
    yield _case("L2 table that is the L1 table", file(qcow2(**small, l1=(CLUSTER,))), READ)
    yield _case("cluster that is its own table", file(qcow2(**small, l2=(3 * CLUSTER,))), READ)
    yield _case("every cluster the same", file(qcow2(**small, l2=(4 * CLUSTER,) * 16)), READ)
    yield _case("cluster off a cluster's start", file(qcow2(**small, l2=(4 * CLUSTER + 512,))), REFUSED)
    yield _case("subclusters there and not there", file(qcow2(incompatible=16, l2=(4 * CLUSTER, 1 << 32 | 1))), REFUSED)
    yield _case("mark of version 3 in version 2", file(qcow2(version=2, l2=(1,), poke={72: bytes(40)})), REFUSED)
    yield _case("a bomb of 64 MiB", file(packed(_deflated(bytes(64 * MiB)))), READ, by_qemu=(READ, DIFFERS))
    bomb = zstandard.ZstdCompressor().compress(bytes(64 * MiB))
    yield _case("a bomb in zstd", file(packed(bomb, zstd=True)), READ, DIFFERS)
    wide = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    far = zstandard.ZstdCompressor(compression_params=wide).compressobj(size=-1)
    window = far.compress(os.urandom(CLUSTER)) + far.flush()
    yield _case("a window of 128 MiB", file(packed(window, zstd=True)), READ, DIFFERS, by_qemu=(READ, DIFFERS))
    yield _case("compressed bytes that are none", file(packed(b"\xff" * 5000)), READ, DIFFERS)
    yield _case("zstd bytes that are none", file(packed(b"\xff" * 5000, zstd=True)), READ, DIFFERS)
    yield _case("a compressed cluster too short", file(packed(_deflated(bytes(CLUSTER - 1)))), READ, DIFFERS)


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
        yield _case(f"extent {extent!r}", flat(extent, x=bytes(64 * 512)), UNSAFE)
    yield _case("extent too short", flat('RW 64 FLAT "x" 0', x=bytes(512)), REFUSED)
    yield _case("extent of its own", flat('RW 64 FLAT "x" 0', x=bytes(64 * 512)), READ)
    overlay_inside = overlay("{secret}")(Path("/etc/shadow"))[: 64 * 512]
    yield _case("extent that begins like an overlay", flat('RW 64 FLAT "x" 0', x=overlay_inside), READ)

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

    yield _case("delta by its hint", file(hint), UNSAFE)
    yield _case("hint behind the descriptor's sectors", file(behind_its_sectors), UNSAFE)
    yield _case("size left to the descriptor", file(no_capacity), UNSAFE)
    yield _case("second extent inside", file(second_extent), UNSAFE)
    yield _case("COWD", file(b"COWD" + struct.pack("<4I", 1, 3, 2048, 1) + b"/etc/shadow".ljust(4076, b"\0")), UNSAFE)
    base = "create -q -f vmdk base.vmdk 1M"
    yield _case("delta by qemu-img", by_qemu(base, "create -q -f vmdk -b base.vmdk -F vmdk disk.img"), UNSAFE)
    for kind in ("twoGbMaxExtentSparse", "twoGbMaxExtentFlat"):
        yield _case(kind, by_qemu(f"create -q -f vmdk -o subformat={kind} disk.img 3G"), UNSAFE)
    yield _case("one part of a split disk", file(test_vmdk.sparse(descriptor_at=0, descriptor_length=0)), REFUSED)
    whole = zlib.compress(os.urandom(64 * KiB))
    yield _case("a compressed grain", file(grain(whole)), READ)
    yield _case("a grain with a wrong checksum", file(grain(whole[:-1] + bytes([whole[-1] ^ 1]))), READ, DIFFERS)
    yield _case("a grain without its checksum", file(grain(whole[:-4])), READ, DIFFERS)
    yield _case("a grain that ends early", file(grain(whole, says=1000)), READ, DIFFERS)
    yield _case("a grain of 64 MiB", file(grain(zlib.compress(bytes(64 * MiB)))), READ, DIFFERS)
    yield _case("a grain of nothing", file(grain(b"")), READ, DIFFERS)
    yield _case("a grain that claims gigabytes", file(grain(whole, says=2**31)), REFUSED)


# --- the others ---


def _vhd_vdi_vhdx() -> Iterator[Case]:
    def differencing(secret: Path) -> bytes:
        content = bytearray(test_vhd.dynamic(kind=4))
        content[512 + 64 : 512 + 576] = str(secret).encode("utf-16-be").ljust(512, b"\0")[:512]
        content[512:1536] = test_vhd.seal(content[512:1536], 36)
        return bytes(content)

    def parent(secret: Path) -> bytes:
        return test_vhdx.vhdx(flags=2, more=((test_vhdx.PARENT, str(secret).encode("utf-16-le"), 4),))

    yield _case("differencing VHD", file(differencing), UNSAFE)
    yield _case("differencing VHDX", file(parent), UNSAFE)
    yield _case("differencing VDI", file(test_vdi.vdi(kind=4, link=7, parent=9)), UNSAFE)
    yield _case("VHDX with a log", file(test_vhdx.vhdx(heads=(test_vhdx.head(1, log=b"L" * 16),) * 2)), READ, NO_LOOK)
    inside = bytearray(test_vhd.fixed(MiB))
    inside[: 5 * CLUSTER] = overlay("/etc/shadow")(Path())[: 5 * CLUSTER]
    yield _case("fixed VHD that begins like an overlay", file(bytes(inside)), UNSAFE)
    yield _case("the same, stated", file(bytes(inside)), READ, None, "--format", "vhd")
    yield _case("VHD without its end footer", file(test_vhd.dynamic(end=b"")), READ, by_qemu=(READ, FAILED))
    yield _case("VHD whose table is its header", file(test_vhd.dynamic(table=0)), REFUSED)
    yield _case("VHD with a block in its header", file(test_vhd.dynamic(entries=(test_vhd.FREE, 0))), READ)
    yield _case("VDI with one block for all", file(test_vdi.vdi(entries=(0, 0, 0))), REFUSED)
    yield _case("static VDI cut short", file(test_vdi.vdi(kind=2, entries=(0, 1, 2), used=3, data=2 * MiB)), REFUSED)


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
            yield _case(f"raw that begins like {name}", file(content), unstated)
        yield _case(f"raw that begins like {name}, stated", file(content), READ, None, *raw)
    torn = bytes(MiB) + test_vhd.footer(kind=2)[:-1] + b"\1"
    yield _case("raw that ends like a torn VHD", file(torn), REFUSED)
    yield _case("raw that ends like a torn VHD, stated", file(torn), READ, None, *raw)
    yield _case("raw of one byte, stated", file(b"x"), READ, None, *raw)
    for name in ("a,b=c:d", "-rf", "new\nline", "nbd:unix:x", "json:{}", "\x1b[2J", "file:x", "%s"):
        yield _case(f"raw named {name!r}", file(os.urandom(4096), f"./{name}"), READ)


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
        yield _case(name, file(content), REFUSED)
    yield _case("a pipe", _a_pipe, REFUSED)
    yield _case("a socket", _a_socket, REFUSED)
    yield _case("a device", lambda _folder, _secret: Path("/dev/zero"), REFUSED)
    yield _case("a link to a device", _linked("/dev/zero"), REFUSED)
    yield _case("a folder", lambda folder, _secret: folder, REFUSED)
    yield _case("a link to itself", _linked("disk.img"), NO_ACCESS)
    yield _case("a link to nothing", _linked("missing"), NO_ACCESS)
    yield _case("not there", lambda folder, _secret: folder / "missing", NO_ACCESS)


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
                yield replace(_case(f"{form}: {name}", file(content), code, None, "--format", form), is_brief=True)
