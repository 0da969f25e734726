from pathlib import Path

from tests.unit.facts.rpm_samples import make_database, make_header
from tests.unit.facts.tree import Shut, guest_with

from imgkit.facts.owners import find_owners

APK = "P:busybox\nV:1\nF:bin\nR:bbsuid\nZ:Q1\nF:\nR:top\n\nP:other\nF:usr/bin\nR:else\n"


def test_dpkg_lists_tell_the_package_also_where_usr_was_merged():
    files = {"/var/lib/dpkg/info/login.list": "/.\n/bin\n/bin/su\n", "/var/lib/dpkg/info/sudo.list": "/usr/bin/sudo\n"}
    owners, notes = find_owners(guest_with(files), [b"/usr/bin/su", b"/usr/bin/sudo", b"/usr/bin/evil"])
    assert (owners, notes) == ({b"/usr/bin/su": "login", b"/usr/bin/sudo": "sudo"}, ())


def test_apk_tells_the_folder_apart_from_the_file():
    owners, _ = find_owners(guest_with({"/lib/apk/db/installed": APK}), [b"/bin/bbsuid", b"/top", b"/usr/bin/bbsuid"])
    assert owners == {b"/bin/bbsuid": "busybox", b"/top": "busybox", b"/usr/bin/bbsuid": "busybox"}


def test_rpm_headers_name_their_files(tmp_path: Path):
    header = make_header(
        name="sudo", base_names=["sudo", "sudoedit"], folder_names=["/usr/bin/"], folder_indexes=[0, 0]
    )
    guest = guest_with({"/var/lib/rpm/rpmdb.sqlite": make_database(tmp_path, [header, make_header(name="x")])})
    assert find_owners(guest, [b"/usr/bin/sudo", b"/usr/sbin/sudo"])[0] == {b"/usr/bin/sudo": "sudo"}


def test_a_damaged_database_is_said_and_is_no_owner():
    owners, notes = find_owners(guest_with({"/var/lib/rpm/rpmdb.sqlite": b"garbage"}), [b"/x"])
    assert owners == {}
    assert "not known of all" in notes[0]


def test_nothing_is_read_where_nothing_is_asked():
    assert find_owners(guest_with({"/var/lib/dpkg/info": Shut()}), []) == ({}, ())
