"""Tests of evidence/whereabouts.py."""

from pathlib import Path

import pytest

from imgkit.errors import NotAccessible
from imgkit.evidence.whereabouts import bag_of, refuse_bag


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "bag" / "data" / "set"
    made.mkdir(parents=True)
    return made


def test_only_a_payload_beside_a_bags_mark_is_a_bag(folder: Path):
    assert bag_of(folder) is None
    (folder.parents[1] / "bagit.txt").touch()
    assert bag_of(folder) == folder.parents[1].resolve()
    assert bag_of(folder.parent) == folder.parents[1].resolve()


def test_a_set_in_a_bag_is_refused_with_the_way_out(folder: Path):
    refuse_bag(folder)
    (folder.parents[1] / "bagit.txt").touch()
    with pytest.raises(NotAccessible, match="no longer be valid") as refused:
        refuse_bag(folder)
    assert "out of the bag" in refused.value.hint
