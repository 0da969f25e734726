from pathlib import Path

import pytest
from tests.unit.facts.rpm_samples import make_database

from imgkit.facts.rpm_database import BadDatabase
from imgkit.facts.rpm_sqlite import sqlite_blobs


def test_blobs_come_in_the_order_of_their_numbers(tmp_path: Path):
    copy = tmp_path / "copy"
    copy.write_bytes(make_database(tmp_path, [b"b", b"a"]))
    assert list(sqlite_blobs(copy, replay=False)) == [b"b", b"a"]


def test_sqlites_own_errors_become_ours(tmp_path: Path):
    copy = tmp_path / "copy"
    copy.write_bytes(b"SQLite format 3\0" + bytes(4096))
    with pytest.raises(BadDatabase):
        list(sqlite_blobs(copy, replay=False))
