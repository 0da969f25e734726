"""The sample disks that need no appliance, read back with tools that did not make them; also as an ordinary user."""

import hashlib
import json
import os
import pwd
import shutil
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from imgkit.disks.partition_table import read_table
from imgkit.model.storage import TableKind
from imgkit.process import run
from imgkit.samples.demo_disks import make_system_disk, make_xfs_disk
from imgkit.samples.programs import require_maker
from imgkit.units import GiB, MiB

pytestmark = pytest.mark.tools("dpkg", "mke2fs", "mkfs.xfs", "sfdisk", "debugfs")

ROOT_START = 2 * MiB


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_system_disk(tmp_path_factory.mktemp("system")).path


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def inside(system: Path, request: str) -> str:
    return run([require_maker("debugfs"), "-R", request, f"{system}?offset={ROOT_START}"]).stdout.decode()


def test_the_system_disk_is_sparse(system: Path):
    assert system.stat().st_size == 1 * GiB
    assert system.stat().st_blocks * 512 < 40 * MiB


def test_its_table_agrees_with_sfdisk(system: Path):
    said = json.loads(run([require_maker("sfdisk"), "--json", system]).stdout)["partitiontable"]["partitions"]
    raw = system.read_bytes()
    table = read_table(lambda offset, length: raw[offset : offset + length], len(raw))
    assert (table.kind, table.error) == (TableKind.GPT, "")
    assert [(one.start_bytes // 512, one.size_bytes // 512, one.type, one.uuid, one.name) for one in table.entries] == [
        (one["start"], one["size"], one["type"], one["uuid"], one["name"]) for one in said
    ]


def test_its_root_is_a_whole_ext4(system: Path, tmp_path: Path):
    root = tmp_path / "root.ext4"
    with system.open("rb") as disk, root.open("wb") as out:
        disk.seek(ROOT_START)
        out.write(disk.read(508 * MiB))
    run([require_maker("e2fsck"), "-f", "-n", root])


def test_dpkg_itself_knows_the_packages(system: Path, tmp_path: Path):
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").write_text(inside(system, "cat /var/lib/dpkg/status"))
    listed = run(["dpkg-query", f"--admindir={tmp_path}/var/lib/dpkg", "-W"]).stdout.decode().split()
    assert "openssh-server" in listed
    assert "1:9.2p1-2+deb12u2" in listed


def test_files_belong_to_root_and_to_those_that_they_should(system: Path):
    assert "User:     0   Group:    42" in inside(system, "stat /etc/shadow")
    assert "User:  1000   Group:  1000" in inside(system, "stat /home/admin/.ssh/authorized_keys")
    assert "User:     0   Group:     0" in inside(system, "stat /usr/bin/sudo")
    assert "Mode:  04755" in inside(system, "stat /usr/bin/sudo")


def test_made_again_it_is_the_same_to_the_byte(system: Path, tmp_path: Path):
    assert digest(make_system_disk(tmp_path).path) == digest(system)


@pytest.fixture
def shared_folder(ordinary_user: str) -> Iterator[Path]:
    """A folder of the ordinary user's, which pytest's own folders are not."""
    with tempfile.TemporaryDirectory(prefix="imgkit-test-") as made:
        if ordinary_user:
            shutil.chown(made, ordinary_user)
        yield Path(made)


def test_an_ordinary_user_makes_the_same_disk(system: Path, ordinary_user: str, shared_folder: Path):
    if not ordinary_user:
        pytest.skip("all tests run as an ordinary user here")
    child = os.fork()  # and no new program: this Python may lie where that user cannot read it
    if child == 0:
        _make_as(ordinary_user, shared_folder)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (shared_folder / "system.raw").stat().st_uid != 0
    assert digest(shared_folder / "system.raw") == digest(system)


def _make_as(user: str, folder: Path) -> NoReturn:
    try:
        account = pwd.getpwnam(user)
        os.setgroups([])
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
        os.environ["TMPDIR"], tempfile.tempdir = str(folder), None  # the other one may be root's alone
        make_system_disk(folder)
    except BaseException:  # noqa: BLE001  # a child that goes on would run the other tests twice
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def test_the_data_disk_holds_an_xfs_with_its_label(tmp_path: Path):
    disk = make_xfs_disk(tmp_path)
    with disk.path.open("rb") as file:
        file.seek(MiB)
        superblock = file.read(512)
    assert superblock[:4] == b"XFSB"
    assert superblock[108:120].rstrip(b"\0") == b"data"
    assert disk.path.stat().st_blocks * 512 < 10 * MiB
