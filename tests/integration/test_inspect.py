"""The disks of the sample machine through the real libguestfs. Launches are shared: each takes about ten seconds."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from imgkit.disks.tree_guestfs import GuestfsMachine, open_guestfs_machine
from imgkit.model.accounts import PasswordState
from imgkit.model.boot import DriverPlace
from imgkit.model.fact import FactState
from imgkit.model.mounts import EntryState
from imgkit.model.report import DiagnosticLevel, Report, RunInfo, SystemReport
from imgkit.model.role import DiskRole
from imgkit.model.storage import MountState
from imgkit.render.report_json import parse_report, report_bytes, report_document
from imgkit.render.terminal import SUMMARY_LINES, render_summary
from imgkit.render.terminal_tables import render_tables
from imgkit.stages.inspect import inspect_disks
from imgkit.tools.guestfs_appliance import ApplianceSettings, Drive

pytestmark = pytest.mark.tools("guestfs", "qemu-img", "mke2fs", "mkfs.xfs", "dpkg")

ROLES = (DiskRole(), DiskRole("xvdb"), DiskRole("xvdc"))
RUN = RunInfo(started=datetime(2026, 11, 22, 18, 5, tzinfo=UTC), imgkit="0.1.0", engine="guestfs")
PUBLISHED = Path(__file__).parents[2] / "docs/reference/schemas/inspect-1.schema.json"


@pytest.fixture(scope="module")
def settings(appliance_settings: ApplianceSettings) -> ApplianceSettings:
    return appliance_settings


@pytest.fixture(scope="module")
def disks(demo_disks: Mapping[DiskRole, Path]) -> Mapping[DiskRole, Path]:
    return demo_disks


@pytest.fixture(scope="module")
def digests(disks: Mapping[DiskRole, Path]) -> Mapping[Path, str]:
    """What the disks were before anybody looked into them."""
    return {path: digest(path) for path in disks.values()}


@pytest.fixture(scope="module")
def machine(
    disks: Mapping[DiskRole, Path], digests: Mapping[Path, str], settings: ApplianceSettings
) -> Iterator[GuestfsMachine]:
    drives = [(role, Drive(path=disks[role])) for role in ROLES]
    with open_guestfs_machine(drives, settings=settings) as opened:
        yield opened


@pytest.fixture(scope="module")
def report(machine: GuestfsMachine) -> Report:
    return inspect_disks(machine, roles=ROLES, expected_roles=ROLES, run=RUN)


@pytest.fixture(scope="module")
def system(report: Report) -> SystemReport:
    (found,) = report.systems
    return found


@pytest.fixture(scope="module")
def without_xvdc(disks: Mapping[DiskRole, Path], settings: ApplianceSettings) -> Report:
    drives = [(role, Drive(path=disks[role])) for role in ROLES[:2]]
    with open_guestfs_machine(drives, settings=settings) as opened:
        return inspect_disks(opened, roles=ROLES[:2], expected_roles=ROLES, run=RUN)


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_the_whole_set_leaves_nothing_open(report: Report):
    open_questions = [one for one in report.diagnostics if one.level is not DiagnosticLevel.REMARK]
    assert [(one.subject, one.message) for one in open_questions] == []
    assert report.complete


def test_the_system_is_identified(system: SystemReport):
    assert system.identity.os.value is not None
    assert (system.identity.os.value.name, system.identity.os.value.id, system.identity.os.value.version_id) == (
        "Debian GNU/Linux",
        "debian",
        "12",
    )
    assert system.identity.os.value.release.startswith("12")
    assert system.identity.architecture.value is not None
    assert system.identity.architecture.value.name == "x86_64"
    assert system.identity.hostname.value == "web-01"
    assert system.identity.machine_id.value == "0123456789abcdef0123456789abcdef"
    assert system.identity.timezone.value is not None
    assert system.identity.timezone.value.name == "Asia/Shanghai"
    assert system.identity.locale.value == "en_US.UTF-8"


def test_the_facts_name_the_files_that_they_rest_on(system: SystemReport):
    (source,) = system.identity.hostname.sources
    assert (source.tree, source.path) == ("system:2", b"/etc/hostname")
    assert source.sha256 == hashlib.sha256(b"web-01\n").hexdigest()


def test_users_have_the_state_of_their_passwords_and_no_hash(system: SystemReport):
    users = {user.name: user for user in system.accounts.users.value or ()}
    assert (users["root"].password, users["root"].login_shell) == (PasswordState.LOCKED, True)
    assert (users["admin"].password, users["admin"].algorithm) == (PasswordState.SET, "yescrypt")
    assert users["admin"].uid == 1000
    assert not users["www-data"].login_shell
    assert "sudo" in {group.name for group in system.accounts.groups.value or ()}
    assert "imgkitSample" not in repr(system)


def test_the_packages_are_those_that_dpkg_installed(system: SystemReport):
    packages = {package.name: package for package in system.packages.dpkg.value or ()}
    assert {"base-files", "nginx", "linux-image-6.1.0-18-cloud-amd64"} <= set(packages)
    assert all(package.status == "install ok installed" and package.installed for package in packages.values())
    assert all(package.version and package.architecture for package in packages.values())
    assert system.packages.rpm.state is FactState.ABSENT


def test_the_kernels_are_whole(system: SystemReport):
    kernels = system.boot.kernels.value or ()
    assert [kernel.version for kernel in kernels] == ["6.1.0-17-cloud-amd64", "6.1.0-18-cloud-amd64"]
    assert all(kernel.image and kernel.initramfs and kernel.modules for kernel in kernels)


def test_the_drivers_of_the_cloud_are_in_each_initramfs(system: SystemReport):
    drivers = {one.name: one.place for found in system.boot.drivers.value or () for one in found.drivers}
    assert drivers["virtio_blk"] is drivers["nvme"] is DriverPlace.INITRAMFS
    assert drivers["xen_blkfront"] is DriverPlace.NOWHERE


def test_one_walk_finds_what_is_worth_a_look(system: SystemReport):
    files = system.files.value
    assert files is not None
    assert files.whole
    assert [(one.path, one.package) for one in files.set_id.first] == [(b"/usr/bin/sudo", "sudo")]
    assert b"/home/admin/caf\xe9.txt" in [one.path for one in files.odd_names.first]


def test_the_rest_of_the_system_is_told(system: SystemReport):
    assert [one.addresses for one in system.packages.repositories.value or ()] == [
        ("http://mirrors.aliyun.com/debian",)
    ]
    assert [one.versions for one in system.cloud.agents.value or ()] == [("2.2.3.612",)]
    assert [one.path for one in system.logs.logs.value or () if one.first] == [b"/var/log/auth.log"]
    assert [host.names for host in system.network.hosts.value or ()] == [("localhost",), ("web-01",)]


def test_fstabs_vdb1_is_found_on_xvdb_and_its_volume_on_xvdc(report: Report, system: SystemReport):
    places = {entry.folder: (entry.state, entry.place) for entry in system.mounts.fstab.value or ()}
    assert places[b"/"] == (EntryState.FOUND, "system:2")
    assert places[b"/data"] == (EntryState.FOUND, "xvdb:1")
    assert places[b"/srv"] == (EntryState.FOUND, "/dev/vg_srv/lv_www")
    assert places[b"/tmp"] == (EntryState.ELSEWHERE, "")
    mounted = {mount.folder: mount.state for mount in system.mounts.mounted}
    assert mounted == {
        "/": MountState.MOUNTED,
        "/data": MountState.MOUNTED,
        "/srv": MountState.MOUNTED,
        "/tmp": MountState.SKIPPED,
    }
    volume = next(one for one in report.storage.file_systems if one.place == "/dev/vg_srv/lv_www")
    assert volume.roles == (DiskRole("xvdc"),)


def test_the_usage_of_the_xfs_is_known(report: Report):
    xfs = next(one for one in report.storage.file_systems if one.place == "xvdb:1")
    assert (xfs.type, xfs.label) == ("xfs", "data")
    assert xfs.used_bytes is not None
    assert xfs.free_bytes is not None
    assert 0 < xfs.used_bytes < xfs.free_bytes < 2**30


def test_a_data_disk_without_a_system_is_described(report: Report):
    assert [disk.role.name for disk in report.data_disks] == ["xvdb", "xvdc"]
    contents = report.data_disks[0].file_systems[0].contents.value
    assert contents is not None
    assert contents.whole
    assert contents.largest[0].path == b"/backups/shop-2024-02-29.sql"
    assert [entry.name for entry in contents.top] == [b"backups", b"caf\xe9.txt", b"latest"]


def test_the_json_fits_the_published_schema(report: Report):
    schema = json.loads(PUBLISHED.read_bytes())
    errors = list(jsonschema.Draft202012Validator(schema).iter_errors(report_document(report)))
    assert [error.json_path for error in errors] == []


def test_a_name_that_is_no_utf_8_goes_through_json_exactly(report: Report):
    again = parse_report(report_bytes(report))
    assert again.data_disks == report.data_disks


def test_two_looks_give_the_same_bytes_apart_from_the_run(machine: GuestfsMachine, report: Report):
    later = replace(RUN, started=datetime(2027, 1, 1, tzinfo=UTC))
    second = inspect_disks(GuestfsMachine(machine.appliance, ROLES), roles=ROLES, expected_roles=ROLES, run=later)
    assert second.run != report.run
    assert report_bytes(replace(second, run=RUN)) == report_bytes(report)


def test_the_summary_is_short_and_says_what_matters(report: Report):
    summary = render_summary(report)
    assert len(summary.splitlines()) <= SUMMARY_LINES
    for words in (
        "Debian GNU/Linux 12",
        "web-01",
        "/data",
        "xvdb:1",
        "admin",
        "vg_srv",
        "everything could be determined",
    ):
        assert words in summary
    assert "base-files" in render_tables(report)


def test_a_set_without_xvdc_says_so_and_is_incomplete(without_xvdc: Report):
    assert without_xvdc.missing_disks == (DiskRole("xvdc"),)
    assert not without_xvdc.complete
    entries = {entry.folder: entry for entry in without_xvdc.systems[0].mounts.fstab.value or ()}
    assert (entries[b"/srv"].state, entries[b"/srv"].missing_role) == (EntryState.UNRESOLVED, DiskRole("xvdc"))
    assert entries[b"/data"].place == "xvdb:1"
    assert "NOT IN THIS SET" in render_summary(without_xvdc)


def test_the_disks_are_untouched(
    report: Report, without_xvdc: Report, disks: Mapping[DiskRole, Path], digests: Mapping[Path, str]
):
    assert {path: digest(path) for path in disks.values()} == digests
