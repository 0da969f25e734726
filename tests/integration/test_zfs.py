"""Pools of ZFS, made by its own programs in one launch of the appliance and read in a second one, by the command."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from imgkit.disks.tree_guestfs import GuestfsMachine, open_guestfs_machine
from imgkit.model.role import DiskRole
from imgkit.samples.appliance_work import do_all
from imgkit.samples.zfs_disks import LARGE_BYTES, LARGE_LINE, ODD_NAME, zfs_works
from imgkit.tools.guestfs_appliance import ApplianceSettings, Drive

pytestmark = pytest.mark.tools("guestfs", "libguestfs-zfs", "qemu-img", "sfdisk")

NAMES = {
    "system": "zfs-system",
    "xvdb": "zfs-mirror-1",
    "xvdc": "zfs-mirror-2",
    "xvdd": "zfs-torn",
    "xvde": "zfs-full",
}
LARGE = (LARGE_LINE.encode() + b"\n") * LARGE_BYTES


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, appliance_settings: ApplianceSettings) -> Path:
    made = tmp_path_factory.mktemp("zfs")
    do_all(zfs_works(made), crash=["zfs-torn"], settings=appliance_settings)
    for role, name in NAMES.items():
        (made / f"{name}.raw").rename(made / f"{role}.raw")
    return made


@pytest.fixture(scope="module")
def before(folder: Path) -> Mapping[str, str]:
    return digests(folder)


@pytest.fixture(scope="module")
def report(folder: Path, before: Mapping[str, str]) -> Any:
    return inspected(folder, *NAMES, code=0)


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.raw")}


def inspected(folder: Path, *roles: str, code: int, words: tuple[str, ...] = ()) -> Any:
    disks = [f"{role}.raw" for role in roles]
    argv = [sys.executable, "-m", "imgkit", "inspect", *disks, "--json", "--skip", "cloud,containers", *words]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def one(rows: list[dict[str, Any]], **wanted: Any) -> dict[str, Any]:
    (found,) = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    return found


def test_pools_are_put_together_of_their_disks(report):
    pools = {pool["name"]: pool for pool in report["storage"]["pools"]}
    # OpenZFS makes a partition on a disk that it is given whole, zfs-fuse does not.
    disks = {name: [place.partition(":")[0] for place in pool["members"]] for name, pool in pools.items()}
    assert disks == {"rpool": ["system"], "tank": ["xvdb", "xvdc"], "torn": ["xvdd"], "full": ["xvde"]}
    assert {pool["state"] for pool in pools.values()} == {"ONLINE"}
    assert (pools["tank"]["missing_disks"], pools["tank"]["snapshots"]) == (0, 1)
    members = {row["place"].removesuffix(":1"): row for row in report["storage"]["members"]}
    assert {row["error"] for row in members.values()} == {""}
    assert (members["xvdb"]["label"], members["xvdb"]["uuid"]) == ("tank", pools["tank"]["uuid"])
    assert members["xvdb"]["detail"].startswith("mirror of 2 disks")


def test_a_system_is_read_with_the_data_sets_that_zfs_and_fstab_mount(report):
    (system,) = report["systems"]
    assert system["root"] == "zfs:rpool/ROOT/debian"
    assert system["identity"]["os"]["value"]["pretty_name"] == "Debian on ZFS"
    (package,) = system["packages"]["dpkg"]["value"]
    assert package["name"] == "bash"  # its database lies in a data set of its own
    mounted = {row["spec"]: (row["folder"], row["state"], row["place"]) for row in system["mounts"]["mounted"]}
    assert mounted == {
        "rpool/srv": ("/srv", "mounted", "zfs:rpool/srv"),
        "rpool/var": ("/var", "mounted", "zfs:rpool/var"),
        "rpool/home": ("/home", "mounted", "zfs:rpool/home"),
        "rpool/odd": ("/caf\\xe9\\x0a\\x09x", "mounted", "zfs:rpool/odd"),
    }


@pytest.fixture(scope="module")
def machine(folder: Path, before: Mapping[str, str], appliance_settings: ApplianceSettings) -> Iterator[GuestfsMachine]:
    roles = [(DiskRole("" if name == "system" else name), Drive(path=folder / f"{name}.raw")) for name in NAMES]
    with open_guestfs_machine(roles, settings=appliance_settings) as opened:
        yield opened


def test_files_are_there_byte_for_byte(machine):
    tree = machine.file_system_tree("zfs:tank/data")
    assert tree.read_file(b"/folder/large", limit=2 * LARGE_BYTES) == LARGE[:LARGE_BYTES]
    assert tree.read_file(b"/link", limit=5) == LARGE[:5]
    assert tree.checksum(b"/folder/large") == hashlib.sha256(LARGE[:LARGE_BYTES]).hexdigest()
    assert tree.read_file(b"/" + ODD_NAME, limit=9) == b"odd\n"
    assert {entry.name for entry in tree.list_folder(b"/")} == {b"folder", b"link", ODD_NAME}
    found = tree.stat(b"/folder")
    assert (found.uid, found.gid, found.mode & 0o7777) == (1000, 1001, 0o2750)


def test_a_data_set_that_wants_to_be_usr_does_not_become_the_appliances(machine):
    assert machine.file_system_tree("zfs:tank/climber").list_folder(b"/") == ()
    usr = machine.file_system_tree("zfs:tank/usr")
    assert usr.read_file(b"/bin/mount", limit=99) == b"#!/bin/false\n"
    # The appliance's own programs unmount it and mount another.
    assert machine.file_system_tree("zfs:tank/data").read_file(b"/link", limit=5) == LARGE[:5]
    assert usr.read_file(b"/bin/stat", limit=99) == b"#!/bin/false\n"


def test_what_was_synced_right_before_the_power_went_is_there(machine):
    assert machine.file_system_tree("zfs:torn/data").read_file(b"/late", limit=99) == b"synced\n"


def test_a_full_pool_is_read_like_any_other_and_what_was_shared_hides_nothing(machine):
    assert machine.file_system_tree("zfs:full/data").read_file(b"/file", limit=9) == b"kept\n"
    for dataset in ("shared", "shared/below", "shared/below 1", "off"):
        assert machine.file_system_tree(f"zfs:full/{dataset}").list_folder(b"/") == ()


def test_looking_for_pools_again_changes_nothing(machine):
    assert machine.appliance.worker.find_pools(["/dev/sda1", "/dev/sdb"])["pools"] == []
    assert machine.file_system_tree("zfs:tank/data").read_file(b"/link", limit=5) == LARGE[:5]


@pytest.fixture(scope="module")
def lacking(folder: Path, before: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A set with one half of the mirror, and with the system's disk twice."""
    made = tmp_path_factory.mktemp("lacking")
    for target, source in (("system", "system"), ("xvdb", "xvdc"), ("xvdc", "system")):
        shutil.copy(folder / f"{source}.raw", made / f"{target}.raw")
    return inspected(made, "system", "xvdb", "xvdc", code=3)


def test_of_two_copies_of_a_disk_one_was_not_read_and_the_report_says_so(lacking):
    members = {row["place"].removesuffix(":1"): row["error"] for row in lacking["storage"]["members"]}
    unread = [place for place, error in members.items() if "put together without it" in error]
    pool = one(lacking["storage"]["pools"], name="rpool")
    assert len(unread) == 1
    assert {"system", "xvdc"} - set(unread) == {place.partition(":")[0] for place in pool["members"]}


def test_half_a_mirror_is_read_and_said_to_be_half(lacking):
    found = lacking
    pool = one(found["storage"]["pools"], name="tank")
    assert pool["missing_disks"] == 1
    assert any("not whole: 1 disk" in row["message"] for row in found["diagnostics"])
    data = [two for disk in found["data_disks"] for two in disk["file_systems"] if two["place"] == "zfs:tank/data"]
    assert data[0]["contents"]["value"]["files"] == 2


def test_natively_a_pool_is_named_and_said_to_be_unread(folder, before):
    found = inspected(folder, "xvdb", code=3, words=("--engine", "native", "--disk", "xvdb=xvdb.raw"))
    (member,) = found["storage"]["members"]
    assert (member["type"], member["label"]) == ("zfs_member", "tank")
    assert "--engine guestfs" in member["error"]


def test_the_disks_are_as_they_were(folder, before, report, machine):
    assert digests(folder) == before
