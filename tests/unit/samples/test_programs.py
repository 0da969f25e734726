from pathlib import Path

import pytest

from imgkit.errors import ToolMissing
from imgkit.samples import programs
from imgkit.samples.programs import require_maker


def test_a_program_beside_the_path_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "mke2fs").touch()
    monkeypatch.setattr(programs, "find_program", lambda _: None)
    monkeypatch.setattr(programs, "_SYSTEM_FOLDERS", (str(tmp_path / "none"), str(tmp_path)))
    assert require_maker("mke2fs") == tmp_path / "mke2fs"


def test_a_missing_program_is_told_with_its_package(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(programs, "find_program", lambda _: None)
    monkeypatch.setattr(programs, "_SYSTEM_FOLDERS", ())
    with pytest.raises(ToolMissing, match=r"mkfs\.xfs") as caught:
        require_maker("mkfs.xfs")
    assert "xfsprogs" in caught.value.hint
