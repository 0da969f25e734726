"""Tests of evidence/bags.py."""

import hashlib
from pathlib import Path

import bagit
import pytest

from imgkit.errors import Differs
from imgkit.evidence.bags import validate, write_tags

INFO = {"Contact-Name": "Ada\nEve: X", "Payload-Oxum": "3.2"}


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    made = tmp_path / "bag"
    (made / "data" / "set").mkdir(parents=True)
    payload = {"set/a": b"1", "set/ü b": b"22"}
    write_tags(made, [(name, hashlib.sha256(text).hexdigest()) for name, text in payload.items()], INFO)
    for name, text in payload.items():
        (made / "data" / name).write_bytes(text)
    return made


def test_bagits_own_validator_holds_it(bag: Path):
    assert bagit.Bag(str(bag)).validate()
    validate(bag, read_all=True)
    validate(bag, read_all=False)


def test_a_line_end_in_a_value_makes_no_line(bag: Path):
    assert "Contact-Name: AdaEve: X\n" in (bag / "bag-info.txt").read_text()


def test_the_folder_where_the_user_stands_stays(bag: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(bag.parent)
    with pytest.raises(OSError, match="No such"):
        write_tags(Path("nowhere"), [], {})
    assert Path.cwd() == bag.parent


def test_a_changed_byte_shows_when_all_is_read(bag: Path):
    (bag / "data" / "set" / "a").write_bytes(b"2")
    validate(bag, read_all=False)
    with pytest.raises(Differs, match="set/a"):
        validate(bag, read_all=True)


@pytest.mark.parametrize("breaking", ["remove", "add", "grow"])
def test_names_and_sizes_are_held_in_any_case(bag: Path, breaking: str):
    path = bag / "data" / "set" / {"remove": "a", "add": "new", "grow": "a"}[breaking]
    path.unlink() if breaking == "remove" else path.write_bytes(b"more than before")
    with pytest.raises(Differs, match="bagit does not hold"):
        validate(bag, read_all=False)
