"""Storage by its own makers, read natively: partition tables as sfdisk sees them, what they hold as blkid names it."""

import json
import subprocess
from pathlib import Path

import pytest
from tests.integration.native_disks import make_ext

from imgkit.disks.guard import read_header
from imgkit.disks.machine_native import open_native_machine
from imgkit.disks.native.signatures import Signature, recognise
from imgkit.disks.raw_view import RawView
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.model.role import DiskRole
from imgkit.model.storage import Storage, TableKind
from imgkit.samples.programs import require_maker

MiB = 1 << 20
MANY = 8000  # more than a frame of the pipe holds
NAME = "5f0b1c3e-7a52-4a5e-9d61-2f3d0e8c7b41"


def storage(*paths: Path, form: DiskFormat = DiskFormat.RAW) -> Storage:
    roles = (DiskRole(), DiskRole("xvdb"))
    images = [DiskImage(path=path, format=form, role=role) for path, role in zip(paths, roles, strict=False)]
    with open_native_machine(images) as machine:
        return machine.storage


def empty(path: Path, size: int) -> Path:
    with path.open("xb") as file:
        file.truncate(size)
    return path


def sfdisk(path: Path, script: str) -> dict[str, object]:
    program = require_maker("sfdisk")
    subprocess.run([program, "--quiet", path], input=script.encode(), check=True, capture_output=True)
    told = subprocess.run([program, "--json", path], check=True, capture_output=True)
    table: dict[str, object] = json.loads(told.stdout)["partitiontable"]
    return table


SCRIPTS = {
    "gpt": "label: gpt\nsize=8M, name=one\nsize=16M, type=U, bootable\nstart=60M, size=4M, name=Ünïcode\n",
    "mbr": "label: dos\nsize=8M, bootable\nsize=8M, type=82\nsize=60M, type=5\nsize=4M\nsize=8M\nsize=12M\n",
}


@pytest.mark.tools("sfdisk")
@pytest.mark.parametrize("kind", SCRIPTS)
def test_partitions_are_those_that_sfdisk_sees(tmp_path: Path, kind: str) -> None:
    path = empty(tmp_path / "disk.raw", 100 * MiB)
    theirs = sfdisk(path, SCRIPTS[kind])
    found = storage(path)
    assert found.disks[0].table is TableKind(kind)
    assert (found.disks[0].error, found.disks[0].problems) == ("", ())
    partitions = theirs["partitions"]
    assert isinstance(partitions, list)
    ours = [(one.number, one.start_bytes // 512, one.size_bytes // 512, one.bootable) for one in found.partitions]
    assert ours == [
        (
            int(one["node"].removeprefix(str(path))),
            one["start"],
            one["size"],
            one.get("bootable", "LegacyBIOSBootable" in one.get("attrs", "")),
        )
        for one in partitions
    ]
    if kind == "gpt":
        assert [(one.uuid, one.type, one.name) for one in found.partitions] == [
            (one["uuid"], one["type"], one.get("name", "")) for one in partitions
        ]


MAKERS: dict[str, tuple[int, tuple[str, ...]]] = {
    "ext2": (8, ("mke2fs", "-q", "-F", "-t", "ext2", "-L", "two", "-U", NAME)),
    "ext3": (16, ("mke2fs", "-q", "-F", "-t", "ext3", "-L", "three", "-U", NAME)),
    "ext4": (16, ("mke2fs", "-q", "-F", "-t", "ext4", "-L", "four", "-U", NAME)),
    "xfs": (320, ("mkfs.xfs", "-q", "-L", "data", "-m", f"uuid={NAME}")),
    "fat16": (16, ("mkfs.vfat", "-F", "16", "-n", "EFI", "-i", "1234ABCD")),
    "fat32": (64, ("mkfs.vfat", "-F", "32", "-n", "BIGGER", "-i", "1234ABCD")),
    "ntfs": (16, ("mkntfs", "-q", "-F", "-L", "Daten")),
    "swap": (8, ("mkswap", "-q", "-L", "swap1", "-U", NAME)),
    "btrfs": (128, ("mkfs.btrfs", "-q", "-L", "pool", "-U", NAME)),
}


def blkid(path: Path) -> dict[str, str]:
    told = subprocess.run(
        [require_maker("blkid"), "-p", "-o", "export", path], check=True, capture_output=True, text=True
    ).stdout
    return dict(line.split("=", 1) for line in told.splitlines() if "=" in line)


def signature(path: Path) -> Signature:
    with RawView(read_header(path, stated=DiskFormat.RAW)) as view:
        found = recognise(view)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.tools(argv[0], "blkid")) for kind, (_, argv) in MAKERS.items()]
)
def test_what_is_there_is_named_as_blkid_names_it(tmp_path: Path, kind: str) -> None:
    megabytes, argv = MAKERS[kind]
    path = empty(tmp_path / "volume", megabytes * MiB)
    subprocess.run([require_maker(argv[0]), *argv[1:], path], check=True, capture_output=True)
    theirs, ours = blkid(path), signature(path)
    assert (ours.type, ours.uuid) == (theirs["TYPE"], theirs["UUID"])
    (found,) = storage(path).file_systems
    assert found.label == theirs.get("LABEL", "")
    assert found.uuid == theirs["UUID"]


@pytest.mark.tools("mke2fs", "qemu-img")
@pytest.mark.parametrize("form", [one for one in DiskFormat if one.value in {"qcow2", "vhd", "vdi", "vmdk", "vhdx"}])
def test_every_image_format_is_read(tmp_path: Path, form: DiskFormat) -> None:
    made = make_ext(tmp_path, "ext4")
    path = tmp_path / f"disk.{form.value}"
    subprocess.run(
        ["qemu-img", "convert", "-f", "raw", "-O", form.qemu_name, made.path, path], check=True, capture_output=True
    )
    with open_native_machine([DiskImage(path=path, format=form)]) as machine:
        tree = machine.file_system_tree("system")
        for name, data in made.files.items():
            if name.startswith(b"/sizes/"):
                assert tree.read_file(name, limit=1 << 20) == data


@pytest.mark.tools("mke2fs")
def test_a_large_folder_is_listed_whole(tmp_path: Path) -> None:
    source = tmp_path / "many"
    source.mkdir()
    for number in range(MANY):
        (source / f"file-number-{number:06d}").touch()
    path = empty(tmp_path / "disk.raw", 128 * MiB)
    subprocess.run(
        [require_maker("mke2fs"), "-q", "-F", "-N", str(MANY * 2), "-d", source, path], check=True, capture_output=True
    )
    with open_native_machine([DiskImage(path=path, format=DiskFormat.RAW)]) as machine:
        found = machine.file_system_tree("system").list_folder(b"/")
    assert [one.name for one in found] == sorted([b"lost+found", *(b"file-number-%06d" % n for n in range(MANY))])
    assert len({one.inode for one in found}) == MANY + 1
