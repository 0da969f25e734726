"""The machine as a report asks it, with a child that is no process."""

from pathlib import Path

import pytest
from tests.unit.disks.reading_child import FakeChild
from tests.unit.disks.test_fstab_lines import line

from imgkit.disks.machine_native import NativeMachine, open_native_machine
from imgkit.disks.native.wire import What
from imgkit.errors import CannotLookInside, NotADiskImage
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.model.storage import MountState


def test_storage_and_systems_are_found_once(machine: NativeMachine, child: FakeChild) -> None:
    assert [one.place for one in machine.storage.file_systems] == ["system", "xvdb"]
    assert machine.os_places == ("system",)
    assert child.generation == 1


def test_files_are_read_over_all_file_systems_as_fstab_mounts_them(machine: NativeMachine) -> None:
    lines = [line(b"/data"), line(b"/none"), line(b"/swap", kind="swap")]
    lines = [
        type(one)(**{name: getattr(one, name) for name in one.__slots__} | {"place": "xvdb", "line": number})
        for number, one in enumerate(lines)
    ]
    tree, mounts = machine.system_tree("system", lines)
    assert tree.read_file(b"/data/file", limit=5) == b"xxxxx"
    assert [mount.state for mount in mounts] == [MountState.MOUNTED, MountState.FAILED, MountState.SKIPPED]
    assert [(one.name, one.file_system) for one in tree.list_folder(b"/")] == [(b"data", 1), (b"etc", 0)]


def test_counters_that_are_damaged_leave_the_files_to_be_read(tmp_path: Path, machine: NativeMachine) -> None:
    path = tmp_path / "xvdb.raw"
    content = bytearray(path.read_bytes())
    content[2048 + 12 : 2048 + 14] = b"\xff\xff"  # free blocks
    path.write_bytes(content)
    found = {one.place: one for one in machine.storage.file_systems}
    assert "could not be counted" in found["xvdb"].error
    assert machine.file_system_tree("xvdb").read_file(b"/file", limit=1) == b"x"


def test_swap_and_what_is_not_there_hold_no_files(machine: NativeMachine) -> None:
    assert machine._why_not("xvdz") == "there is no file system xvdz on these disks"
    assert machine._why_not("system") == ""


def test_a_file_system_that_ends_the_child_is_not_opened_again(machine: NativeMachine, child: FakeChild) -> None:
    child.die.add(What.SURVEY)
    found = {one.place: one.error for one in machine.storage.file_systems}
    assert "it crashed" in found["system"]
    assert found["xvdb"] == ""
    with pytest.raises(CannotLookInside, match="it crashed"):
        machine.file_system_tree("system")


def test_what_the_guard_refuses_keeps_its_name(tmp_path: Path) -> None:
    path = tmp_path / "no.qcow2"
    path.write_bytes(b"no image")
    image = DiskImage(path=path, format=DiskFormat.QCOW2)
    with pytest.raises(NotADiskImage), open_native_machine([image]):
        pass
