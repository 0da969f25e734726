"""Both readers against readers that are not ours: qemu-img's raw, and libyal's libqcow, libvhdi and libvmdk."""

import os
import shutil
import subprocess
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from tests.integration.random_images import SHAPES, is_marked_as_corrupt, make_random_image
from tests.unit.disks.headers import test_vmdk
from tests.unit.disks.headers.test_qcow2 import CLUSTER, qcow2

from imgkit.disks.guest_view import open_guest_view
from imgkit.model.disk import DiskImage, ExtentKind, Reader
from imgkit.model.formats import DiskFormat
from imgkit.ports import GuestView
from imgkit.units import KiB, MiB

pytestmark = pytest.mark.tools("qemu-img", "qemu-nbd", "qemu-io", "mke2fs")

SEEDS = int(os.environ.get("TEST_SEEDS", "2"))  # of each shape; run hundreds by hand
UNKNOWN_TO_LIBQCOW = ("zstd", "extended")
PIECE_BYTES = 4 * MiB
SUBFORMATS = {
    "qcow2": (DiskFormat.QCOW2, "qcow2", "", ()),
    "qcow2-v2": (DiskFormat.QCOW2, "qcow2", "compat=0.10", ()),
    "qcow2-512": (DiskFormat.QCOW2, "qcow2", "cluster_size=512", ()),
    "qcow2-2m": (DiskFormat.QCOW2, "qcow2", "cluster_size=2M", ()),
    "qcow2-packed": (DiskFormat.QCOW2, "qcow2", "", ("-c",)),
    "qcow2-zstd": (DiskFormat.QCOW2, "qcow2", "compression_type=zstd", ("-c",)),
    "qcow2-extended": (DiskFormat.QCOW2, "qcow2", "extended_l2=on", ()),
    "vhd": (DiskFormat.VHD, "vpc", "force_size=on", ()),
    "vhd-fixed": (DiskFormat.VHD, "vpc", "subformat=fixed,force_size=on", ()),
    "vdi": (DiskFormat.VDI, "vdi", "", ()),
    "vdi-static": (DiskFormat.VDI, "vdi", "static=on", ()),
    "vmdk": (DiskFormat.VMDK, "vmdk", "", ()),
    "vmdk-zeroed": (DiskFormat.VMDK, "vmdk", "zeroed_grain=on", ()),
    "vmdk-flat": (DiskFormat.VMDK, "vmdk", "subformat=monolithicFlat", ()),
    "vmdk-stream": (DiskFormat.VMDK, "vmdk", "subformat=streamOptimized", ()),
    "vhdx": (DiskFormat.VHDX, "vhdx", "", ()),
    "vhdx-fixed": (DiskFormat.VHDX, "vhdx", "subformat=fixed,block_size=1M", ()),
}


def qemu_img(*words: str | Path) -> None:
    subprocess.run(["qemu-img", *words], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def disks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Raw disks: file systems with files in them, dense, empty, of one sector and of odd sizes."""
    folder = tmp_path_factory.mktemp("disks")
    tree = folder / "tree"
    tree.mkdir()
    for number in range(40):
        (tree / f"file {number}").write_bytes(os.urandom(1000 * number) + b"text " * 900 * number)
    made = {name: folder / name for name in ("files", "dense", "empty", "sector", "odd")}
    environment = os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", tree, made["files"], "24M"], check=True, env=environment)
    made["dense"].write_bytes(os.urandom(5 * MiB))
    made["empty"].touch()
    os.truncate(made["empty"], 33 * MiB)
    made["sector"].write_bytes(b"mbr!" * 128)
    shutil.copyfile(made["files"], made["odd"])
    with made["odd"].open("ab") as file:
        file.write(os.urandom(7 * 512))
    return made


def read_whole(view: GuestView) -> bytes:
    return b"".join(view.read(at, min(PIECE_BYTES, view.size - at)) for at in range(0, view.size, PIECE_BYTES))


def require_true(path: Path, form: DiskFormat, expected: bytes) -> None:
    """Both readers give these bytes, and their extents cover the disk and call only zeroes zeroes."""
    for reader in Reader:
        with open_guest_view(DiskImage(path=path, format=form), reader=reader) as view:
            assert view.size == len(expected)
            assert read_whole(view) == expected, f"other bytes by {reader}"
            place = 0
            for each in view.extents():
                assert each.start == place
                assert each.length > 0
                place = each.end
                if each.kind is ExtentKind.ZERO:
                    assert not expected[each.start : each.end].strip(b"\0"), f"zeroes that are none by {reader}"
            assert place == view.size


# --- libyal's readers ---


def by_library(form: DiskFormat, path: Path, name: str) -> "Iterator[bytes] | None":
    """Read the image with a library that is not ours; None where there is none that knows it."""
    if any(feature in name for feature in UNKNOWN_TO_LIBQCOW) or is_marked_as_corrupt(path):
        return None
    opening: dict[DiskFormat, Callable[[Path], Any]] = {
        DiskFormat.QCOW2: _by_libqcow,
        DiskFormat.VHD: _by_libvhdi,
        DiskFormat.VHDX: _by_libvhdi,
        DiskFormat.VMDK: _by_libvmdk,
    }
    return _pieces(opening[form](path)) if form in opening else None


def _by_libqcow(path: Path) -> Any:
    found = import_module("pyqcow").file()
    found.open(str(path))
    return found


def _by_libvhdi(path: Path) -> Any:
    found = import_module("pyvhdi").file()
    found.open(str(path))
    return found


def _by_libvmdk(path: Path) -> Any:
    found = import_module("pyvmdk").handle()
    found.open(str(path))
    found.open_extent_data_files()
    return found


def _pieces(opened: Any) -> Iterator[bytes]:
    with closing(opened):
        left = opened.get_media_size()
        while left:
            piece: bytes = opened.read_buffer(min(left, PIECE_BYTES))
            assert piece, "ends before its size"
            left -= len(piece)
            yield piece


def require_library_agrees(form: DiskFormat, path: Path, name: str, expected: bytes) -> None:
    """The library gives the same bytes, but for what the two tests below show."""
    pieces = by_library(form, path, name)
    if pieces is None:
        return
    found = b"".join(pieces)
    assert len(found) == len(expected)
    if found == expected:
        return
    for place in range(0, len(expected), 512):
        sector, wanted = found[place : place + 512], expected[place : place + 512]
        assert sector == wanted or _is_known(name, path, place, sector, wanted), "other bytes by the library"


def _is_known(name: str, path: Path, place: int, sector: bytes, wanted: bytes) -> bool:
    if name.startswith("qcow2"):
        return not sector.strip(b"\0")
    start = 512 + place % (64 * KiB)
    return name == "vmdk-zeroed" and not wanted.strip(b"\0") and sector == path.read_bytes()[start : start + 512]


def test_libvmdk_takes_a_grain_of_zeroes_for_the_first_sector(tmp_path: Path) -> None:
    """Flag 2 of a header says that entry 1 of a grain table is a grain of zeroes (Virtual Disk Format 5.0). libvmdk
    reads the grain at sector 1 all the same, where the descriptor is, so QEMU and imgkit are right where it differs.
    """
    path = tmp_path / "disk.vmdk"
    path.write_bytes(test_vmdk.sparse(flags=5, grains=(1,)))
    require_true(path, DiskFormat.VMDK, bytes(4 * MiB))
    found = by_library(DiskFormat.VMDK, path, "")
    assert found is not None
    assert b"".join(found).startswith(b"# Disk DescriptorFile")


@pytest.mark.parametrize("odd", [0, 1])
def test_libqcow_takes_a_compressed_cluster_at_an_odd_place_for_zeroes(odd: int, tmp_path: Path) -> None:
    """Bit 0 of an L2 entry says "reads as zeroes" of a standard cluster; in a compressed one it is part of the offset
    (QEMU's docs/interop/qcow2.txt). libqcow looks at it in both, so QEMU and imgkit are right where it differs.
    """
    content = bytes(range(256)) * 256
    writer = zlib.compressobj(wbits=-12)
    packed = writer.compress(content) + writer.flush()
    place = 5 * CLUSTER + odd
    sectors = (place % 512 + len(packed) - 1) // 512
    image = qcow2(size=CLUSTER, l2=(1 << 62 | sectors << 54 | place,), tail=(bytes(odd) + packed).ljust(4096, b"\0"))
    path = tmp_path / "disk.qcow2"
    path.write_bytes(image)
    require_true(path, DiskFormat.QCOW2, content)
    found = by_library(DiskFormat.QCOW2, path, "")
    assert found is not None
    assert b"".join(found) == (bytes(CLUSTER) if odd else content)


@pytest.mark.parametrize("disk", ["files", "dense", "empty", "sector", "odd"])
@pytest.mark.parametrize("name", SUBFORMATS)
def test_every_subformat_is_read_as_it_was_written(
    disks: dict[str, Path], name: str, disk: str, tmp_path: Path
) -> None:
    form, to, options, flags = SUBFORMATS[name]
    path = tmp_path / "disk.img"
    qemu_img("convert", *flags, "-f", "raw", "-O", to, *(["-o", options] if options else []), disks[disk], path)
    expected = disks[disk].read_bytes()
    require_true(path, form, expected)
    require_library_agrees(form, path, name, expected)


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("shape", SHAPES)
def test_an_image_of_any_history_is_read_as_qemu_img_reads_it(shape: str, seed: int, tmp_path: Path) -> None:
    form, name, _ = SHAPES[shape]
    path, raw = tmp_path / "disk.img", tmp_path / "disk.raw"
    make_random_image(path, shape, seed)
    size = ["-S", "4k"] if seed % 2 else []
    qemu_img("convert", *size, "-O", "raw", "--image-opts", _options(form, name, path), raw)
    expected = raw.read_bytes()
    require_true(path, form, expected)
    require_library_agrees(form, path, shape, expected)


def _options(form: DiskFormat, name: str, path: Path) -> str:
    sized = ",force_size_calc=current_size" if form is DiskFormat.VHD else ""
    return f"driver={name}{sized},file.driver=file,file.filename={path}"


@pytest.mark.parametrize("size", [1, 511, 513, 64 * KiB + 7])
def test_a_raw_disk_of_an_odd_size_is_read_to_its_last_byte(size: int, tmp_path: Path) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes(os.urandom(size))
    require_true(path, DiskFormat.RAW, path.read_bytes())
