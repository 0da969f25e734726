import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.facts.tree import File, Link, Shut, guest_with

from imgkit.errors import CannotLookInside
from imgkit.facts import dpkg
from imgkit.facts.dpkg import read_dpkg
from imgkit.model.fact import FactState

STATUS = """Package: openssl
Status: install ok installed
Priority: optional
Architecture: amd64
Source: openssl (3.0.11-1)
Version: 1:3.0.11-1~deb12u2
Conffiles:
 /etc/ssl/openssl.cnf 5d53e9b5
Description: toolkit
 Version: 9 is not a field but a line of the description
 .
 Package: neither is this

Package: adduser
Status: deinstall ok config-files
Architecture: all
Version: 3.134
Maintainer: Debian
"""


def packages(text: str | bytes):
    found = read_dpkg(guest_with({"/var/lib/dpkg/status": text})).value
    assert found is not None
    return {package.name: package for package in found}


def test_packages_are_listed_in_the_order_of_names():
    assert list(packages(STATUS)) == ["adduser", "openssl"]


def test_a_package_has_its_version_whole_with_architecture_and_source():
    found = packages(STATUS)["openssl"]
    assert (found.version, found.architecture, found.source) == ("1:3.0.11-1~deb12u2", "amd64", "openssl (3.0.11-1)")
    assert (found.status, found.installed) == ("install ok installed", True)


def test_a_removed_package_is_there_and_not_installed():
    found = packages(STATUS)["adduser"]
    assert (found.installed, found.source, found.vendor) == (False, "adduser", "Debian")


def test_a_package_that_was_only_wanted_is_not_listed():
    assert list(packages(STATUS + "\nPackage: wanted\nStatus: install ok not-installed\n")) == ["adduser", "openssl"]


def test_an_empty_database_holds_no_packages_and_no_database_is_absent():
    assert packages("") == {}
    assert read_dpkg(guest_with({})).state is FactState.ABSENT


def test_a_database_that_cannot_be_read_is_not_empty():
    with pytest.raises(CannotLookInside):
        read_dpkg(guest_with({"/var/lib/dpkg/status": Shut()}))


def test_an_entry_without_a_name_makes_the_list_partial():
    fact = read_dpkg(guest_with({"/var/lib/dpkg/status": "Package: a\nVersion: 1\n\nVersion: 2\n"}))
    assert (fact.partial, fact.notes) == (True, ("1 of its entries name no package",))


def test_of_a_field_that_is_there_twice_the_first_holds():
    assert packages("Package: a\nVersion: 1\nVersion: 2\n")["a"].version == "1"


def test_the_status_folder_of_images_made_without_dpkg_is_read():
    files = {
        "/var/lib/dpkg/status.d/base": "Package: base-files\nVersion: 12\n",
        "/var/lib/dpkg/status.d/base.md5sums": "d41d8cd9  etc/x\n",
        "/var/lib/dpkg/status.d/gone": Link(b"/nowhere"),
    }
    fact = read_dpkg(guest_with(files))
    assert fact.value is not None
    assert [(one.name, one.installed) for one in fact.value] == [("base-files", True)]


def test_the_database_is_named_as_the_source():
    (source,) = read_dpkg(guest_with({"/var/lib/dpkg/status": STATUS})).sources
    assert (source.path, source.size) == (b"/var/lib/dpkg/status", len(STATUS))


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_are_borne(data):
    read_dpkg(guest_with({"/var/lib/dpkg/status": b"Package: " + data}))


def test_the_time_of_installation_is_that_of_the_list_of_files():
    status = "Package: a\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n"
    status += status.replace("Package: a", "Package: b")
    files = {
        "/var/lib/dpkg/status": status,
        "/var/lib/dpkg/info/a:amd64.list": File(b"", modified_ns=10**18),
        "/var/lib/dpkg/info/b.list": File(b"", modified_ns=2 * 10**18),
    }
    found = read_dpkg(guest_with(files)).value
    assert [one.installed_at.year for one in found] == [2001, 2033]


def test_packages_without_end_are_cut_and_say_so(monkeypatch):
    monkeypatch.setattr(dpkg, "MOST_PACKAGES", 3)
    fact = read_dpkg(guest_with({"/var/lib/dpkg/status": "Package: a\nVersion: 1\n\n" * 9}))
    assert (len(fact.value or ()), fact.partial, fact.notes[0]) == (3, True, "only the first 3 packages are given")


def test_held_and_broken_packages_are_named():
    states = {"kept": "hold ok installed", "half": "install ok half-configured", "sick": "install reinstreq installed"}
    status = "".join(f"Package: {name}\nStatus: {state}\nVersion: 1\n\n" for name, state in states.items())
    assert read_dpkg(guest_with({"/var/lib/dpkg/status": status})).notes == (
        "1 packages are held: kept",
        "2 packages are broken or half-installed: half, sick",
    )
