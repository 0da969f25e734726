import stat
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.test_capabilities import NET_RAW
from tests.unit.facts.tree import Device, File, Folder, Nodes, guest_with

from imgkit.facts.files import FilesVisitor, describe_files, describe_name
from imgkit.facts.walk import walk_tree
from imgkit.model.files import Files, NotedFiles

DAY = 86_400 * 10**9
NOW = 20_000 * DAY


def describe(nodes: Nodes) -> Files:
    guest, seen = guest_with(nodes), FilesVisitor()
    found = describe_files(guest, seen, walk_tree(guest, (seen,))).value
    assert found is not None
    return found


def paths(noted: NotedFiles) -> list[bytes]:
    return [one.path for one in noted.first]


def file(mode: int = 0o644, *, modified_ns: int = NOW, changed_ns: int = NOW) -> File:
    return File(b"x", mode=mode, modified_ns=modified_ns, changed_ns=changed_ns)


def test_programs_that_change_their_user_are_listed_with_the_package_that_brings_them():
    files = {
        "/usr/bin/su": file(0o4755),
        "/usr/bin/evil": file(0o6755),
        "/usr/bin/ls": file(0o755),
        "/var/lib/dpkg/info/login.list": "/bin/su\n",
    }
    found = describe(files).set_id
    assert [(one.path, one.package, one.mode) for one in found.first] == [
        (b"/usr/bin/evil", "", "rwsr-sr-x"),
        (b"/usr/bin/su", "login", "rwsr-xr-x"),
    ]


def test_what_an_examiner_wants_to_see_first_stands_out():
    files = {
        "/usr/bin/su": file(0o4755),
        "/usr/bin/evil": file(0o4755),
        "/var/lib/dpkg/info/login.list": "/bin/su\n",
        "/tmp/.x": file(0o755),
        "/dev/pts.log": file(),
    }
    guest, seen = guest_with(files), FilesVisitor()
    assert describe_files(guest, seen, walk_tree(guest, (seen,))).remarks == (
        "1 set-id program that no package brings: /usr/bin/evil",
        "1 hidden program: /tmp/.x",
        "1 plain file in /dev: /dev/pts.log",
    )


def test_without_packages_no_program_is_called_a_stranger():
    guest, seen = guest_with({"/usr/bin/su": file(0o4755)}), FilesVisitor()
    assert describe_files(guest, seen, walk_tree(guest, (seen,))).remarks == ()


def test_only_executable_files_are_asked_for_rights():
    capable = {b"security.capability": NET_RAW}
    found = describe({"/a": File(b"", mode=0o755, xattrs=capable), "/b": File(b"", mode=0o644, xattrs=capable)})
    assert [(one.path, one.permitted) for one in found.capable] == [(b"/a", ("cap_net_raw",))]


def test_what_anybody_may_write_is_listed_and_a_sticky_folder_is_not():
    found = describe({"/f": file(0o666), "/open": Folder(0o777), "/tmp": Folder(0o1777), "/closed": Folder(0o755)})
    assert (paths(found.world_writable), paths(found.open_folders)) == ([b"/f"], [b"/open"])


def test_programs_that_hide_or_lie_in_temporary_places_are_listed():
    found = describe(
        {
            "/tmp/.x/miner": file(0o755),
            "/var/tmp/.y": file(0o755),
            "/tmp/plain": file(0o755),
            "/tmp/.quiet": file(0o644),
            "/usr/lib/.z": file(0o755),
            "/home/a/.local/bin/tool": file(0o755),
            "/root/.cargo/bin/rustup": file(0o755),
            "/usr/src/x/.git/hooks/a": file(0o755),
            "/root/.own": file(0o755),
            "/.top": file(0o755),
            "/etc/.d/x": file(0o755),
        }
    )
    assert paths(found.hidden_programs) == [
        b"/.top", b"/etc/.d/x", b"/root/.own", b"/tmp/.x/miner", b"/usr/lib/.z", b"/var/tmp/.y",
    ]  # fmt: skip
    assert paths(found.temporary_programs) == [b"/tmp/.x/miner", b"/tmp/plain", b"/var/tmp/.y"]


def test_files_in_dev_and_devices_elsewhere_are_listed():
    found = describe({"/dev/ptyp": file(), "/dev/null": Device(), "/root/sda": Device(stat.S_IFBLK)})
    assert paths(found.in_dev) == [b"/dev/ptyp"]
    assert [(one.path, one.why) for one in found.devices_elsewhere.first] == [(b"/root/sda", "block device")]


@pytest.mark.parametrize(
    ("time", "why"), [(0, "the time is zero"), (-DAY, "before 1970"), (3000 * DAY, "before 1980"), (NOW, None)]
)
def test_times_that_cannot_be_are_listed(time, why):
    assert [one.why for one in describe({"/x": file(modified_ns=time)}).odd_times.first] == ([why] if why else [])


def test_future_is_what_claims_to_be_newer_than_anything_the_file_system_noted():
    found = describe({"/ahead": file(modified_ns=NOW + 2 * DAY), "/new": file(), "/zone": file(modified_ns=NOW + DAY)})
    assert paths(found.future_times) == [b"/ahead"]
    assert [one.path for one in found.newest] == [b"/zone", b"/new"]
    assert found.last_change == datetime(2024, 10, 4, tzinfo=UTC)


def test_without_times_of_change_nothing_is_called_future():
    assert describe({"/x": file(changed_ns=0, modified_ns=NOW * 3)}).future_times.total == 0


def test_the_largest_come_first_and_empty_files_are_none():
    found = describe({"/a": File(b"12"), "/b": File(b"123"), "/c": File(b"")})
    assert [one.path for one in found.largest] == [b"/b", b"/a"]


def test_a_long_list_is_cut_and_still_counted():
    found = describe({f"/{number:04}": file(0o4755) for number in range(300)}).set_id
    assert (found.total, len(found.first)) == (300, 200)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (b"plain-name_1.txt", ""),
        ("Bücher 书".encode(), ""),
        (b"back\\slash", ""),
        (b"a\x1b[2J", "holds control signs"),
        (b"\xff", "is no UTF-8"),
        (b"\xff\n", "is no UTF-8, holds control signs"),
        ("gpj\u202eexe".encode(), "holds signs that do not show"),
        (b" sshd", "begins or ends with a blank"),
        (b"...", "is nothing but dots"),
    ],
)
def test_odd_names_are_told_from_plain_ones(name, why):
    assert describe_name(name) == why


@given(st.binary(min_size=1, max_size=12), st.integers(0, 0o7777), st.integers(-(2**63), 2**63), st.integers(0, 2**63))
def test_any_entry_is_borne(name, mode, modified, changed):
    path = b"/" + name.replace(b"/", b"") + b"_"
    describe({path: File(b"", mode=mode, modified_ns=modified, changed_ns=changed)})
