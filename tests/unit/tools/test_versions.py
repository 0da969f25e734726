"""Tests of tools/versions.py."""

import sys
from pathlib import Path

import pytest

from imgkit.process import programs_started, run
from imgkit.tools.versions import parse_version, version_of, versions_of_started


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("qemu-img version 7.2.22 (Debian 1:7.2+dfsg-7)", "7.2.22"),
        ("OpenSSH_9.2p1 Debian-2+deb12u6, OpenSSL 3.0.19", "9.2p1"),
        ("minisign 0.11", "0.11"),
        ("ewfacquirestream 20140813", "20140813"),
        ("no number here", "unknown"),
    ],
)
def test_the_first_number_is_the_version(said: str, version: str):
    assert parse_version(said) == version


def test_a_program_that_is_gone_has_no_known_version(tmp_path: Path):
    assert version_of(tmp_path / "gone") == "unknown"


def test_every_program_that_was_started_is_named_with_its_version():
    run([sys.executable, "-c", ""])
    assert Path(sys.executable) in programs_started()
    assert dict(versions_of_started())[Path(sys.executable).name] == sys.version.split()[0]
