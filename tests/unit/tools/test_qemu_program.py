"""How programs of QEMU's family are started."""

import json
from pathlib import Path

import pytest

from imgkit.errors import ToolFailed, ToolMissing, ToolTooOld
from imgkit.process import Completed
from imgkit.tools import qemu_program
from imgkit.tools.qemu_program import json_name, parse_version, require, tied_to_us, version_of


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("qemu-img version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)\nCopyright", "7.2.22"),
        ("qemu-nbd 8.2.2 (Debian 1:8.2.2+ds-0ubuntu1)", "8.2.2"),
        ("qemu-img version 9.0.0-rc1", "9.0.0"),
        ("qemu-img version 10.1", "10.1"),
    ],
)
def test_reads_versions(said: str, expected: str) -> None:
    assert parse_version(said) == expected


def test_a_program_without_version_is_not_believed() -> None:
    with pytest.raises(ToolFailed, match="version"):
        parse_version("hello")


@pytest.mark.parametrize(("version", "fits"), [("6.1.0", False), ("6.2", True), ("6.2.0", True), ("10.0.0", True)])
def test_the_minimum_version_holds(monkeypatch: pytest.MonkeyPatch, version: str, fits: bool) -> None:
    def told(*_: object, **__: object) -> Completed:
        return Completed(stdout=f"qemu-img version {version}".encode(), stderr_tail="")

    monkeypatch.setattr(qemu_program, "run", told)
    version_of.cache_clear()
    try:
        program = Path("/fake/qemu-img")
        if fits:
            assert version_of(program) == version
        else:
            with pytest.raises(ToolTooOld, match=r"6\.2 or later"):
                version_of(program)
    finally:
        version_of.cache_clear()


def test_a_missing_program_names_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolMissing) as missing:
        require("qemu-img")
    assert "qemu-utils" in missing.value.hint


def test_a_node_is_one_word_of_json() -> None:
    word = json_name({"driver": "qcow2", "backing": None, "file": {"driver": "file", "filename": "/a,b"}})
    assert json.loads(word.removeprefix("json:"))["backing"] is None


def test_the_program_dies_with_us_where_that_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    assert tied_to_us(["qemu-nbd"]) == ["/usr/bin/setpriv", "--pdeathsig", "KILL", "--", "qemu-nbd"]
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert tied_to_us(["qemu-nbd"]) == ["qemu-nbd"]
