"""Tests of tools/guestfs_zfs.py: lines for the appliance's shell, without an appliance."""

import base64
import gzip
import re
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from imgkit.tools import guestfs_zfs
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
NAMES = "tank\ntank/a b\ntank/vol\n"
ROWS = """\
tank\ttype\tfilesystem
tank\tguid\t11
tank\tcanmount\ton
tank/a b\ttype\tfilesystem
tank/vol\ttype\tvolume
tank/vol\tvolsize\t1048576
other/x\ttype\tfilesystem
tank\tnonsense\tfilesystem
tank
"""
POINTS = "/run/imgkit-zfs/root/tank\ttank\n/run/imgkit-zfs/root\ttank/a b\n-\ttank/vol\n"
STATUS = """  pool: tank
 state: DEGRADED
config:

|NAME                         STATE     READ WRITE CKSUM
|tank                         DEGRADED     0     0     0
|  mirror-0                   DEGRADED     0     0     0
|    /run/imgkit-zfs/disks/1  ONLINE       0     0     0
|    18446744073709551615     UNAVAIL      0     0     0  was /dev/sdb1
|logs
|  mirror-1                   UNAVAIL      0     0     0
|    /run/imgkit-zfs/disks/7  UNAVAIL      0     0     0
|    99                       UNAVAIL      0     0     0
|cache
|  sdc                        FAULTED      0     0     0  corrupted data
|spares
|  sdb                        UNAVAIL   corrupted data

errors: No known data errors
""".replace("|", "\t")


Said = str | bytes | tuple[str | bytes, int]  # what a line prints, and its exit code where it is not 0
PACKED = re.compile(r"\{ timeout -k 5 \d+ sh -c (?P<line>.*) 2>&1; printf '\\nimgkit %s' \$\?; \} \| gzip", re.DOTALL)


@dataclass
class Shell:
    """Answers the first pattern that a line has in it, packed where that is asked for; all else says nothing."""

    driver: str = "kernel"
    answers: Sequence[tuple[str, Said]] = ()
    lines: list[str] = field(default_factory=list)
    cut: str = ""  # a pattern of lines whose answers do not come through to their end

    def run(self, line: str) -> str:
        assert subprocess.run(["sh", "-n", "-c", line], check=False).returncode == 0, line
        if line.startswith("mkdir -p /run/imgkit-zfs/disks"):
            self.lines.append(line)
            return f"{self.driver}\n"
        packed = PACKED.match(line)
        asked = shlex.split(packed["line"])[0] if packed else line
        assert subprocess.run(["sh", "-n", "-c", asked], check=False).returncode == 0, asked
        self.lines.append(asked)
        said = next((said for pattern, said in self.answers if re.search(pattern, asked)), "")
        text, code = said if isinstance(said, tuple) else (said, 0)
        if not packed:
            assert isinstance(text, str)
            return text
        raw = text if isinstance(text, bytes) else text.encode()
        whole = gzip.compress(raw + b"\nimgkit %d" % code)
        kept = len(whole) // 2 if self.cut and re.search(self.cut, asked) else len(whole)
        return base64.b64encode(whole[:kept]).decode()

    def matching(self, pattern: str) -> list[str]:
        return [line for line in self.lines if re.search(pattern, line)]


def _shell(driver: str = "kernel", *answers: tuple[str, Said], cut: str = "") -> Shell:
    usual: tuple[tuple[str, Said], ...] = (
        ("zpool list -H -o health", "ONLINE\n"),
        ("zpool status", STATUS),
        ("zfs list .* snapshot", "2\n"),
        ("zfs list", NAMES),
        ("zfs get .*mountpoint", POINTS),
        ("zfs get", ROWS),
        (r"zpool import -d \S+$", LISTED),
    )
    return Shell(driver=driver, answers=(*answers, *usual), cut=cut)


def _first(shell: Shell) -> dict[str, Any]:
    found: dict[str, Any] = find_pools(["/dev/sda"], shell.run)["pools"][0]
    return found


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
    folder = shell.lines.index("rm /run/imgkit-zfs/root; mkdir /run/imgkit-zfs/root")
    assert shell.lines.index(imports[-1]) < folder < shell.lines.index(shell.matching("zfs list")[0])
    assert [pool["state"] for pool in found["pools"]] == ["ONLINE", "ONLINE"]


def test_the_disks_that_a_pool_is_made_of_are_those_that_serve_and_others_of_it_are_missing():
    pool = _first(_shell())
    assert pool["used"] == [1]
    assert pool["missing"] == 3, "neither what is made of disks counts, nor a cache, nor a spare"


def test_whoever_asks_again_changes_nothing():
    shell = _shell("kernel", ("echo known", "known\n"))
    assert find_pools(["/dev/sda"], shell.run)["pools"] == []
    assert not shell.matching("zpool|ln -s|rm ")[1:]


def test_two_pools_of_one_name_are_told_apart():
    shell = _shell()
    first, second = find_pools(["/dev/sda"], shell.run)["pools"]
    assert (first["called"], second["called"]) == ("tank", "tank-456")
    assert " 456 tank-456" in shell.matching("zpool import -f")[1]


def test_data_sets_volumes_and_snapshots_are_told_by_their_properties():
    pool = _first(_shell())
    assert [row["name"] for row in pool["datasets"]] == ["tank", "tank/a b", "tank/vol"]
    assert [row["mountpoint"] for row in pool["datasets"]] == ["/tank", "/", "-"]
    assert (pool["snapshots"], pool["lacks"], pool["read_only"]) == (2, "", False)


def test_properties_that_zfs_fuse_does_not_know_are_not_asked_of_it():
    old, new = _shell("fuse"), _shell("kernel")
    find_pools(["/dev/sda"], old.run)
    find_pools(["/dev/sda"], new.run)
    assert not any("keystatus" in line for line in old.lines)
    assert new.matching("keystatus")
    assert not any(re.search(" -[Nm] ", line) for line in old.matching("zpool import"))


def test_looking_for_pools_sets_nothing():
    shell = _shell("fuse")
    find_pools(["/dev/sda"], shell.run)
    assert not shell.matching("zfs set")


def test_a_pool_that_cannot_be_written_to_is_imported_without():
    failing = ("cannot mount 'x'\ncannot import 'tank': feature\n\tneeded.\n", 1)
    shell = _shell("kernel", ("zpool list -H -o health", ("", 1)), ("zpool import -f", failing))
    pool = _first(shell)
    assert pool["error"] == "cannot mount 'x' cannot import 'tank': feature needed."
    assert pool["datasets"] == []
    assert ["readonly=on" in line for line in shell.matching("zpool import -f")[:2]] == [False, True]


def test_a_pool_that_could_only_be_read_says_so():
    calls: Iterator[Said] = iter([("", 1), "ONLINE\n", "ONLINE\n"])
    shell = _shell()
    real = shell.run

    def run(line: str) -> str:
        if "zpool list -H -o health" in line:
            shell.answers = [("zpool list -H -o health", next(calls)), *shell.answers]
        return real(line)

    first, second = find_pools(["/dev/sda"], run)["pools"]
    assert (first["read_only"], second["read_only"]) == (True, False)


def test_what_is_wrong_with_one_pool_is_told_of_that_one():
    shell = _shell("kernel", ("zpool list -H -o health tank ", ("", 1)), ("zpool import -f .* 123", (b"caf\xe9", 1)))
    first, second = find_pools(["/dev/sda"], shell.run)["pools"]
    assert (first["error"], first["datasets"]) == ("caf\\xe9", [])
    assert (second["error"], second["called"]) == ("", "tank-456")


def test_a_pool_is_taken_once_and_one_whose_name_is_none_is_not_taken():
    listed = LISTED + LISTED + "   pool: -oaltroot=/\n     id: 9\n  state: ONLINE\n"
    shell = _shell("kernel", (r"zpool import -d \S+$", listed))
    pools = find_pools(["/dev/sda"], shell.run)["pools"]
    assert [(pool["guid"], bool(pool["error"])) for pool in pools] == [("123", False), ("456", False), ("9", True)]
    assert not shell.matching("altroot=/")


def test_a_pool_with_spares_comes_last_for_it_takes_disks_by_names_that_others_have_here():
    first, _, second = LISTED.partition("   pool: tank\n     id: 456")
    listed = f"{first}\tspares\n\t  sdb\n\n   pool: tank\n     id: 456{second}"
    pools = find_pools(["/dev/sda"], _shell("kernel", (r"zpool import -d \S+$", listed)).run)["pools"]
    assert [(pool["guid"], pool["spares"]) for pool in pools] == [("456", False), ("123", True)]


def test_a_mount_point_may_hold_any_bytes_and_spoofs_no_row():
    points = POINTS.encode().replace(b"root/tank", b"root/caf\xe9\ttab")
    pool = _first(_shell("kernel", ("zfs get .*value,name mountpoint", points)))
    assert pool["datasets"][0]["mountpoint"] == "/caf\udce9\ttab"
    split = b"/run/imgkit-zfs/root/a\nevil\ttank/vol\ttank\n/b\ttank/a b\n-\ttank/vol\n"
    shell = _shell(
        "kernel",
        ("zfs get .*value,name mountpoint", split),
        ("zfs get .*value mountpoint tank$", b"/run/imgkit-zfs/root/a\nevil\ttank/vol\n"),
        ("zfs get .*value mountpoint", b"none\n"),
    )
    assert [row["mountpoint"] for row in _first(shell)["datasets"]] == ["/a\nevil\ttank/vol", "none", "none"]


def test_names_that_zfs_gives_none_are_left_out_and_told():
    pool = _first(_shell("kernel", ("zfs list .* filesystem", b"tank\n-rf\ntank/\xff\nother/x\n")))
    assert [row["name"] for row in pool["datasets"]] == ["tank"]
    assert pool["lacks"].startswith("3 of its data sets have names")


@pytest.mark.parametrize(
    ("cut", "lacks"),
    [
        ("zfs list .* filesystem", "its data sets could not be listed to their end: the answer was cut off"),
        ("zfs get .*type", "the properties of its data sets could not be read"),
        ("zfs list .* snapshot", "its snapshots could not be counted: the answer was cut off"),
    ],
)
def test_a_list_that_is_not_whole_says_so(cut, lacks):
    assert _first(_shell(cut=cut))["lacks"] == lacks


def test_a_list_that_fails_says_so():
    pool = _first(_shell("kernel", ("zfs list .* filesystem", ("cannot open 'tank': I/O error\n", 1))))
    assert pool["lacks"].endswith("cannot open 'tank': I/O error")


def test_too_many_data_sets_are_told():
    names = [f"tank/{number}" for number in range(1001)]
    rows = "".join(f"{name}\ttype\tfilesystem\n" for name in names)
    shell = _shell("kernel", ("zfs list .* filesystem", "\n".join(names)), ("zfs get .*type", rows))
    pool = _first(shell)
    assert len(pool["datasets"]) == 1000
    assert "1001 data sets" in pool["lacks"]
    assert len(shell.matching("zfs get .*type")) == 10, "a hundred are asked for at once"


def test_other_pools_may_take_so_long_that_one_is_left(monkeypatch):
    clock = iter([0.0, 0.0, 500.0])
    monkeypatch.setattr("imgkit.tools.guestfs_zfs.time.monotonic", lambda: next(clock))
    first, second = find_pools(["/dev/sda"], _shell().run)["pools"]
    assert (first["error"], second["error"][:22]) == ("", "there was no time left")


def test_a_data_set_is_mounted_once_and_bound_read_only_to_its_folder():
    shell = Shell(answers=[("cat /proc/mounts", "by the kernel\n")])
    mount("tank/a;b", b"/srv/it's \xff\n", "ro,nodev", shell.run)
    (own,) = shell.matching("mount -t zfs")
    assert "ro,nodev,zfsutil" in own
    assert "'tank/a;b'" in own
    assert "zfs set snapdir=hidden 'tank/a;b'" in own
    (bound,) = shell.matching("mount --bind")
    assert "remount,bind,ro,nodev" in bound
    assert "\\377\\012x" in bound
    folder = re.search(r"(/run/imgkit-zfs/root/[0-9a-f]{64})", own)
    assert folder is not None
    assert folder[1] in bound
    again = Shell(answers=[("cat /proc/mounts", f"tank {folder[1]} zfs ro 0 0\n")])
    mount("tank/a;b", b"/", "ro", again.run)
    assert not again.matching("mount -t zfs")


def test_a_folder_comes_through_the_shell_as_it_is():
    shell = Shell(answers=[("cat /proc/mounts", "by the kernel\n")])
    mount("tank", b"/a'\n", "ro", shell.run)
    (line,) = shell.matching("--bind")
    setting = line.partition("; mount --bind")[0]
    done = subprocess.run(["sh", "-c", f'{setting}; printf %s "$target"'], capture_output=True, check=True)
    assert done.stdout == b"/sysroot/a'\n"


def test_with_zfs_fuse_the_data_set_gets_the_place_of_its_own():
    shell = Shell()
    mount("tank/a b", b"/", "ro", shell.run)
    own = [line for line in shell.lines if "zfs set" in line or "zfs mount" in line]
    assert re.fullmatch(r"zfs set canmount=noauto 'tank/a b' && zfs set mountpoint=/[0-9a-f]{64} 'tank/a b'", own[0])
    assert own[1].endswith("; zfs mount -o ro 'tank/a b'")


def test_a_full_pool_is_given_room_in_the_overlay_once_it_wants_it():
    full: Iterator[Said] = iter([("cannot set property for 'tank': out of space\n", 1), "", "", ""])
    shell = Shell()
    real = shell.run

    def run(line: str) -> str:
        shell.answers = [("zfs set", next(full))] if "zfs set" in line else []
        return real(line)

    mount("tank/a", b"/", "ro", run)
    (added,) = shell.matching("zpool add -f tank /run/imgkit-zfs/room-")
    assert shell.lines.index(added) < shell.lines.index(shell.matching("zfs mount")[0])
    assert len(shell.matching("canmount=noauto")) == 2


def test_what_its_machine_shared_with_a_network_need_not_be_shared_here():
    words = "cannot share 'tank':  exportfs failed\nproperty may be set but unable to reshare filesystem\n"
    shell = Shell(answers=[("zfs set mountpoint", (words, 1))])
    mount("tank", b"/", "ro", shell.run)
    (line,) = shell.matching("zfs mount")
    assert line.index("umount") < line.index("zfs mount -o ro tank"), "what inherits it may be mounted by now"


@pytest.mark.parametrize("failing", ["zfs set canmount", "zfs set mountpoint", "zfs mount", "mount --bind"])
def test_what_zfs_refuses_is_in_its_own_words(failing):
    with pytest.raises(ZfsFailed, match="no such data set"):
        mount("tank", b"/", "ro", Shell(answers=[(failing, ("no such data set\n", 1))]).run)


def test_an_answer_that_does_not_come_through_is_no_success():
    with pytest.raises(ZfsFailed, match="cut off"):
        mount("tank", b"/", "ro", Shell(cut="zfs mount").run)


def test_a_key_comes_from_a_file():
    shell = Shell()
    open_dataset("tank/a b", "/run/a key", shell.run)
    assert "zfs load-key -L 'file:///run/a key' 'tank/a b' " in shell.lines[0]
    with pytest.raises(ZfsFailed, match="without a word"):
        open_dataset("tank", "/run/key", Shell(answers=[("load-key", ("", 255))]).run)


def test_whatever_a_line_prints_comes_through_a_real_shell():
    def run(line: str) -> str:
        return subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout

    answer = guestfs_zfs._ask("printf 'a\\351\\nimgkit 0'; echo loud >&2; exit 3", run)
    assert (answer.data, answer.code) == (b"a\xe9\nimgkit 0loud\n", 3)
    assert guestfs_zfs._ask("true", run) == (b"", 0)
    assert guestfs_zfs._ask("sleep 60", run, seconds=1).reason == "there was no answer for too long"
    monstrous = guestfs_zfs._ask("head -c 5000000 /dev/urandom", run)
    assert monstrous.code == -1
