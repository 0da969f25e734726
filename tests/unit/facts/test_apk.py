from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.facts.tree import guest_with

from imgkit.facts.apk import read_apk
from imgkit.model.fact import FactState

INSTALLED = """C:Q1xyz=
P:musl
V:1.2.4-r2
A:x86_64
o:musl
m:Natanael Copa
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755

P:busybox
V:1.36.1-r5
A:x86_64
"""


def test_packages_are_listed_with_what_the_database_says():
    fact = read_apk(guest_with({"/lib/apk/db/installed": INSTALLED}))
    assert fact.value is not None
    assert [one.name for one in fact.value] == ["busybox", "musl"]
    musl = fact.value[1]
    assert (musl.version, musl.architecture, musl.source, musl.vendor) == (
        "1.2.4-r2",
        "x86_64",
        "musl",
        "Natanael Copa",
    )


def test_the_newer_place_is_found():
    assert read_apk(guest_with({"/usr/lib/apk/db/installed": INSTALLED})).state is FactState.PRESENT


def test_an_empty_database_is_present_and_none_is_absent():
    assert read_apk(guest_with({"/lib/apk/db/installed": ""})).value == ()
    assert read_apk(guest_with({})).state is FactState.ABSENT


def test_a_record_without_a_name_makes_the_list_partial():
    fact = read_apk(guest_with({"/lib/apk/db/installed": "V:1\n\nP:a\nV:1\n"}))
    assert fact.value is not None
    assert (len(fact.value), fact.partial) == (1, True)


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_are_borne(data):
    read_apk(guest_with({"/lib/apk/db/installed": b"P:" + data}))
