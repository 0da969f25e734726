"""Tests of evidence/measuring.py."""

import hashlib

import pytest

from imgkit.digests import crc64
from imgkit.evidence.measuring import measure_file
from imgkit.units import MiB


def test_size_and_both_digests_are_taken(tmp_path):
    content = bytes(range(256)) * 20000 + b"tail"
    assert len(content) > 4 * MiB
    (tmp_path / "file").write_bytes(content)
    measured = measure_file(tmp_path / "file")
    assert (measured.size, measured.sha256, measured.crc64) == (
        len(content),
        hashlib.sha256(content).hexdigest(),
        crc64(content),
    )


def test_a_missing_file_raises(tmp_path):
    with pytest.raises(FileNotFoundError):
        measure_file(tmp_path / "none")


def test_other_digests_are_taken_in_the_same_reading(tmp_path):
    content = bytes(range(256)) * 40000
    (tmp_path / "file").write_bytes(content)
    measured = measure_file(tmp_path / "file", also=("md5", "sha1"))
    assert measured.also == {name: hashlib.new(name, content).hexdigest() for name in ("md5", "sha1")}
    assert (measured.sha256, measured.crc64) == (hashlib.sha256(content).hexdigest(), crc64(content))
