"""Tests of tools/guestfs_zfs.py: lines for the appliance's shell, without an appliance."""

import base64
import gzip
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from imgkit.tools.guestfs_zfs import ZfsFailed, find_pools, mount, open_dataset, start

LISTED = """   pool: tank
     id: 123
  state: ONLINE
 action: The pool can be imported using its name or numeric identifier.
config:

        tank  ONLINE
          /run/imgkit-zfs/disks/0  ONLINE

   pool: tank
     id: 456
  state: DEGRADED
 status: One or more devices are missing from the system.
"""
ROWS = (
    ("tank", "type", "filesystem"),
    ("tank", "guid", "11"),
    ("tank", "mountpoint", "/run/imgkit-zfs/root/tank"),
    ("tank", "canmount", "on"),
    ("tank/a b", "type", "filesystem"),
    ("tank/a b", "mountpoint", "/run/imgkit-zfs/root"),
    ("tank/vol", "type", "volume"),
    ("tank/vol", "volsize", "1048576"),
    ("tank@one", "type", "snapshot"),
    ("tank/vol@two", "type", "snapshot"),
    ("other/x", "type", "filesystem"),
    ("tank", "nonsense", "filesystem"),
    ("tank",),
)


@dataclass
class Shell:
    """Answers the first pattern that a line has in it; what is not there answers nothing."""

    driver: str = "kernel"
    answers: Sequence[tuple[str, str]] = ()
    lines: list[str] = field(default_factory=list)

    def run(self, line: str) -> str:
        assert subprocess.run(["sh", "-n", "-c", line], check=False).returncode == 0, line
        self.lines.append(line)
        if line.startswith("mkdir -p /run/imgkit-zfs/disks"):
            return f"{self.driver}\n"
        return next((said for pattern, said in self.answers if re.search(pattern, line)), "")

    def matching(self, pattern: str) -> list[str]:
        return [line for line in self.lines if re.search(pattern, line)]


def _rows(rows: Sequence[Sequence[str]] = ROWS) -> str:
    packed = gzip.compress("\n".join("\t".join(row) for row in rows).encode("utf-8", "surrogateescape"))
    return base64.b64encode(packed).decode()


def _shell(driver: str = "kernel", *answers: tuple[str, str]) -> Shell:
    usual = (
        ("zpool list -H -o health", "ONLINE\n"),
        ("zpool status", " tank  DEGRADED 0 0 0\n   /dev/x  UNAVAIL  0 0 0  was /dev/sdb\n"),
        ("zfs get", _rows()),
        (r"zpool import -d \S+ 2>&1; true$", LISTED),
    )
    return Shell(driver=driver, answers=(*answers, *usual))


@pytest.mark.parametrize("driver", ["programs", "module"])
def test_an_appliance_without_zfs_says_what_it_lacks(driver):
    shell = Shell(driver=driver)
    assert start(shell.run) == driver
    assert find_pools(["/dev/sda"], shell.run) == {"driver": driver, "pools": []}


def test_pools_are_imported_from_the_disks_that_are_named_and_mount_nothing():
    shell = _shell()
    found = find_pools(["/dev/sda1", "/dev/my vg/lv"], shell.run)
    assert "'/dev/my vg/lv' /run/imgkit-zfs/disks/1" in shell.matching("ln -sfn")[1]
    imports = shell.matching("zpool import -f")
    assert all(" -N " in line and " -d /run/imgkit-zfs/disks " in line for line in imports)
    assert all(" -R /run/imgkit-zfs/root " in line for line in imports)
    nowhere = shell.lines.index("ln -sfn /proc/imgkit-nowhere /run/imgkit-zfs/root")
    assert nowhere < shell.lines.index(imports[0])
    assert [pool["state"] for pool in found["pools"]] == ["ONLINE", "ONLINE"]
    assert found["pools"][0]["missing"] == 1


def test_whoever_asks_again_changes_nothing():
    shell = _shell("kernel", ("echo known", "known\n"))
    assert find_pools(["/dev/sda"], shell.run)["pools"] == []
    assert not shell.matching("zpool|ln -s|rm ")[1:]


def test_two_pools_of_one_name_are_told_apart():
    shell = _shell()
    first, second = find_pools(["/dev/sda"], shell.run)["pools"]
    assert (first["called"], second["called"]) == ("tank", "tank-456")
    assert " 456 tank-456 " in shell.matching("zpool import -f")[1]


def test_data_sets_volumes_and_snapshots_are_told_by_their_properties():
    (pool, _) = find_pools(["/dev/sda"], _shell().run)["pools"]
    assert [row["name"] for row in pool["datasets"]] == ["tank", "tank/a b", "tank/vol"]
    assert [row["mountpoint"] for row in pool["datasets"]] == ["/tank", "/", "/"]
    assert pool["snapshots"] == 2


def test_properties_that_zfs_fuse_does_not_know_are_not_asked_of_it():
    old, new = _shell("fuse"), _shell("kernel")
    find_pools(["/dev/sda"], old.run)
    find_pools(["/dev/sda"], new.run)
    assert not any("keystatus" in line for line in old.lines)
    assert new.matching("keystatus")
    assert not any(" -N " in line for line in old.lines)


def test_with_zfs_fuse_nothing_mounts_itself_when_another_is_mounted():
    shell = _shell("fuse")
    find_pools(["/dev/sda"], shell.run)
    assert shell.matching("canmount=noauto 'tank/a b'")
    assert not shell.matching("canmount=noauto tank/vol")


def test_a_pool_that_cannot_be_written_to_is_imported_without():
    shell = _shell("kernel", ("zpool list -H -o health", ""), ("zpool import -f", "cannot import 'tank': feature\n"))
    pool = find_pools(["/dev/sda"], shell.run)["pools"][0]
    assert pool["error"] == "cannot import 'tank': feature"
    assert pool["datasets"] == []
    assert ["readonly=on" in line for line in shell.matching("zpool import -f")[:2]] == [False, True]


def test_too_many_data_sets_are_told():
    rows = [(f"tank/{number}", "type", "filesystem") for number in range(1001)]
    pool = find_pools(["/dev/sda"], _shell("kernel", ("zfs get", _rows(rows))).run)["pools"][0]
    assert len(pool["datasets"]) == 1000
    assert "1001 data sets" in pool["error"]


def test_answers_that_are_no_text_are_escaped():
    rows = [("tank/\udcff", "type", "filesystem")]
    pool = find_pools(["/dev/sda"], _shell("kernel", ("zfs get", _rows(rows))).run)["pools"][0]
    assert pool["datasets"][0]["name"] == "tank/\\xff"


def test_a_data_set_is_mounted_once_and_bound_read_only_to_its_folder():
    shell = Shell(answers=[("echo kernel", "kernel\n"), ("imgkit-done", "imgkit-done\n")])
    mount("tank/a;b", b"/srv/it's \xff\n", "ro,nodev", shell.run)
    (own,) = shell.matching("mount -t zfs")
    assert "ro,nodev,zfsutil" in own
    assert "'tank/a;b'" in own
    (bound,) = shell.matching("mount --bind")
    assert "remount,bind,ro,nodev" in bound
    assert "\\377\\012x" in bound
    folder = re.search(r"(/run/imgkit-zfs/root/[0-9a-f]{64})", own)
    assert folder is not None
    assert folder[1] in bound
    again = Shell(answers=[("cat /proc/mounts", f"tank {folder[1]} zfs ro 0 0\n"), ("imgkit-done", "imgkit-done")])
    mount("tank/a;b", b"/", "ro", again.run)
    assert not again.matching("mount -t zfs")


def test_a_folder_comes_through_the_shell_as_it_is():
    line = ""

    def run(asked: str) -> str:
        nonlocal line
        line = asked if "--bind" in asked else line
        return "imgkit-done" if "imgkit-done" in asked else ""

    mount("tank", b"/a'\n", "ro", run)
    setting = line.partition("; mount --bind")[0].removeprefix("( ")
    done = subprocess.run(["sh", "-c", f'{setting}; printf %s "$target"'], capture_output=True, check=True)
    assert done.stdout == b"/sysroot/a'\n"


def test_with_zfs_fuse_the_data_set_gets_the_place_of_its_own():
    shell = Shell(answers=[("imgkit-done", "imgkit-done\n")])
    mount("tank", b"/", "ro", shell.run)
    assert re.search(r"zfs set mountpoint=/[0-9a-f]{64} tank && zfs mount -o ro tank", shell.matching("zfs mount")[0])


def test_what_zfs_refuses_is_in_its_own_words():
    with pytest.raises(ZfsFailed, match="no such data set"):
        mount("tank", b"/", "ro", lambda line: "no such data set\n" if "zfs mount" in line else "")


def test_a_key_comes_from_a_file():
    shell = Shell(answers=[("imgkit-done", "imgkit-done\n")])
    open_dataset("tank/a b", "/run/key", shell.run)
    assert "zfs load-key -L file:///run/key 'tank/a b' " in shell.lines[0]
    with pytest.raises(ZfsFailed, match="without a word"):
        open_dataset("tank", "/run/key", lambda _: "")
