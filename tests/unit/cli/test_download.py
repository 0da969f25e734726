"""Tests of cli/download.py."""

from pathlib import Path

import pytest
from tests.unit.cli.command_line import imgkit, opening
from tests.unit.pipeline.road_fakes import FakeServices, MemorySource, services

from imgkit.digests import crc64
from imgkit.evidence.lone import read_lone_record
from imgkit.model.manifest import Outcome
from imgkit.pipeline.downloading import Downloads
from imgkit.transfer.settings import TransferSettings
from imgkit.units import MiB

URL = "https://evidence.oss-cn-hangzhou.aliyuncs.com/k.tar.gz?Signature=secret"


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeServices:
    fake = services(tmp_path / "home")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("imgkit.cli.download.open_services", opening(fake))
    for key in ("case/a.tar.gz", "case/b.tar.gz", "other/a.tar.gz"):
        fake.fake_store.put(key, key.encode())
    return fake


def test_an_object_is_downloaded_proven_and_recorded(made: FakeServices):
    ended = imgkit("download", "oss://evidence/case/a.tar.gz", "-o", "here")
    assert ended.code == 0
    assert "CRC-64 held" in ended.out
    assert Path("here/a.tar.gz").read_bytes() == b"case/a.tar.gz"
    record = read_lone_record(Path("here/a.tar.gz"))
    assert record is not None
    assert (record.source, record.step.outcome) == ("oss://evidence/case/a.tar.gz", Outcome.HELD)


def test_run_again_no_byte_is_fetched(made: FakeServices):
    imgkit("download", "oss://evidence/case/a.tar.gz")
    (told,) = imgkit("download", "oss://evidence/case/a.tar.gz", "--json").data["objects"]
    assert (told["fetched_bytes"], told["reused_bytes"]) == (0, 13)


def test_an_object_that_cannot_be_proven_says_so(made: FakeServices):
    made.fake_store.has_crc = False
    assert "NOT PROVEN" in imgkit("download", "oss://evidence/case/a.tar.gz").out
    record = read_lone_record(Path("a.tar.gz"))
    assert record is not None
    assert record.step.outcome is Outcome.UNDETERMINED


def test_a_prefix_is_everything_below_it(made: FakeServices):
    told = imgkit("download", "oss://evidence/case/", "--json").data["objects"]
    assert [Path(each["path"]).name for each in told] == ["a.tar.gz", "b.tar.gz"]


def test_two_objects_of_one_name_do_not_overwrite_each_other(made: FakeServices):
    assert imgkit("download", "oss://evidence/case/a.tar.gz", "oss://evidence/other/a.tar.gz").code == 0
    assert Path("a.tar.gz").read_bytes() == b"case/a.tar.gz"
    assert Path("2-a.tar.gz").read_bytes() == b"other/a.tar.gz"


def test_a_crc_as_data_is_text(made: FakeServices):
    """Beyond 2^53 a number would lose its last digits in many readers of JSON."""
    (told,) = imgkit("download", "oss://evidence/case/a.tar.gz", "--json").data["objects"]
    assert told["crc64"] == str(crc64(b"case/a.tar.gz"))


def test_presigned_urls_come_from_a_file_and_leave_no_signature(made: FakeServices):
    made.fake_store.put("k.tar.gz", b"content")
    made.urls[URL] = MemorySource(b"content", made.fake_store.describe("k.tar.gz"))
    Path("urls").write_text(URL + "\n")
    ended = imgkit("download", "--url-file", "urls", "--log-file", "log", "-v")
    assert ended.code == 0, ended.err
    assert Path("k.tar.gz").read_bytes() == b"content"
    written = ended.out + ended.err + "".join(each.read_text() for each in Path().glob("k.tar.gz.*"))
    assert "secret" not in written + Path("log").read_text()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 4, "nothing to download"),
        (("disk.raw",), 4, "oss://bucket/key"),
        (("oss://evidence/nowhere/",), 16, "nothing lies below"),
        (("oss://evidence/nowhere",), 16, "nowhere"),
        (("--url-file", "nowhere"), 83, "cannot read the URLs"),
    ],
)
def test_what_cannot_be_downloaded_is_said(made: FakeServices, words, code, said):
    ended = imgkit("download", *words)
    assert (ended.code, said in ended.err) == (code, True), ended.err


def test_frozen_objects_are_restored_only_where_that_was_asked_for(made: FakeServices, monkeypatch):
    restored: list[str] = []
    monkeypatch.setattr("imgkit.cli.download.restore_object", lambda _, key, **__: restored.append(key))
    imgkit("download", "oss://evidence/case/a.tar.gz")
    assert restored == []
    imgkit("download", "oss://evidence/case/", "--restore")
    assert restored == ["case/a.tar.gz", "case/b.tar.gz"]


def test_what_is_here_is_held_against_the_service_without_fetching(made: FakeServices):
    imgkit("download", "oss://evidence/case/a.tar.gz")
    made.fake_store.asked.clear()
    assert imgkit("download", "oss://evidence/case/a.tar.gz", "--check-only").code == 0
    Path("a.tar.gz").write_bytes(b"case/A.tar.gz")
    ended = imgkit("download", "oss://evidence/case/a.tar.gz", "--check-only")
    assert (ended.code, "DIFFERS" in ended.out) == (60, True)
    assert made.fake_store.asked == []


def test_what_differs_is_mended(made: FakeServices):
    imgkit("download", "oss://evidence/case/a.tar.gz")
    Path("a.tar.gz").write_bytes(b"case/A.tar.gz")
    ended = imgkit("download", "oss://evidence/case/a.tar.gz", "--repair")
    assert (ended.code, "mended" in ended.out) == (0, True)
    assert Path("a.tar.gz").read_bytes() == b"case/a.tar.gz"


def test_checking_and_mending_are_two_things(made: FakeServices):
    assert imgkit("download", "oss://evidence/case/a.tar.gz", "--repair", "--check-only").code == 4


def test_how_to_fetch_is_taken_from_the_options(made: FakeServices, monkeypatch):
    seen: list[object] = []

    def noted(**words: object) -> Downloads:
        seen.append(words["settings"])
        return Downloads(**words)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr("imgkit.cli.download.Downloads", noted)
    imgkit("download", "oss://evidence/case/a.tar.gz", "--limit-rate", "2M", "--jobs", "3", "--requester-pays")
    assert seen == [TransferSettings(jobs=3, bytes_per_second=2 * MiB)]
    assert made.settings.requester_pays
