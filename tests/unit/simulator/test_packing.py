"""The command that archives a disk, and copying one; the archives themselves are looked at in integration."""

from pathlib import Path
from threading import Event

import pytest

from imgkit.simulator.object_store import ObjectStore
from imgkit.simulator.packing import Cancelled, copy, tar_command


def test_tar_is_told_the_name_of_the_member():
    command = tar_command(Path("/usr/bin/tar"), Path("/disks/system.raw"), "m-1_system.raw", sparse=True)
    assert "--sparse" in command
    assert command[-4:] == ["--transform=s|.*|m-1_system.raw|", "--directory=/disks", "--", "system.raw"]
    assert "--sparse" not in tar_command(Path("tar"), Path("/d/x"), "y", sparse=False)


def test_a_disk_is_copied_and_the_share_told(tmp_path):
    store = ObjectStore(tmp_path)
    store.add_bucket("b")
    (tmp_path / "disk").write_bytes(bytes(3 << 20))
    shares: list[float] = []
    with store.incoming("b") as out:
        copy(tmp_path / "disk", out, cancelled=Event(), advance=shares.append)
        assert out.size == 3 << 20
    assert shares == [1 / 3, 2 / 3, 1.0]


def test_a_copy_stops_when_it_is_cancelled(tmp_path):
    store = ObjectStore(tmp_path)
    store.add_bucket("b")
    (tmp_path / "disk").write_bytes(b"x")
    cancelled = Event()
    cancelled.set()
    with store.incoming("b") as out, pytest.raises(Cancelled):
        copy(tmp_path / "disk", out, cancelled=cancelled, advance=lambda _: None)
