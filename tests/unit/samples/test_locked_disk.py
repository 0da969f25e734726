"""Tests of samples/locked_disk.py; what a kernel makes of it is held in tests/integration/test_engines_agree.py."""

from pathlib import Path

import pytest

from imgkit.samples import locked_disk
from imgkit.samples.locked_disk import LOCKED_NAMES, locked_work


def test_the_policy_is_set_before_anything_is_written_into_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made: list[Path] = []
    monkeypatch.setattr(locked_disk, "make_empty", lambda target, kind: made.append(target))
    work = locked_work(tmp_path / "locked.raw")
    lines = list(work.lines(["/dev/sdx"]))
    policy = next(at for at, line in enumerate(lines) if "e4crypt add_key" in line)
    written = [at for at, line in enumerate(lines) if "> locked/" in line]
    assert made == [tmp_path / "locked.raw"] == list(work.disks)
    assert "/dev/sdx" in lines[0]
    assert len(written) >= len(LOCKED_NAMES)
    assert policy < min(written)
    assert lines[-1].endswith("umount /run/locked")
