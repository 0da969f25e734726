import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.facts.tree import Link, Shut, guest_with

from imgkit.errors import CannotLookInside
from imgkit.facts.os_release import read_operating_system, unquote
from imgkit.model.fact import FactState

ALINUX_3 = """NAME="Alibaba Cloud Linux"
VERSION="3 (OpenAnolis Edition)"
ID="alinux"
ID_LIKE="rhel fedora centos anolis"
VERSION_ID="3"
VARIANT="OpenAnolis Edition"
VARIANT_ID="openanolis"
ALINUX_MINOR_ID="2104"
ALINUX_UPDATE_ID="10"
PLATFORM_ID="platform:al8"
PRETTY_NAME="Alibaba Cloud Linux 3.2104 U10 (OpenAnolis Edition)"
"""
CASES = {
    "alinux 3": ({"/etc/os-release": ALINUX_3}, "Alibaba Cloud Linux", "3.2104 U10", "redhat"),
    "alinux 2": (
        {
            "/etc/os-release": 'NAME="Alibaba Cloud Linux (Aliyun Linux)"\nID="alinux"\nVERSION_ID="2.1903"\n',
            "/etc/redhat-release": "Alibaba Cloud Linux (Aliyun Linux) release 2.1903 LTS (Hunting Beagle)\n",
        },
        "Alibaba Cloud Linux (Aliyun Linux)",
        "2.1903",
        "redhat",
    ),
    "anolis": ({"/etc/os-release": 'NAME="Anolis OS"\nID="anolis"\nVERSION_ID="8.8"\n'}, "Anolis OS", "8.8", "redhat"),
    "centos 7": (
        {
            "/etc/os-release": 'NAME="CentOS Linux"\nID="centos"\nVERSION_ID="7"\n',
            "/etc/centos-release": "CentOS Linux release 7.9.2009 (Core)\n",
        },
        "CentOS Linux",
        "7.9.2009",
        "redhat",
    ),
    "centos 6": ({"/etc/centos-release": "CentOS release 6.10 (Final)\n"}, "CentOS", "6.10", "redhat"),
    "debian": (
        {"/etc/os-release": 'NAME="Debian GNU/Linux"\nID=debian\nVERSION_ID="12"\n', "/etc/debian_version": "12.5\n"},
        "Debian GNU/Linux",
        "12.5",
        "debian",
    ),
    "debian without os-release": ({"/etc/debian_version": "6.0.10\n"}, "Debian GNU/Linux", "6.0.10", "debian"),
    "ubuntu": (
        {
            "/etc/os-release": 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID="22.04"\n'
            'VERSION="22.04.3 LTS (Jammy Jellyfish)"\n',
            "/etc/debian_version": "bookworm/sid\n",
        },
        "Ubuntu",
        "22.04.3",
        "debian",
    ),
    "suse": ({"/etc/os-release": 'NAME="SLES"\nID="sles"\nVERSION_ID="15.5"\n'}, "SLES", "15.5", "suse"),
    "openeuler": (
        {"/etc/os-release": 'NAME="openEuler"\nID="openEuler"\nVERSION_ID="22.03"\n'},
        "openEuler",
        "22.03",
        "openeuler",
    ),
    "openeuler with its service pack": (
        {
            "/etc/os-release": 'NAME="openEuler"\nVERSION="22.03 (LTS-SP3)"\nID="openEuler"\nVERSION_ID="22.03"\n',
            "/etc/openEuler-release": "openEuler release 22.03 (LTS-SP3)\n",
        },
        "openEuler",
        "22.03 LTS-SP3",
        "openeuler",
    ),
    "kylin": (
        {
            "/etc/os-release": 'NAME="Kylin Linux Advanced Server"\nVERSION="V10 (Lance)"\nID="kylin"\n'
            'VERSION_ID="V10"\n',
            "/etc/kylin-release": "Kylin Linux Advanced Server release V10 (Lance)\n",
        },
        "Kylin Linux Advanced Server",
        "V10",
        "openeuler",
    ),
    "kylin without os-release": (
        {"/etc/kylin-release": "Kylin Linux Advanced Server release V10 (Tercel)\n"},
        "Kylin Linux Advanced Server",
        "V10",
        "openeuler",
    ),
    "rhel": (
        {"/etc/os-release": 'NAME="Red Hat Enterprise Linux"\nID="rhel"\nVERSION_ID="8.9"\n'},
        "Red Hat Enterprise Linux",
        "8.9",
        "redhat",
    ),
    "rocky": (
        {"/etc/os-release": 'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel"\nVERSION_ID="9.3"\n'},
        "Rocky Linux",
        "9.3",
        "redhat",
    ),
    "leap": (
        {"/etc/os-release": 'NAME="openSUSE Leap"\nID="opensuse-leap"\nVERSION_ID="15.5"\n'},
        "openSUSE Leap",
        "15.5",
        "suse",
    ),
    "alpine": ({"/etc/alpine-release": "3.19.1\n"}, "Alpine Linux", "3.19.1", "alpine"),
    "a derivative": ({"/etc/os-release": 'NAME="KDE neon"\nID=neon\nID_LIKE="ubuntu"\n'}, "KDE neon", "", "debian"),
    "a name of its own": ({"/etc/os-release": "NAME=Euler\nID=openEuler\n"}, "Euler", "", "openeuler"),
    "another's number": (
        {"/etc/os-release": "NAME=X\nVERSION_ID=1\n", "/etc/redhat-release": "X release 10.2 (Y)\n"},
        "X",
        "1",
        "",
    ),
    "in /usr/lib": ({"/usr/lib/os-release": "NAME=Fedora\nID=fedora\n"}, "Fedora", "", "redhat"),
}


@pytest.mark.parametrize(("files", "name", "release", "family"), CASES.values(), ids=CASES)
def test_systems_are_known_by_their_own_names(files, name, release, family):
    fact = read_operating_system(guest_with(files))
    assert fact.value is not None
    assert (fact.value.name, fact.value.release, fact.value.family) == (name, release, family)


def test_alibabas_own_fields_and_all_others_are_kept():
    found = read_operating_system(guest_with({"/etc/os-release": ALINUX_3})).value
    assert found is not None
    assert (found.alinux_minor_id, found.alinux_update_id) == ("2104", "10")
    assert found.pretty_name == "Alibaba Cloud Linux 3.2104 U10 (OpenAnolis Edition)"
    assert {setting.name: setting.value for setting in found.fields}["PLATFORM_ID"] == "platform:al8"


def test_the_usual_link_is_followed():
    files = {"/etc/os-release": Link(b"../usr/lib/os-release"), "/usr/lib/os-release": "NAME=Debian\n"}
    fact = read_operating_system(guest_with(files))
    assert fact.value is not None
    assert fact.value.name == "Debian"


def test_without_any_file_there_is_no_system():
    assert read_operating_system(guest_with({})).state is FactState.ABSENT


def test_a_file_that_cannot_be_read_does_not_look_like_none():
    with pytest.raises(CannotLookInside):
        read_operating_system(guest_with({"/etc/os-release": Shut()}))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("plain", "plain"),
        ('"two words"', "two words"),
        ("'$HOME `id`'", "$HOME `id`"),
        (r"'a\b'", r"a\b"),
        (r'"a\$b"', "a$b"),
        (r'"a \"quoted\" \\ word"', 'a "quoted" \\ word'),
        ('"never closed', "never closed"),
        ("word # comment", "word"),
        ("end\\", "end"),
        ("", ""),
    ],
)
def test_quotes_are_undone_as_a_shell_does(written, meant):
    assert unquote(written) == meant


@settings(deadline=None)
@given(st.binary(), st.binary())
def test_any_bytes_are_borne(first, second):
    read_operating_system(guest_with({"/etc/os-release": first, "/etc/redhat-release": second}))
