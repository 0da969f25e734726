"""E01 by libewf, disk.raw in a .tar.gz by GNU tar, and the profiles: by the real programs, read back by others."""

import gzip
import hashlib
import json
import os
import struct
import subprocess
import tarfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pyvmdk
from dissect.hypervisor.disk.vmdk import VMDK

from imgkit.disks.chunks import guest_sha256
from imgkit.disks.guard import read_header
from imgkit.disks.guest_view import open_guest_view
from imgkit.errors import Differs, FormatCannotHold, NoRoom, NotADiskImage, TargetExists, ToolFailed
from imgkit.model.converted import ConvertedImage
from imgkit.model.disk import DiskImage, Reader
from imgkit.model.formats import DiskFormat
from imgkit.model.manifest import Outcome
from imgkit.model.profiles import PROFILES
from imgkit.model.targets import Target
from imgkit.pipeline.converting import Conversion, convert_recorded
from imgkit.stages.verify import check_file
from imgkit.tools import ewf
from imgkit.tools.ewf import CaseFields
from imgkit.units import GiB, KiB, MiB

SIZE = 20 * MiB + 512
E01 = Target(format=DiskFormat.RAW, is_e01=True)
NOISE = os.urandom(3 * MiB)


@pytest.fixture
def disk(tmp_path: Path) -> DiskImage:
    path = tmp_path / "disk.raw"
    with path.open("wb") as out:
        out.truncate(SIZE)
        for offset, content in ((0, b"boot" * 128), (5 * MiB + 7, NOISE), (SIZE - 512, b"gpt!" * 128)):
            out.seek(offset)
            out.write(content)
    return DiskImage(path=path, format=DiskFormat.RAW)


def make(disk: DiskImage, target: Target, **more: object) -> ConvertedImage:
    asked = Conversion(image=disk, path=disk.path.with_name(f"disk{target.suffix}"), target=target)
    return convert_recorded(replace(asked, **more), now=lambda: datetime(2026, 11, 28, tzinfo=UTC))  # type: ignore[arg-type]


@pytest.mark.tools("ewfacquirestream", "ewfverify", "ewfexport")
@pytest.mark.parametrize("target", [E01, Target(format=DiskFormat.RAW, profile=PROFILES["gcp"])])
def test_the_source_itself_is_never_overwritten(disk: DiskImage, target: Target) -> None:
    before = raw_bytes(disk)
    with pytest.raises(TargetExists, match="the source itself"):
        make(disk, target, path=disk.path, overwrite=True)
    assert raw_bytes(disk) == before


@pytest.mark.tools("ewfacquirestream", "ewfverify", "ewfexport", "tar")
@pytest.mark.parametrize("target", [E01, Target(format=DiskFormat.RAW, profile=PROFILES["gcp"])])
def test_what_is_to_be_said_of_the_source_is_said_of_a_container_too(disk: DiskImage, target: Target) -> None:
    with disk.path.open("r+b") as out:
        out.write(b"QFI\xfb\0\0\0\3")
    for verify in (True, False):
        done = make(disk, target, verify=verify, overwrite=True)
        assert done.notes[0] == "it begins like a qcow2 image, and is read as raw as stated"


def raw_bytes(disk: DiskImage) -> bytes:
    return disk.path.read_bytes()


@pytest.mark.tools("ewfacquirestream", "ewfverify", "ewfexport")
class TestE01:
    def test_holds_the_disk_and_the_case(self, disk: DiskImage, tmp_path: Path) -> None:
        fields = CaseFields(case_number="C 7", examiner="Jürgen", evidence_number="-9", description="d", notes="n, m")
        done = make(disk, E01, fields=fields)
        assert (done.kind, done.proven, done.virtual_size) == ("e01", True, SIZE)
        told = subprocess.run(["ewfinfo", done.path], check=True, capture_output=True, text=True).stdout
        assert all(word in told for word in ("C 7", "Jürgen", "-9", "n, m"))
        subprocess.run(
            ["ewfexport", "-q", "-u", "-t", tmp_path / "back", "-f", "raw", done.path], check=True, capture_output=True
        )
        assert (tmp_path / "back.raw").read_bytes() == raw_bytes(disk)
        assert {each.name for each in tmp_path.iterdir()} >= {"disk.E01", "disk.E01.imgkit.json"}
        assert check_file(done.path).held

    def test_is_not_made_again_and_a_damaged_one_is_named(self, disk: DiskImage) -> None:
        done = make(disk, E01)
        assert "not made again" in make(disk, E01).notes[0]
        content = bytearray(done.path.read_bytes())
        content[len(content) // 2] ^= 1
        done.path.write_bytes(content)
        with pytest.raises(Differs):
            ewf.verify(done.path, size=SIZE)

    def test_a_size_off_whole_sectors_is_refused(self, disk: DiskImage, tmp_path: Path) -> None:
        os.truncate(disk.path, SIZE - 100)
        with pytest.raises(FormatCannotHold, match="whole sectors"):
            make(disk, E01)
        assert [each.name for each in tmp_path.iterdir()] == ["disk.raw"]

    def test_a_program_that_fails_is_said_and_leaves_nothing(
        self, disk: DiskImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        programs = tmp_path / "bin"
        programs.mkdir()
        fake = programs / "ewfacquirestream"
        fake.write_text("#!/bin/sh\necho 'no such thing' >&2\nexit 3\n")
        fake.chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
        with pytest.raises(ToolFailed, match="ewfacquirestream failed with exit code 3: no such thing"):
            make(disk, E01)
        assert {each.name for each in tmp_path.iterdir()} == {"disk.raw", "bin"}
        fake.write_text("#!/bin/sh\necho 'libcfile: No space left on device' >&2\necho 'unable to close' >&2\nexit 1\n")
        with pytest.raises(NoRoom):
            make(disk, E01)

    def test_with_other_fields_it_is_another_one(self, disk: DiskImage) -> None:
        make(disk, E01, fields=CaseFields(case_number="A"))
        assert "not made again" in make(disk, E01, fields=CaseFields(case_number="A")).notes[0]
        with pytest.raises(TargetExists):
            make(disk, E01, fields=CaseFields(case_number="B"))


@pytest.mark.tools("tar")
def test_gcp_is_disk_raw_in_gnu_tars_old_format(disk: DiskImage, tmp_path: Path) -> None:
    done = make(disk, Target(format=DiskFormat.RAW, profile=PROFILES["gcp"]))
    assert (done.path.name, done.virtual_size, done.proven) == ("disk.gcp.tar.gz", GiB, True)
    with gzip.open(done.path) as packed:
        header = packed.read(512)
    assert (header[:8], header[257:265]) == (b"disk.raw", b"ustar  \0")
    subprocess.run(["tar", "-xzf", done.path, "-C", tmp_path, "--transform=s/disk.raw/back/"], check=True)
    with (tmp_path / "back").open("rb") as back:
        assert back.read(SIZE) == raw_bytes(disk)
        assert back.seek(0, os.SEEK_END) == GiB
    with tarfile.open(done.path) as members:
        assert members.getnames() == ["disk.raw"]
    assert "filled up to 1 GiB" in done.notes[0]
    assert check_file(done.path).held
    assert done.path.stat().st_size < 8 * MiB


def descriptor(path: Path) -> str:
    content = path.read_bytes()
    start = content.index(b"# Disk DescriptorFile")
    return content[start : start + 4 * KiB].split(b"\0")[0].decode()


@pytest.mark.tools("qemu-img", "qemu-nbd")
@pytest.mark.parametrize("name", sorted(PROFILES.keys() - {"gcp"}))
def test_every_profile_has_the_header_that_its_reader_wants(disk: DiskImage, name: str) -> None:
    profile = PROFILES[name]
    done = make(disk, Target(format=profile.format, profile=profile))
    header = read_header(done.path, stated=None)
    assert done.path.name == f"disk.{name}{profile.format.suffix}"
    assert (header.format, done.proven) == (profile.format, True)
    whole = -(-SIZE // profile.whole_bytes) * profile.whole_bytes
    assert header.virtual_size == whole
    for reader in Reader:
        with open_guest_view(DiskImage(path=done.path, format=profile.format), reader=reader) as view:
            assert guest_sha256(view) == hashlib.sha256(raw_bytes(disk) + bytes(whole - SIZE)).hexdigest()
    judge = {
        "kvm": judge_qcow2, "proxmox": judge_qcow2, "ecs": judge_qcow2, "virtualbox": judge_vdi,
        "hyper-v": judge_dynamic_vhd, "azure": judge_azure, "esxi": judge_stream, "aws": judge_stream,
        "esxi-datastore": judge_datastore, "workstation": judge_workstation,
    }[name]  # fmt: skip
    judge(done.path)


def judge_qcow2(path: Path) -> None:
    told = json.loads(subprocess.check_output(["qemu-img", "info", "-f", "qcow2", "--output=json", path]))
    assert told["format-specific"]["data"]["compat"] == "1.1"
    assert told["format-specific"]["data"]["compression-type"] == "zlib"


def judge_vdi(path: Path) -> None:
    assert struct.unpack_from("<I", path.read_bytes(), 0x4C)[0] == 1, "dynamic"


def judge_dynamic_vhd(path: Path) -> None:
    footer = path.read_bytes()[-512:]
    assert struct.unpack_from(">I", footer, 60)[0] == 3
    assert struct.unpack_from(">Q", footer, 48)[0] == SIZE


def judge_azure(path: Path) -> None:
    footer = path.read_bytes()[-512:]
    assert struct.unpack_from(">I", footer, 60)[0] == 2, "fixed"
    size = struct.unpack_from(">Q", footer, 48)[0]
    assert (size % MiB, path.stat().st_size) == (0, size + 512)


def judge_stream(path: Path) -> None:
    assert struct.unpack_from("<4sII", path.read_bytes()) == (b"KDMV", 3, 0x30001)
    assert 'createType="streamOptimized"' in descriptor(path)
    assert 'ddb.adapterType = "lsilogic"' in descriptor(path)


def judge_datastore(path: Path) -> None:
    text = path.read_text()
    assert 'createType="vmfs"' in text
    assert f'RW {SIZE // 512} VMFS "disk.esxi-datastore-flat.vmdk"' in text
    assert path.with_name("disk.esxi-datastore-flat.vmdk").stat().st_size == SIZE


def judge_workstation(path: Path) -> None:
    assert 'createType="monolithicSparse"' in descriptor(path)
    assert 'ddb.adapterType = "lsilogic"' in descriptor(path)


@pytest.mark.tools("qemu-img", "qemu-nbd")
@pytest.mark.parametrize(
    ("target", "checked"),
    [(Target(format=DiskFormat.QCOW2), "qcow2"), (Target(format=DiskFormat.VMDK, profile=PROFILES["esxi"]), "vmdk")],
)
@pytest.mark.parametrize("size", [512, MiB, SIZE, 600 * MiB])
def test_qemu_finds_nothing_wrong_with_what_imgkit_packs(
    disk: DiskImage, tmp_path: Path, target: Target, checked: str, size: int
) -> None:
    os.truncate(disk.path, size)
    done = make(disk, target, compress=True)
    subprocess.run(["qemu-img", "check", "-q", "-f", checked, done.path], check=True)
    subprocess.run(["qemu-img", "convert", "-f", checked, "-O", "raw", done.path, tmp_path / "back"], check=True)
    assert (tmp_path / "back").read_bytes() == raw_bytes(disk)


@pytest.mark.tools("qemu-img", "qemu-nbd")
@pytest.mark.parametrize("target", [DiskFormat.RAW, DiskFormat.VDI])
def test_a_damaged_source_is_salvaged_only_when_asked(disk: DiskImage, tmp_path: Path, target: DiskFormat) -> None:
    path = tmp_path / "damaged.qcow2"
    text = tmp_path / "text.raw"
    text.write_bytes(b"well compressible " * 500_000)
    os.truncate(text, 9 * MiB)
    subprocess.run(["qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", text, path], check=True)
    content = bytearray(path.read_bytes())
    place = content.index(b"\0" * 64, 5 * 64 * KiB) - 600  # inside the last compressed clusters
    content[place : place + 40] = b"\xff" * 40
    path.write_bytes(content)
    source = DiskImage(path=path, format=DiskFormat.QCOW2)
    asked = Conversion(image=source, path=tmp_path / "out", target=Target(format=target))
    with pytest.raises(Differs):
        convert_recorded(asked, now=lambda: datetime(2026, 11, 28, tzinfo=UTC))
    assert not asked.path.exists()
    done = convert_recorded(replace(asked, salvage=True), now=lambda: datetime(2026, 11, 28, tzinfo=UTC))
    assert done.lost
    expected = bytearray(text.read_bytes())
    for extent in done.lost:
        expected[extent.start : extent.end] = bytes(extent.length)
    with open_guest_view(DiskImage(path=done.path, format=target)) as view:
        assert view.read(0, view.size) == bytes(expected)
    [unknown] = check_file(done.path).of(Outcome.UNDETERMINED)
    assert "could not be read, and is zeroes" in unknown.detail


@pytest.mark.tools("qemu-img", "qemu-nbd")
def test_a_file_that_was_cut_short_is_salvaged_up_to_its_end(disk: DiskImage, tmp_path: Path) -> None:
    whole, path = tmp_path / "whole.qcow2", tmp_path / "cut.qcow2"
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", disk.path, whole], check=True)
    path.write_bytes(whole.read_bytes()[: -MiB - 100])
    with pytest.raises(NotADiskImage):
        read_header(path, stated=None)
    asked = Conversion(
        image=DiskImage(path=path, format=DiskFormat.QCOW2), path=tmp_path / "out.raw",
        target=Target(format=DiskFormat.RAW), salvage=True,
    )  # fmt: skip
    done = convert_recorded(asked, now=lambda: datetime(2026, 11, 28, tzinfo=UTC))
    expected = bytearray(raw_bytes(disk))
    for extent in done.lost:
        expected[extent.start : extent.end] = bytes(extent.length)
    assert 900 * KiB <= sum(extent.length for extent in done.lost) <= MiB + 100
    assert done.path.read_bytes() == bytes(expected)


@pytest.mark.tools("qemu-nbd")
def test_readers_of_others_agree_on_a_stream_optimized_vmdk(disk: DiskImage) -> None:
    """libvmdk and dissect share no code with imgkit, QEMU or each other."""
    done = make(disk, Target(format=DiskFormat.VMDK, profile=PROFILES["esxi"]))
    handle = pyvmdk.handle()
    handle.open(str(done.path))
    handle.open_extent_data_files()
    assert handle.get_media_size() == SIZE
    assert handle.read_buffer(SIZE) == raw_bytes(disk)
    handle.close()
    with done.path.open("rb") as file:
        whole = SIZE // MiB * MiB  # dissect reads no odd last sector
        assert VMDK(file).read(whole) == raw_bytes(disk)[:whole]
