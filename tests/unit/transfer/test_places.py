"""Where files lie."""

from pathlib import Path

import pytest

from imgkit.errors import NotAccessible
from imgkit.transfer.places import Places


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(target=tmp_path / "objects" / "disk.gz", workspace=tmp_path / ".imgkit")


def test_what_is_unfinished_lies_in_the_workspace(places: Places) -> None:
    names = [path.name for path in (places.partial, places.journal, places.lock)]
    assert names == ["disk.gz.part", "disk.gz.journal", "disk.gz.lock"]
    assert {path.parent for path in (places.partial, places.journal, places.lock)} == {places.workspace}
    assert places.parts == places.target.parent / "disk.gz.parts.json"


def test_forgetting_leaves_nothing_unfinished(places: Places) -> None:
    places.make_folders()
    places.partial.write_bytes(b"x")
    places.journal.write_bytes(b"x")
    places.forget_unfinished()
    places.forget_unfinished()
    assert list(places.workspace.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotAccessible, match="cannot make the folder"):
        Places(target=tmp_path / "x", workspace=tmp_path / "file" / "inside").make_folders()
