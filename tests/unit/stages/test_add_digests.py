"""Tests of stages/add_digests.py."""

import hashlib
from pathlib import Path

import pytest
from tests.unit.cli.sets import cloud, fetched
from tests.unit.stages.signed_sets import WHEN, WHO

from imgkit.errors import Differs
from imgkit.evidence.image_set import ImageSet, open_image_set, read_manifest
from imgkit.evidence.sums import read_sums
from imgkit.model.manifest import FileRecord
from imgkit.stages.add_digests import OlderDigest, add_digests


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fetched(tmp_path / "set", cloud(tmp_path / "home"))


def _add(folder: Path, *wanted: OlderDigest) -> tuple[FileRecord, ...]:
    manifest = read_manifest(folder)
    assert manifest is not None
    with open_image_set(folder, manifest.source, custodian=WHO, now=lambda: WHEN) as image_set:
        assert isinstance(image_set, ImageSet)
        return add_digests(image_set, wanted)


def test_every_file_of_the_set_is_listed_with_the_digest_that_its_own_program_finds(folder: Path):
    files = _add(folder, OlderDigest.MD5, OlderDigest.SHA1)
    for name in ("md5", "sha1"):
        kind = f"{name.upper()}SUMS"
        listed = {file: digest for digest, file in read_sums(folder / kind, kind=kind)}
        assert set(listed) == {each.path.as_posix() for each in files}
        assert all(
            digest == hashlib.new(name, (folder / file).read_bytes()).hexdigest() for file, digest in listed.items()
        )


def test_the_record_has_them_and_the_step(folder: Path):
    _add(folder, OlderDigest.MD5)
    manifest = read_manifest(folder)
    assert manifest is not None
    assert all(each.md5 and not each.sha1 for each in manifest.files())
    assert (manifest.steps[-1].step, manifest.steps[-1].arguments) == ("hash", ("md5",))
    assert not (folder / "SHA1SUMS").exists()


def test_one_kind_after_the_other_keeps_both(folder: Path):
    _add(folder, OlderDigest.MD5)
    _add(folder, OlderDigest.SHA1)
    assert {each.name for each in folder.glob("*SUMS")} == {"SHA256SUMS", "SHA1SUMS", "MD5SUMS"}


@pytest.mark.parametrize("breaking", ["change", "remove"])
def test_a_file_that_is_not_as_recorded_gets_no_digest_at_all(folder: Path, breaking: str):
    if breaking == "change":
        with (folder / "system.raw").open("r+b") as disk:
            disk.write(b"x")
    else:
        (folder / "system.raw").unlink()
    with pytest.raises(Differs, match="not as it is in the record"):
        _add(folder, OlderDigest.MD5)
    assert not (folder / "MD5SUMS").exists()
