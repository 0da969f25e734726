"""Guest views of images that qemu-img made, in every subformat, against qemu-img's own reading."""

import hashlib
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from imgkit.disks.chunks import guest_sha256, take_chunk_digests
from imgkit.disks.comparing import compare
from imgkit.disks.guard import identify, read_header
from imgkit.disks.guest_view import open_guest_view
from imgkit.disks.headers.vhd import checksum
from imgkit.disks.nodes import build_node, private_folder
from imgkit.errors import Differs, DiskImageUnsafe, NeedsKey, NotADiskImage
from imgkit.model.disk import DiskImage, ExtentKind, Reader
from imgkit.model.formats import DiskFormat
from imgkit.tools import qemu_img
from imgkit.tools.qemu_img import CheckOutcome
from imgkit.units import GiB, KiB, MiB

pytestmark = pytest.mark.tools("qemu-img", "qemu-nbd")

SUBFORMATS = {
    "qcow2": ("qcow2", ""),
    "qcow2-v2": ("qcow2", "compat=0.10"),
    "qcow2-zstd": ("qcow2", "compression_type=zstd"),
    "qcow2-extended": ("qcow2", "extended_l2=on,cluster_size=128k"),
    "qcow2-zlib": ("qcow2", ""),
    "qcow2-packed-subclusters": ("qcow2", "extended_l2=on,compression_type=zstd"),
    "qcow2-512": ("qcow2", "cluster_size=512"),
    "qcow2-2m": ("qcow2", "cluster_size=2M"),
    "qcow2-preallocated": ("qcow2", "preallocation=metadata"),
    "vhd": ("vpc", "force_size=on"),
    "vhd-fixed": ("vpc", "subformat=fixed,force_size=on"),
    "vdi": ("vdi", ""),
    "vdi-static": ("vdi", "static=on"),
    "vmdk": ("vmdk", "subformat=monolithicSparse"),
    "vmdk-flat": ("vmdk", "subformat=monolithicFlat"),
    "vmdk-stream": ("vmdk", "subformat=streamOptimized"),
    "vmdk-zeroed": ("vmdk", "zeroed_grain=on"),
    "vhdx": ("vhdx", ""),
    "vhdx-fixed": ("vhdx", "subformat=fixed"),
    "vhdx-1m": ("vhdx", "block_size=1M"),
}
FORMATS = {"qcow2": DiskFormat.QCOW2, "vpc": DiskFormat.VHD, "vdi": DiskFormat.VDI, "vmdk": DiskFormat.VMDK,
           "vhdx": DiskFormat.VHDX}  # fmt: skip
PACKED = {"qcow2-zstd", "qcow2-zlib", "qcow2-packed-subclusters"}
SECRET = b"the host's secret " * 4096
SIZE = 40 * MiB + 5 * 512


def qemu(*words: str | Path) -> None:
    subprocess.run(["qemu-img", *words], check=True, stdout=subprocess.DEVNULL)


def image_of(path: Path) -> DiskImage:
    return DiskImage(path=path, format=identify(path))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One disk, sparse and of odd size, in every subformat, and `disk.raw`."""
    folder = tmp_path_factory.mktemp("corpus")
    with (folder / "disk.raw").open("wb") as file:
        file.truncate(SIZE)
        for offset, content in ((0, b"boot" * 128), (5 * MiB, os.urandom(3 * MiB)), (SIZE - 512, b"gpt!" * 128)):
            file.seek(offset)
            file.write(content)
        file.seek(20 * MiB)
        file.write(bytes(MiB))
    for name, (to, options) in SUBFORMATS.items():
        compress = ["-c"] if name in PACKED else []
        asked = ["-o", options] if options else []
        qemu("convert", *compress, "-f", "raw", "-O", to, *asked, folder / "disk.raw", folder / name)
    return folder


@pytest.mark.parametrize("reader", Reader)
@pytest.mark.parametrize("name", SUBFORMATS)
def test_every_subformat_is_known_by_content_and_read_whole(corpus: Path, name: str, reader: Reader) -> None:
    path = corpus / name
    assert identify(path) is FORMATS[SUBFORMATS[name][0]]
    with open_guest_view(image_of(path), reader=reader) as view, open_guest_view(image_of(corpus / "disk.raw")) as raw:
        assert compare(take_chunk_digests(view), take_chunk_digests(raw)).is_equal
        assert view.read(SIZE - 512, 512) == b"gpt!" * 128
        assert view.read(5 * MiB - 3, 7) == raw.read(5 * MiB - 3, 7)


@pytest.mark.parametrize("reader", Reader)
@pytest.mark.parametrize("name", SUBFORMATS)
def test_extents_cover_the_disk_and_zero_means_zero(corpus: Path, name: str, reader: Reader) -> None:
    place = 0
    with open_guest_view(image_of(corpus / name), reader=reader) as view:
        for extent in view.extents():
            assert extent.start == place
            assert extent.length > 0
            place = extent.end
            if extent.kind is ExtentKind.ZERO:
                assert not view.read(extent.start, extent.length).strip(b"\0")
        assert place == view.size == SIZE


def test_the_flat_digest_is_that_of_the_raw_file(corpus: Path) -> None:
    expected = hashlib.sha256((corpus / "disk.raw").read_bytes()).hexdigest()
    with open_guest_view(image_of(corpus / "vmdk")) as view:
        assert guest_sha256(view) == expected


@pytest.mark.parametrize("name", sorted(SUBFORMATS.keys() - {"vmdk-flat"}))  # its extent is cut in the unit tests
@pytest.mark.parametrize("reader", Reader)
def test_a_truncated_image_is_refused_and_never_read_as_zeroes(
    corpus: Path, tmp_path: Path, name: str, reader: Reader
) -> None:
    """Cut anywhere: what is lost may be padding or a spare footer, and then nothing else has changed."""
    whole = (corpus / name).read_bytes()
    with open_guest_view(image_of(corpus / "disk.raw")) as view:
        honest = take_chunk_digests(view)
    for cut in (1, 512, 4096, 128 * KiB, len(whole) // 2, len(whole) - 600):
        path = tmp_path / "cut"
        path.write_bytes(whole[:-cut])
        try:
            image = DiskImage(path=path, format=FORMATS[SUBFORMATS[name][0]])
            with open_guest_view(image, reader=reader) as view:
                found = take_chunk_digests(view)
        except (NotADiskImage, Differs):
            continue
        assert compare(found, honest).is_equal


def test_a_foreign_vhd_is_whole_to_its_last_sector(tmp_path: Path) -> None:
    """Its creator is unknown to QEMU and its geometry is rounded down: 655,360 bytes short of 40 GiB."""
    path = tmp_path / "foreign.vhd"
    qemu("create", "-f", "vpc", "-o", "force_size=on", path, str(40 * GiB))
    subprocess.run(
        ["qemu-io", "-f", "vpc", "-c", f"write -P 0x5a {40 * GiB - 512} 512", path],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    content = bytearray(path.read_bytes())
    for place in (0, len(content) - 512):
        footer = content[place : place + 512]
        footer[28:32] = b"xyz "
        struct.pack_into(">HBB", footer, 56, 20560, 16, 255)
        footer[64:68] = struct.pack(">I", checksum(bytes(footer), at=64))
        content[place : place + 512] = footer
    path.write_bytes(content)
    assert "geometry" in read_header(path, stated=None).notes[0]
    with open_guest_view(image_of(path)) as view:
        assert view.size == 40 * GiB
        assert view.read(40 * GiB - 512, 512) == b"\x5a" * 512


def test_a_dynamic_vhd_without_its_end_footer_is_read_by_the_copy(corpus: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.vhd"
    path.write_bytes((corpus / "vhd").read_bytes()[:-512])
    with open_guest_view(image_of(path)) as view, open_guest_view(image_of(corpus / "disk.raw")) as raw:
        assert take_chunk_digests(view) == take_chunk_digests(raw)


@pytest.mark.parametrize(
    "name", [b"a,b=c:d", b"-rf", b"new\nline", b"nbd:unix", b"\xff\xfe.qcow2", b"json:{}", b'q"uo\\te', b"%s$(x)`y`"]
)
@pytest.mark.parametrize("of", ["qcow2", "vmdk", "vhd", "vdi"])
@pytest.mark.parametrize("reader", Reader)
def test_names_are_only_names(corpus: Path, tmp_path: Path, of: str, name: bytes, reader: Reader) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    path.write_bytes((corpus / of).read_bytes())
    with open_guest_view(image_of(path), reader=reader) as view:
        assert view.read(0, 4) == b"boot"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_bytes(SECRET)
    return path


@pytest.fixture
def hostile(secret: Path, tmp_path: Path) -> dict[str, Path]:
    """Images that reach for the secret, as qemu-img itself makes them."""
    made = {name: tmp_path / name for name in ("overlay", "data-file", "flat", "delta")}
    qemu("create", "-f", "qcow2", "-b", secret, "-F", "raw", made["overlay"])
    qemu("create", "-f", "qcow2", "-o", f"data_file={secret},data_file_raw=on", "-o", "preallocation=metadata",
         made["data-file"], str(len(SECRET)))  # fmt: skip
    secret.write_bytes(SECRET)  # qemu-img emptied it
    qemu("create", "-f", "vmdk", "-o", "subformat=monolithicFlat", made["flat"], str(64 * KiB))
    text = made["flat"].read_text()
    made["flat"].write_text(text.replace('"flat-flat.vmdk"', f'"{secret}"').replace('"flat-flat"', f'"{secret}"'))
    qemu("create", "-f", "vmdk", tmp_path / "base.vmdk", str(64 * KiB))
    qemu("create", "-f", "vmdk", "-b", tmp_path / "base.vmdk", "-F", "vmdk", made["delta"])
    return made


@pytest.mark.parametrize("name", ["overlay", "data-file", "flat", "delta"])
def test_an_image_that_reaches_for_a_host_file_is_refused(hostile: dict[str, Path], name: str) -> None:
    with pytest.raises(DiskImageUnsafe):
        open_guest_view(image_of(hostile[name]))


def test_even_past_the_guard_a_node_does_not_follow_a_backing_file(hostile: dict[str, Path], tmp_path: Path) -> None:
    node = {"driver": "qcow2", "backing": None, "file": {"driver": "file", "filename": str(hostile["overlay"])}}
    qemu_img.convert(node, tmp_path / "out.vdi", to=DiskFormat.VDI, virtual_size=MiB)
    assert b"secret" not in (tmp_path / "out.vdi").read_bytes()


def test_an_allowed_backing_file_is_read_through(secret: Path, hostile: dict[str, Path], tmp_path: Path) -> None:
    with open_guest_view(image_of(hostile["overlay"]), allow_backing=tmp_path) as view:
        assert view.read(0, len(SECRET)) == SECRET


def test_a_flat_extent_that_begins_like_a_qcow2_is_only_bytes(hostile: dict[str, Path], tmp_path: Path) -> None:
    content = hostile["overlay"].read_bytes()
    qemu(
        "create", "-f", "vmdk", "-o", "subformat=monolithicFlat", tmp_path / "raw.vmdk", str(len(content) // 512 * 512)
    )
    extent = tmp_path / "raw-flat.vmdk"
    extent.write_bytes(content[: len(content) // 512 * 512])
    with open_guest_view(image_of(tmp_path / "raw.vmdk")) as view:
        assert view.read(0, view.size) == extent.read_bytes()


def test_an_encrypted_qcow2_needs_a_key(tmp_path: Path) -> None:
    path = tmp_path / "encrypted"
    # Not LUKS: qemu-img measures the processor for that, and gives up on a busy machine.
    qemu("create", "-f", "qcow2", "--object", "secret,id=s,data=abc", "-o",
         "encrypt.format=aes,encrypt.key-secret=s", path, "1M")  # fmt: skip
    assert read_header(path, stated=None).encrypted
    with pytest.raises(NeedsKey):
        open_guest_view(image_of(path))


def test_snapshots_are_told_and_only_the_active_state_is_read(tmp_path: Path) -> None:
    path = tmp_path / "disk"
    qemu("create", "-f", "qcow2", path, "1M")
    for command in ("write -P 1 0 64k", "write -P 2 0 64k"):
        subprocess.run(["qemu-io", "-f", "qcow2", "-c", command, path], check=True, stdout=subprocess.DEVNULL)
        qemu("snapshot", "-c", f"after {command}", path)
    header = read_header(path, stated=None)
    assert header.snapshots == ("after write -P 1 0 64k", "after write -P 2 0 64k")
    with open_guest_view(image_of(path)) as view:
        assert view.read(0, 2) == b"\2\2"


def test_checks_have_outcomes(corpus: Path, tmp_path: Path) -> None:
    outcomes = {}
    for name in ("qcow2", "vdi", "vmdk", "vhd", "disk.raw"):
        with private_folder() as folder:
            node = build_node(read_header(corpus / name, stated=None), folder)
            outcomes[name] = qemu_img.check(node).outcome
    clean, unknown = CheckOutcome.CLEAN, CheckOutcome.NOT_CHECKABLE
    assert outcomes == {"qcow2": clean, "vdi": clean, "vmdk": clean, "vhd": unknown, "disk.raw": unknown}
    content = bytearray((corpus / "qcow2").read_bytes())
    content[0x20000:0x20010] = bytes(16)  # reference counts of clusters that are in use
    path = tmp_path / "damaged"
    path.write_bytes(content)
    with private_folder() as folder:
        result = qemu_img.check(build_node(read_header(path, stated=None), folder))
    assert result.outcome is CheckOutcome.CORRUPT
    assert result.corruptions > 0


def test_an_image_that_is_its_own_backing_file_is_refused_and_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "loop"
    qemu("create", "-f", "qcow2", path, "1M")
    qemu("rebase", "-u", "-f", "qcow2", "-b", path, "-F", "qcow2", path)
    with pytest.raises(DiskImageUnsafe):
        read_header(path, stated=None)
    with pytest.raises(DiskImageUnsafe):
        read_header(path, stated=None, allow_backing=tmp_path)
    begun = time.monotonic()
    qemu_img.check({"driver": "qcow2", "backing": None, "file": {"driver": "file", "filename": str(path)}})
    assert time.monotonic() - begun < 20


def test_qemu_agrees_on_size_and_format(corpus: Path) -> None:
    with private_folder() as folder:
        found = qemu_img.info(build_node(read_header(corpus / "vdi", stated=None), folder))
    assert (found.format, found.virtual_size, found.backing_name) == ("vdi", SIZE, "")


HOLDER = """
import sys, time
from pathlib import Path
from imgkit.disks.guest_view import open_guest_view
from imgkit.disks import nodes
from imgkit.disks.guard import read_header
from imgkit.model.disk import DiskImage, Reader
from imgkit.model.formats import DiskFormat
from imgkit.tools import qemu_nbd
path = Path(sys.argv[1])
if sys.argv[2] == "connected":
    view = open_guest_view(DiskImage(path=path, format=DiskFormat.QCOW2), reader=Reader.QEMU)
    print("ready", flush=True)
    time.sleep(600)
with nodes.private_folder() as folder:
    node = nodes.build_node(read_header(path, stated=None), folder)
    with qemu_nbd.serve(node, folder / "nbd", clients=1) as server:
        while not (folder / "nbd").exists():
            time.sleep(0.01)
        print("ready", flush=True)
        time.sleep(600)
"""


def servers_of(folder: str) -> list[int]:
    """Return the processes of qemu-nbd whose command line or open files name the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
            files = [str(link.readlink()) for link in (process / "fd").iterdir()] if b"qemu-nbd" in words else []
        except OSError:
            continue
        if any(folder in file for file in files):
            found.append(int(process.name))
    return found


@pytest.mark.tools("setpriv")
@pytest.mark.parametrize("state", ["connected", "not connected yet"])
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's parent-death signal is Linux's")
def test_no_server_outlives_a_killed_parent(corpus: Path, tmp_path: Path, state: str) -> None:
    path = tmp_path / "disk.qcow2"
    path.write_bytes((corpus / "qcow2").read_bytes())
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path), state], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"ready\n"
        deadline = time.monotonic() + 20  # it listens before it opens the image
        while not servers_of(str(tmp_path)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert servers_of(str(tmp_path)), "the server does not run, so this test shows nothing"
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        deadline = time.monotonic() + 10
        while servers_of(str(tmp_path)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not servers_of(str(tmp_path))
    finally:
        holder.kill()
        holder.wait()
        if holder.stdout is not None:
            holder.stdout.close()


def test_closing_ends_the_server(corpus: Path, tmp_path: Path) -> None:
    path = tmp_path / "disk.vmdk"
    path.write_bytes((corpus / "vmdk").read_bytes())
    view = open_guest_view(image_of(path), reader=Reader.QEMU)
    assert servers_of(str(tmp_path))
    view.close()
    assert not servers_of(str(tmp_path))
