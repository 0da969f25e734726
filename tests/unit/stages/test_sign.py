"""Tests of stages/sign.py."""

import hashlib
import json
from pathlib import Path

import pytest
from tests.unit.cli.sets import cloud, fetched
from tests.unit.stages.signed_sets import WHEN, WHO, signed, stamp

from imgkit.errors import AlreadyAtWork, Differs, NotAccessible, SettingsError, TransferError
from imgkit.evidence.custody import read_custody
from imgkit.files.lock import exclusive_lock
from imgkit.stages.sign import SigningWish, sign_set


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fetched(tmp_path / "set", cloud(tmp_path / "home"))


def _names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def test_the_statement_names_manifest_sums_and_the_head_of_custody(folder: Path):
    head = read_custody(folder / "custody.jsonl").head
    done = signed(folder)
    told = json.loads(done.path.read_bytes())
    assert told["manifest"]["sha256"] == hashlib.sha256((folder / "imgkit.json").read_bytes()).hexdigest()
    assert told["sums"]["sha256"] == hashlib.sha256((folder / "SHA256SUMS").read_bytes()).hexdigest()
    assert told["custody"] == {"lines": head.lines, "sha256": head.sha256}
    assert (told["examiner"], told["case"], told["schema"]) == ("Ada", "C", "imgkit/statement/1")


def test_custody_names_what_was_made_with_its_digest_after_the_head_that_is_signed(folder: Path):
    done = signed(folder)
    custody = read_custody(folder / "custody.jsonl")
    assert (custody.events[-1], custody.head.lines) == ("sign", done.statement.custody.lines + 1)
    made = custody.subjects[-1]["made"]
    assert made == {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in made}
    assert set(made) == {"imgkit.json.signed-1", "imgkit.json.signed-1.tsr"}


def test_neither_manifest_nor_sums_are_written(folder: Path):
    before = [(folder / name).read_bytes() for name in ("imgkit.json", "SHA256SUMS")]
    signed(folder)
    assert [(folder / name).read_bytes() for name in ("imgkit.json", "SHA256SUMS")] == before


def test_signing_again_goes_beside_and_takes_no_number_twice(folder: Path):
    first, second = signed(folder).path, signed(folder).path
    assert (first.name, second.name) == ("imgkit.json.signed-1", "imgkit.json.signed-2")
    second.unlink()
    assert signed(folder).path.name == "imgkit.json.signed-3"


def test_where_a_signature_is_not_made_nothing_is_left(folder: Path):
    def refused(_: bytes) -> bytes:
        raise TransferError("no server")

    before, lines = _names(folder), (folder / "custody.jsonl").read_bytes()
    with pytest.raises(TransferError):
        sign_set(folder, SigningWish(stamp=refused), custodian=WHO, now=lambda: WHEN)
    assert (_names(folder), (folder / "custody.jsonl").read_bytes()) == (before, lines)


CHANGES = {
    "imgkit.json": ('"imgkit_version": "', '"imgkit_version": "9'),
    "custody.jsonl": ('"begin"', '"began"'),
    "SHA256SUMS": ("a", "b"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_record_that_does_not_hold_is_not_signed(folder: Path, name: str):
    (folder / name).write_text((folder / name).read_text().replace(*CHANGES[name], 1))
    with pytest.raises(Differs, match="is not signed"):
        signed(folder)
    assert not list(folder.glob("*.signed-*"))


def test_a_torn_end_of_custody_is_not_signed(folder: Path):
    with (folder / "custody.jsonl").open("ab") as custody:
        custody.write(b'{"line"')
    with pytest.raises(Differs, match="no end"):
        signed(folder)


def test_a_set_that_another_run_writes_is_not_signed(folder: Path):
    with exclusive_lock(folder / ".imgkit" / "lock", what="it"), pytest.raises(AlreadyAtWork):
        signed(folder)


def test_a_folder_that_is_no_set_is_refused(tmp_path: Path):
    with pytest.raises(SettingsError, match="no image set"):
        signed(tmp_path)


def test_a_set_in_a_bag_is_not_signed(folder: Path, tmp_path: Path):
    payload = tmp_path / "bag" / "data"
    payload.mkdir(parents=True)
    (payload.parent / "bagit.txt").touch()
    with pytest.raises(NotAccessible, match="lies in the bag"):
        signed(folder.rename(payload / "set"))


def test_what_is_stamped_is_the_statement(folder: Path):
    done = signed(folder)
    ((_, path),) = done.signatures
    assert path.read_bytes() == stamp(done.path.read_bytes())


def test_a_set_that_may_not_be_written_is_refused_with_a_way_out(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def refused(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("imgkit.stages.sign.exclusive_lock", refused)
    with pytest.raises(NotAccessible, match="may not be written") as told:
        signed(folder)
    assert "Sign a copy" in told.value.hint
