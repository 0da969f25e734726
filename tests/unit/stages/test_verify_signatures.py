"""Tests of stages/verify_signatures.py, with a judge that needs no program."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.cli.sets import cloud, fetched
from tests.unit.stages.signed_sets import JUDGES, KEY, WHEN, WHO, signed

from imgkit.errors import ToolMissing
from imgkit.evidence.custody import append_custody
from imgkit.evidence.image_set import open_image_set, read_manifest
from imgkit.model.checking import CheckResult, LinkOutcome
from imgkit.model.manifest import Outcome
from imgkit.model.signing import SignatureKind, SignatureVerdict, Signer
from imgkit.stages.verify_signatures import check_signatures

SERVER = Signer(kind=SignatureKind.TIMESTAMP, path=Path("ca.pem"), content=KEY)
OTHER = replace(SERVER, path=Path("other.pem"), content=b"another")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = fetched(tmp_path / "set", cloud(tmp_path / "home"))
    signed(made)
    return made


def _check(folder: Path, *signers: Signer) -> CheckResult:
    return check_signatures(folder, signers, JUDGES)


def _failed(result: CheckResult) -> set[str]:
    return {link.subject for link in result.of(Outcome.FAILED)}


def _signed_by(result: CheckResult) -> LinkOutcome:
    (link,) = [each for each in result.links if each.link.startswith("stamped under")]
    return link


def _write_again(folder: Path) -> None:
    manifest = read_manifest(folder)
    assert manifest is not None
    with open_image_set(folder, manifest.source, custodian=WHO, now=lambda: WHEN) as image_set:
        image_set.record("convert", replace(manifest, removed=("oss://b/k",)))


def test_a_good_signature_by_somebody_named_holds(folder: Path):
    result = _check(folder, SERVER)
    assert result.held
    assert _signed_by(result).detail == "the server, in imgkit.json.signed-1.tsr"


def test_without_a_signer_the_signature_is_told_and_proves_nothing(folder: Path):
    result = _check(folder)
    assert result.held
    assert "nobody said whom to trust" in result.notes[0]
    assert "the server" in result.notes[0]


def test_reading_commands_break_no_signature(folder: Path):
    for _ in range(3):
        append_custody(folder / "custody.jsonl", "check", custodian=WHO, now=WHEN)
    assert _check(folder, SERVER).held


def test_a_signature_by_somebody_else_is_not_theirs(folder: Path):
    result = _check(folder, OTHER)
    assert _signed_by(result).outcome is Outcome.FAILED
    assert "but of the server" in _signed_by(result).detail


def test_a_set_without_signatures_is_not_signed_by_anybody(tmp_path: Path):
    bare = fetched(tmp_path / "set", cloud(tmp_path / "home"))
    assert _signed_by(_check(bare, SERVER)).detail == "the set has no signature"
    assert _check(bare) == CheckResult(links=())


def test_after_a_writing_step_the_signature_is_named_as_over_an_earlier_manifest(folder: Path):
    _write_again(folder)
    result = _check(folder, SERVER)
    assert _failed(result) == {"imgkit.json"}
    assert "over an earlier manifest (written again since by 'convert'" in _signed_by(result).detail


def test_without_a_signer_an_earlier_manifest_is_a_note(folder: Path):
    _write_again(folder)
    result = _check(folder)
    assert result.held
    assert "earlier manifest" in result.notes[0]


def test_signing_again_covers_the_set_and_keeps_the_older_signature(folder: Path):
    _write_again(folder)
    signed(folder)
    result = _check(folder, SERVER)
    assert result.held
    assert _signed_by(result).detail.endswith("signed-2.tsr")
    assert any("signed-1.tsr is good, and over an earlier manifest" in note for note in result.notes)


def test_a_manifest_that_nobody_wrote_since_is_named(folder: Path):
    path = folder / "imgkit.json"
    path.write_bytes(path.read_bytes() + b"\n")
    result = _check(folder)
    assert _failed(result) == {"imgkit.json.signed-1"}
    assert "custody knows of no step" in result.of(Outcome.FAILED)[0].detail


@pytest.mark.parametrize("name", ["imgkit.json.signed-1", "imgkit.json.signed-1.tsr"])
def test_one_bit_in_statement_or_signature_is_named_whoever_is_trusted(folder: Path, name: str):
    content = bytearray((folder / name).read_bytes())
    content[40] ^= 1
    (folder / name).write_bytes(content)
    assert name in _failed(_check(folder))
    assert "imgkit.json.signed-1.tsr" in _failed(_check(folder, SERVER))


@pytest.mark.parametrize("name", ["imgkit.json.signed-1", "imgkit.json.signed-1.tsr"])
def test_a_missing_file_is_named_as_long_as_custody_has_its_line(folder: Path, name: str):
    (folder / name).unlink()
    assert name in _failed(_check(folder))


def test_custody_must_run_through_the_line_that_was_signed(folder: Path):
    lines = (folder / "custody.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "custody.jsonl").write_bytes(b"".join(lines[:2]))
    assert "custody.jsonl" in _failed(_check(folder))


def test_a_cut_end_that_leaves_a_statement_without_its_line_is_a_note(folder: Path):
    lines = (folder / "custody.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "custody.jsonl").write_bytes(b"".join(lines[:-1]))
    assert "lines were cut off its end" in _check(folder).notes[0]


def test_a_statement_of_another_set_is_named(folder: Path):
    (folder / "custody.jsonl").unlink()
    append_custody(folder / "custody.jsonl", "begin", custodian=WHO, now=WHEN.replace(year=2027))
    assert any("another set's" in link.detail for link in _check(folder, SERVER).of(Outcome.FAILED))


def test_a_missing_program_is_could_not_look_and_never_differs(folder: Path):
    def absent(*_: object) -> SignatureVerdict:
        raise ToolMissing("ssh-keygen is not installed")

    judges = dict.fromkeys(SignatureKind, absent)
    result = check_signatures(folder, [SERVER], judges)
    assert (_failed(result), _signed_by(result).outcome) == (set(), Outcome.UNDETERMINED)
    assert check_signatures(folder, [], judges).held


HOSTILE: Sequence[bytes] = (b"", b"[" * 50_000, b"null", b'{"schema": "imgkit/statement/9"}', b"\xff" * 2_000_000)


@pytest.mark.parametrize("content", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_statements_and_signatures_are_named_and_nothing_worse(folder: Path, content: bytes):
    (folder / "imgkit.json.signed-7").write_bytes(content)
    (folder / "imgkit.json.signed-7.sig").write_bytes(content)
    result = _check(folder, SERVER)
    assert {"imgkit.json.signed-7", "imgkit.json.signed-7.sig"} <= _failed(result)
    assert _signed_by(result).outcome is Outcome.HELD


def test_custody_that_names_a_path_as_a_signature_reaches_for_nothing(folder: Path):
    made = {"made": {"../../etc/passwd": "0" * 64}}
    append_custody(folder / "custody.jsonl", "sign", custodian=WHO, now=WHEN, subject=made)
    assert "as a signature" in _check(folder).of(Outcome.FAILED)[0].detail


def test_a_name_like_a_signature_is_named_as_none(folder: Path):
    (folder / "imgkit.json.sig").write_text("by hand")
    assert "'imgkit.json.sig' is no signature that imgkit made" in _check(folder, SERVER).notes[0]


def test_a_flood_of_statements_is_not_looked_at_one_by_one(folder: Path):
    content = (folder / "imgkit.json.signed-1").read_bytes()
    for number in range(2, 300):
        (folder / f"imgkit.json.signed-{number}").write_bytes(content)
    result = _check(folder, SERVER)
    assert "only the newest 256" in result.of(Outcome.UNDETERMINED)[0].detail
