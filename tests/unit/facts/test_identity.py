import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.facts.tree import Link, guest_with

from imgkit.facts.identity import read_hostname, read_locale, read_machine_id, read_timezone
from imgkit.model.fact import FactState
from imgkit.model.identity import Timezone

MACHINE_ID = "0123456789abcdef0123456789abcdef"
SHANGHAI = b"TZif2" + bytes(100) + b"\nCST-8\n"


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"/etc/hostname": "web-1\n"}, "web-1"),
        ({"/etc/hostname": "# set by the installer\n\nweb-2"}, "web-2"),
        ({"/etc/HOSTNAME": "suse.example.org\n"}, "suse.example.org"),
        ({"/etc/sysconfig/network": "NETWORKING=yes\nHOSTNAME=centos6\n"}, "centos6"),
    ],
)
def test_the_host_name_is_where_each_family_keeps_it(files, name):
    assert read_hostname(guest_with(files)).value == name


@pytest.mark.parametrize("files", [{}, {"/etc/hostname": "\n"}, {"/etc/sysconfig/network": "NETWORKING=yes\n"}])
def test_no_host_name_is_absent(files):
    assert read_hostname(guest_with(files)).state is FactState.ABSENT


def test_a_machine_id_is_read():
    fact = read_machine_id(guest_with({"/etc/machine-id": f"{MACHINE_ID}\n"}))
    assert fact.value == MACHINE_ID
    assert fact.sources[0].path == b"/etc/machine-id"


@pytest.mark.parametrize("content", ["", "\n", "uninitialized\n"])
def test_a_machine_id_that_is_yet_to_be_made_is_absent(content):
    assert read_machine_id(guest_with({"/etc/machine-id": content})).state is FactState.ABSENT


def test_garbage_is_no_machine_id():
    assert read_machine_id(guest_with({"/etc/machine-id": "zz"})).state is FactState.UNDETERMINED


@pytest.mark.parametrize(
    ("files", "zone"),
    [
        (
            {
                "/etc/localtime": Link(b"../usr/share/zoneinfo/Asia/Shanghai"),
                "/usr/share/zoneinfo/Asia/Shanghai": SHANGHAI,
            },
            Timezone(name="Asia/Shanghai", rule="CST-8"),
        ),
        ({"/etc/localtime": Link(b"/usr/share/zoneinfo/Etc/UTC")}, Timezone(name="Etc/UTC")),
        (
            {"/etc/localtime": SHANGHAI, "/etc/timezone": "Asia/Shanghai\n"},
            Timezone(name="Asia/Shanghai", rule="CST-8"),
        ),
        ({"/etc/localtime": SHANGHAI}, Timezone(rule="CST-8")),
        ({"/etc/localtime": Link(b"/etc/zone"), "/etc/timezone": "Asia/Tokyo\n"}, Timezone(name="Asia/Tokyo")),
        ({"/etc/sysconfig/clock": 'ZONE="Asia/Shanghai"\n'}, Timezone(name="Asia/Shanghai")),
    ],
)
def test_the_time_zone_is_found_by_link_by_name_and_by_rule(files, zone):
    assert read_timezone(guest_with(files)).value == zone


def test_no_time_zone_is_absent():
    assert read_timezone(guest_with({})).state is FactState.ABSENT


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/etc/locale.conf", 'LANG="zh_CN.UTF-8"'),
        ("/etc/default/locale", "LANG=zh_CN.UTF-8"),
        ("/etc/sysconfig/language", 'RC_LANG="zh_CN.UTF-8"'),
    ],
)
def test_the_locale_is_where_each_family_keeps_it(path, line):
    assert read_locale(guest_with({path: line + "\n"})).value == "zh_CN.UTF-8"


def test_no_locale_is_absent():
    assert read_locale(guest_with({})).state is FactState.ABSENT
    assert read_locale(guest_with({"/etc/locale.conf": "LC_TIME=C\n"})).state is FactState.ABSENT


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_are_borne(data):
    for collector in (read_hostname, read_machine_id, read_timezone, read_locale):
        for path in ("/etc/hostname", "/etc/machine-id", "/etc/localtime", "/etc/timezone", "/etc/locale.conf"):
            collector(guest_with({path: data}))
