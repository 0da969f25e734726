import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.render.sample_report import HOSTILE, make_report

from imgkit.model.contents import FoundFile
from imgkit.model.fact import Fact
from imgkit.render.report_json import parse_report, report_bytes, report_document


def test_what_was_written_reads_back_and_writes_the_same_bytes():
    first = report_bytes(make_report())
    assert report_bytes(parse_report(first)) == first


def test_bytes_and_times_and_roles_come_back_exactly():
    again = parse_report(report_bytes(make_report()))
    assert again.data_disks == make_report().data_disks
    assert again.storage == make_report().storage
    assert again.missing_disks == make_report().missing_disks
    assert again.systems[0].packages == make_report().systems[0].packages


def test_the_form_is_canonical():
    data = report_bytes(make_report())
    assert data.endswith(b"}\n")
    assert "阿里云".encode() in data
    document = json.loads(data)
    assert list(document) == sorted(document)
    assert document["schema"] == "imgkit/inspect/1"
    assert document["complete"] is False


def test_nothing_from_a_disk_stays_dangerous():
    text = report_bytes(make_report()).decode()
    assert not any(ord(sign) < 32 and sign != "\n" for sign in text)
    assert not set("\x1b\x7f\x9b\u202e\u2066") & set(text)
    document = report_document(make_report())
    assert document["systems"][0]["identity"]["hostname"]["value"] == "a\\x1b[2Jb\\u202ec\\x0a\\xffd"


@pytest.mark.parametrize(
    "sign", ["\0", "\x07", "\t", "\n", "\x7f", "\x85", "\x9b", "\u061c", "\u200f", "\u2028", "\u2069", "\udc80"]
)
def test_every_sign_that_could_do_harm_is_escaped(sign):
    report = make_report()
    system = replace(
        report.systems[0], identity=replace(report.systems[0].identity, hostname=Fact.present(f"a{sign}b", sources=()))
    )
    shown = report_document(replace(report, systems=(system,)))["systems"][0]["identity"]["hostname"]["value"]
    assert sign not in shown
    assert shown.startswith("a\\")
    assert shown.endswith("b")


def test_a_name_that_text_cannot_hold_stands_beside_in_base64():
    (top,) = report_document(make_report())["data_disks"][1]["file_systems"][0]["contents"]["value"]["top"]
    assert (top["name"], top["name_b64"]) == ("back\\xffup", "YmFja/91cA==")


def test_a_name_that_is_plain_text_has_no_base64():
    user = report_document(make_report())["systems"][0]["accounts"]["users"]["value"][0]
    assert user["shell"] == "/bin/bash"
    assert "shell_b64" not in user


def test_absent_and_undetermined_and_empty_never_look_the_same():
    report = make_report()
    system = report.systems[0]
    empty = replace(system.packages, dpkg=Fact.present((), sources=()))
    packages = report_document(replace(report, systems=(replace(system, packages=empty),)))["systems"][0]["packages"]
    assert (packages["dpkg"]["state"], packages["dpkg"]["value"]) == ("present", [])
    assert (packages["apk"]["state"], packages["apk"]["value"]) == ("undetermined", None)
    assert report_document(report)["systems"][0]["packages"]["dpkg"]["state"] == "absent"


@settings(deadline=None)
@given(st.binary())
def test_any_name_survives(path):
    report = make_report()
    disk = report.data_disks[1]
    contents = disk.file_systems[0].contents.value
    assert contents is not None
    changed = replace(contents, largest=(FoundFile(path=path, size=1, modified=None),))
    file_system = replace(disk.file_systems[0], contents=Fact.present(changed, sources=()))
    report = replace(report, data_disks=(replace(disk, file_systems=(file_system,)),))
    assert parse_report(report_bytes(report)).data_disks == report.data_disks


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{}", b'{"schema": "imgkit/inspect/2"}', b'{"schema": "imgkit/inspect/1"}', b"[" * 100_000, b"\xff"],
)
def test_what_is_no_report_is_refused(data):
    with pytest.raises(ValueError, match=r".+"):
        parse_report(data)


def test_a_report_of_an_earlier_build_lacks_what_came_since_and_reads_all_the_same():
    report = make_report()
    document = json.loads(report_bytes(report))
    sources = document["systems"][0]["identity"]["os"]["sources"]
    assert [one.pop("sparse") for one in sources]
    assert report_bytes(parse_report(json.dumps(document).encode())) == report_bytes(report)
    del sources[0]["sha256"]
    with pytest.raises(ValueError, match="malformed"):
        parse_report(json.dumps(document).encode())


def test_a_value_of_the_wrong_kind_is_refused():
    document = report_document(make_report())
    document["storage"]["disks"][0]["size_bytes"] = "many"
    with pytest.raises(ValueError, match="malformed"):
        parse_report(json.dumps(document).encode())


def test_the_hostile_text_is_hostile():
    assert "\x1b" in HOSTILE
