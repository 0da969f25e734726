"""What `imgkit download` tells at its end."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from imgkit.cli.console import Console
from imgkit.cli.download_result import show_checked, show_downloaded, show_mended
from imgkit.errors import Differs, DoneInPart, NoRoom, ObjectChanged
from imgkit.model.checked import CheckedObject
from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.download import DownloadedObject
from imgkit.model.manifest import Outcome
from imgkit.pipeline.mending import MendedObject

BIG = 2**63 + 1
INFO = ObjectInfo(bucket="b", key="k", size=2048, etag="E", crc64=BIG, version_id="CAEQ1")


def downloaded(name: str = "k", *, proven: bool = True) -> DownloadedObject:
    return DownloadedObject(
        info=INFO,
        path=Path(name),
        parts_path=Path(f"{name}.parts.json"),
        size=2048,
        crc64=BIG,
        crc_proven=proven,
        sha256="ab" * 32,
        fetched_bytes=1024,
        reused_bytes=1024,
    )


def checked(outcome: Outcome, detail: str = "words", **more: Any) -> CheckedObject:
    return CheckedObject(info=INFO, path=Path("k"), outcome=outcome, detail=detail, crc64=BIG, **more)


def told(capsys: pytest.CaptureFixture[str], show: Any, results: Sequence[Any]) -> Any:
    show(Console(json=True), results)
    return json.loads(capsys.readouterr().out)


def test_a_downloaded_object_is_told_with_its_proof(capsys: pytest.CaptureFixture[str]) -> None:
    show_downloaded(Console(), [downloaded()])
    assert capsys.readouterr().out == f"k  2 KiB  CRC-64 held  SHA-256 {'ab' * 32}\n"
    (data,) = told(capsys, show_downloaded, [downloaded()])["objects"]
    assert (data["crc64"], data["version_id"]) == (str(BIG), "CAEQ1")


def test_one_that_is_not_proven_is_not_wholly_done(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DoneInPart, match=r"not proven.*: k$"):
        show_downloaded(Console(), [downloaded("a"), downloaded(proven=False)])
    assert "NOT PROVEN" in capsys.readouterr().out


def test_what_came_is_told_before_the_first_error(capsys: pytest.CaptureFixture[str]) -> None:
    errors = [ObjectChanged("it changed"), Differs("it differs")]
    with pytest.raises(ObjectChanged):
        show_downloaded(Console(), [errors[0], downloaded(), errors[1]])
    both = capsys.readouterr()
    assert both.out.startswith("k  2 KiB")
    assert "it differs" in both.err


def test_an_error_alone_is_all_there_is_to_tell(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NoRoom):
        show_downloaded(Console(), [NoRoom("full")])
    assert capsys.readouterr().out == ""


def test_what_holds_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    show_checked(Console(), [checked(Outcome.HELD)])
    assert capsys.readouterr().out == "k  held: words\n"
    (data,) = told(capsys, show_checked, [checked(Outcome.HELD)])["objects"]
    assert (data["outcome"], data["crc64"], data["service_crc64"]) == ("held", str(BIG), str(BIG))


def test_what_differs_is_an_error_of_its_own_with_the_way_to_mend_it(capsys: pytest.CaptureFixture[str]) -> None:
    found = [checked(Outcome.UNDETERMINED), checked(Outcome.FAILED, "2 parts"), checked(Outcome.FAILED)]
    with pytest.raises(Differs, match="k differs: 2 parts; and 1 more") as raised:
        show_checked(Console(), found)
    assert "--repair" in raised.value.hint


def test_what_nobody_could_tell_is_no_difference() -> None:
    with pytest.raises(DoneInPart, match="k: it is not here"):
        show_checked(Console(), [checked(Outcome.HELD), checked(Outcome.UNDETERMINED, "it is not here")])


def test_what_was_mended_is_told_with_how_much_was_fetched(capsys: pytest.CaptureFixture[str]) -> None:
    mended = [
        MendedObject(found=checked(Outcome.HELD)),
        MendedObject(found=checked(Outcome.FAILED), fetched=downloaded()),
        MendedObject(found=checked(Outcome.UNDETERMINED, is_here=False), fetched=downloaded()),
    ]
    show_mended(Console(), mended)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "k  held: words"
    assert lines[1].endswith("(mended: 1 KiB fetched)")
    assert lines[2].endswith("(downloaded: 1 KiB fetched)")
    data = told(capsys, show_mended, mended)["objects"]
    assert [each["fetched"] is None for each in data] == [True, False, False]


def test_a_file_that_could_not_be_judged_is_said_after_mending() -> None:
    with pytest.raises(DoneInPart, match="names no CRC-64"):
        show_mended(Console(), [MendedObject(found=checked(Outcome.UNDETERMINED, "the service names no CRC-64"))])
    with pytest.raises(DoneInPart, match="not proven"):
        show_mended(Console(), [MendedObject(found=checked(Outcome.FAILED), fetched=downloaded(proven=False))])
