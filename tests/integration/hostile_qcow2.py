"""Hostile qcow2 images: whatever their headers can name, and compressed clusters that are not what they seem."""

import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import zstandard
from tests.integration.hostile_case import (
    DIFFERS,
    FAILED,
    NEEDS_KEY,
    NO_ACCESS,
    READ,
    REFUSED,
    UNSAFE,
    Case,
    by_qemu,
    case,
    file,
)
from tests.unit.disks.headers import test_qcow2
from tests.unit.disks.headers.test_qcow2 import CLUSTER, extension, qcow2

from imgkit.units import MiB


def qcow2_cases() -> Iterator[Case]:
    """Give all of them."""
    yield from _backing()
    yield from _allowed_backing()
    yield from _other_qcow2()


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
        yield case(f"backing file {name!r}", file(overlay(name)), UNSAFE)
    json = '{{"driver":"raw","file":{{"driver":"file","filename":"{secret}"}}}}'
    yield case("backing file in JSON", file(overlay("json:" + json)), UNSAFE)
    yield case("backing file with a NUL", file(overlay("{secret}\0x")), UNSAFE)
    yield case("backing file that is no UTF-8", file(overlay(b"\xff\xfe/etc/shadow")), UNSAFE)
    yield case("backing file in version 2", file(overlay("{secret}", version=2)), UNSAFE)
    yield case("backing file by qemu-img", by_qemu("create -q -f qcow2 -b {secret} -F raw disk.img"), UNSAFE)
    yield case("its own backing file", by_qemu(*_LOOP), UNSAFE)
    yield case("two overlays on each other", by_qemu(*_RING), UNSAFE)


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
        yield case(f"allowed, and outside: {name}", file(overlay(name, over=b"raw")), UNSAFE, None, *allow)
    yield case("allowed, and of no stated format", file(overlay("base")), UNSAFE, None, *allow)
    yield case("allowed, and a vmdk", file(overlay("base", over=b"vmdk")), UNSAFE, None, *allow)
    yield case("allowed, and not there", file(overlay("base", over=b"raw")), NO_ACCESS, None, *allow)
    yield case("allowed, and a folder", file(overlay(".", over=b"raw")), REFUSED, None, *allow)
    yield case("allowed, and a link that leads outside", _with_link, UNSAFE, None, *allow)
    yield case("allowed, and a pipe", _with_pipe, REFUSED, None, *allow)
    yield case("allowed, and its own backing file", by_qemu(*_LOOP), UNSAFE, None, *allow)
    yield case("allowed, and two on each other", by_qemu(*_RING), UNSAFE, None, *allow)
    yield case("allowed, and twenty on each other", by_qemu(*_CHAIN), UNSAFE, None, *allow)
    yield case("allowed, and the one below reaches outside", by_qemu(*_UPPER), UNSAFE, None, *allow)


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
    yield case("data file by qemu-img", by_qemu(data_file), UNSAFE)
    yield case(
        "data file that is itself", file(qcow2(incompatible=4, extensions=extension(0x44415441, b"disk.img"))), UNSAFE
    )
    yield case("data file's bit alone", file(qcow2(incompatible=4)), UNSAFE)
    yield case("data file's name alone", file(qcow2(extensions=named)), UNSAFE)
    yield case("encrypted with LUKS", file(qcow2(encryption=2)), READ, NEEDS_KEY)
    yield case("encrypted in the old way", file(qcow2(encryption=1)), READ, NEEDS_KEY)
    small: dict[str, Any] = {"size": MiB}
    escape: dict[str, Any] = {
        "snapshots": 1,
        "snapshots_at": 5 * CLUSTER,
        "tail": test_qcow2.snapshot(b"\x1b]0;x\x07\n"),
    }
    yield case("snapshot named with an escape", file(qcow2(**small, **escape)), READ, by_qemu=(READ, FAILED))
    yield case("snapshots in the header", file(qcow2(**small, snapshots=1)), READ, by_qemu=(READ, FAILED))
    yield case("dirty", file(qcow2(**small, incompatible=1)), READ, by_qemu=(READ, FAILED))
    yield case("marked as corrupt", file(qcow2(**small, incompatible=2)), READ, by_qemu=(READ, FAILED))
    yield case("L2 table that is the L1 table", file(qcow2(**small, l1=(CLUSTER,))), READ)
    yield case("cluster that is its own table", file(qcow2(**small, l2=(3 * CLUSTER,))), READ)
    yield case("every cluster the same", file(qcow2(**small, l2=(4 * CLUSTER,) * 16)), READ)
    yield case("cluster off a cluster's start", file(qcow2(**small, l2=(4 * CLUSTER + 512,))), REFUSED)
    yield case("subclusters there and not there", file(qcow2(incompatible=16, l2=(4 * CLUSTER, 1 << 32 | 1))), REFUSED)
    yield case("mark of version 3 in version 2", file(qcow2(version=2, l2=(1,), poke={72: bytes(40)})), REFUSED)
    yield case("a bomb of 64 MiB", file(packed(_deflated(bytes(64 * MiB)))), READ, by_qemu=(READ, DIFFERS))
    bomb = zstandard.ZstdCompressor().compress(bytes(64 * MiB))
    yield case("a bomb in zstd", file(packed(bomb, zstd=True)), READ, DIFFERS)
    wide = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    far = zstandard.ZstdCompressor(compression_params=wide).compressobj(size=-1)
    window = far.compress(os.urandom(CLUSTER)) + far.flush()
    yield case("a window of 128 MiB", file(packed(window, zstd=True)), READ, DIFFERS, by_qemu=(READ, DIFFERS))
    yield case("compressed bytes that are none", file(packed(b"\xff" * 5000)), READ, DIFFERS)
    yield case("zstd bytes that are none", file(packed(b"\xff" * 5000, zstd=True)), READ, DIFFERS)
    yield case("a compressed cluster too short", file(packed(_deflated(bytes(CLUSTER - 1)))), READ, DIFFERS)
