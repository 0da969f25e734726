"""Tests of cli/fetch_source.py."""

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.pipeline.road_fakes import services
from tests.unit.stages.cloud_fakes import IMAGE_ID, SYSTEM, XVDB

from imgkit.cli.fetch_source import Nouns, ParsedSource, parse_source, read_urls
from imgkit.errors import NotAccessible, SettingsError
from imgkit.model.manifest import Source, SourceKind
from imgkit.model.role import DiskRole

Parse = Callable[..., ParsedSource]
HOST = "https://evidence.oss-cn-hangzhou.aliyuncs.com"
SYSTEM_NAME, XVDB_NAME = f"{IMAGE_ID}_system.raw.tar.gz", f"{IMAGE_ID}_data_xvdb.raw.tar.gz"


@pytest.fixture
def parse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Parse:
    monkeypatch.chdir(tmp_path)

    def parsed(
        *words: object, url_file: Path | None = None, disks: dict[DiskRole, str] | None = None, **settings: str
    ) -> ParsedSource:
        nouns = Nouns(words=tuple(map(str, words)), url_file=url_file, disks=disks or {})
        return parse_source(nouns, services(tmp_path, **settings), "case")

    return parsed


def _files(*names: str) -> list[Path]:
    for name in names:
        Path(name).write_bytes(b"")
    return [Path(name).absolute() for name in names]


# --- an image ---


def test_an_image_id_is_an_image_in_the_region_and_the_bucket(parse: Parse):
    parsed = parse(IMAGE_ID)
    assert parsed.source == Source(
        kind=SourceKind.IMAGE, region_id="cn-hangzhou", image_id=IMAGE_ID, bucket="evidence", prefix="case"
    )
    assert parsed.folder == Path(IMAGE_ID)


def test_an_image_needs_a_bucket(parse: Parse):
    with pytest.raises(SettingsError, match="no bucket"):
        parse(IMAGE_ID, bucket="")


def test_one_image_at_a_time(parse: Parse):
    with pytest.raises(SettingsError, match="one image at a time"):
        parse(IMAGE_ID, "m-2zeother000000000000")


def test_objects_of_an_image_can_be_assigned(parse: Parse):
    assert parse(IMAGE_ID, disks={XVDB: "rescued.bin"}).assigned == {XVDB: "rescued.bin"}


def test_nothing_is_no_noun(parse: Parse):
    with pytest.raises(SettingsError, match="nothing to fetch"):
        parse()


# --- objects ---


def test_objects_are_named_whole(parse: Parse):
    parsed = parse(f"oss://evidence/case/{SYSTEM_NAME}", f"oss://evidence/case/{XVDB_NAME}")
    assert parsed.source.kind is SourceKind.OBJECTS
    assert parsed.source.locations == (f"oss://evidence/case/{SYSTEM_NAME}", f"oss://evidence/case/{XVDB_NAME}")
    assert parsed.folder == Path(IMAGE_ID)


def test_objects_need_neither_region_nor_bucket_beside_them(parse: Parse):
    assert parse("oss://other/k.tar.gz", region="", bucket="").source.bucket == "other"


@pytest.mark.parametrize(
    ("word", "folder"),
    [
        ("oss://evidence/case/", "case"),
        ("oss://evidence/", "image-set"),
        ("oss://evidence/disk image.raw.tar.gz", "disk_image"),
        ("oss://evidence/../..", "image-set"),
        ("oss://evidence/-rf", "rf"),
        ("oss://evidence/system-backup.tar.gz", "system-backup"),
        (f"oss://evidence/x/case_{IMAGE_ID}_system.raw.tar.gz", IMAGE_ID),
    ],
)
def test_the_folder_is_named_after_the_image_or_the_first_name(parse: Parse, word, folder):
    assert parse(word).folder == Path(folder)


def test_objects_of_two_images_are_not_named_after_one(parse: Parse):
    assert parse("oss://b/m-aaaa1_system.raw", "oss://b/m-bbbb2_data_xvdb.raw").folder == Path("m-aaaa1_system")


def test_the_disks_alone_name_objects(parse: Parse):
    parsed = parse(disks={SYSTEM: "oss://evidence/a", XVDB: "oss://evidence/b"})
    assert parsed.source.locations == ("oss://evidence/a", "oss://evidence/b")
    assert set(parsed.assigned) == {SYSTEM, XVDB}


def test_half_an_object_is_refused(parse: Parse):
    with pytest.raises(SettingsError) as caught:
        parse("oss:///key")
    assert "oss://bucket/key" in caught.value.hint


# --- presigned URLs ---


def test_a_url_is_placed_by_its_path_and_kept_without_its_signature(parse: Parse, capsys):
    url = f"{HOST}/case/{SYSTEM_NAME}?Signature=secret"
    parsed = parse(url)
    assert parsed.urls == {SYSTEM: url}
    assert parsed.source.locations == (f"{HOST}/case/{SYSTEM_NAME}",)
    assert "secret" not in repr(parsed.source)
    assert "process list" in capsys.readouterr().err


def test_urls_of_a_file_are_no_matter_of_the_process_list(parse: Parse, tmp_path, capsys):
    urls = [f"{HOST}/{name}?Signature=s" for name in (SYSTEM_NAME, XVDB_NAME)]
    (tmp_path / "urls").write_text("# from the console\n\n" + "\n".join(urls) + "\n")
    parsed = parse(url_file=tmp_path / "urls")
    assert parsed.urls == dict(zip((SYSTEM, XVDB), urls, strict=True))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["b%20c.bin", "/x/b c.bin", "x/b c.bin", "b c.bin"])
def test_a_url_is_assigned_by_itself_or_by_what_its_path_ends_in(parse: Parse, name):
    first, second = f"{HOST}/x/a.bin?Signature=s", f"{HOST}/x/b%20c.bin?Signature=s"
    name = second if name == "b%20c.bin" else name
    assert parse(first, second, disks={XVDB: name}).urls == {SYSTEM: first, XVDB: second}


@pytest.mark.parametrize(("name", "why"), [("nowhere.bin", "none of the URLs"), ("a.bin", "more than one")])
def test_a_disk_that_names_no_url_is_refused_without_showing_any(parse: Parse, name, why):
    with pytest.raises(SettingsError, match=why) as caught:
        parse(f"{HOST}/x/a.bin?Signature=secret", f"{HOST}/y/a.bin?Signature=secret", disks={XVDB: name})
    assert "secret" not in caught.value.message + caught.value.hint


def test_the_disks_alone_name_urls(parse: Parse):
    url = f"{HOST}/a.bin?Signature=s"
    assert parse(disks={SYSTEM: url}).urls == {SYSTEM: url}


def test_urls_that_say_no_disk_are_not_guessed(parse: Parse):
    with pytest.raises(SettingsError, match="cannot tell which disk"):
        parse(f"{HOST}/a.bin", f"{HOST}/b.bin")


# --- archives ---


def test_archives_are_placed_by_their_names(parse: Parse):
    system, xvdb = _files(SYSTEM_NAME, XVDB_NAME)
    parsed = parse(SYSTEM_NAME, XVDB_NAME)
    assert parsed.source.kind is SourceKind.ARCHIVES
    assert parsed.archives == {SYSTEM: system, XVDB: xvdb}
    assert parsed.folder == Path(IMAGE_ID)


def test_one_archive_that_says_nothing_is_the_system_disk(parse: Parse):
    (only,) = _files("disk.tar.gz")
    assert parse("disk.tar.gz").archives == {SYSTEM: only}


def test_an_archive_is_assigned_by_the_option_alone(parse: Parse):
    first, second = _files("a.tar.gz", "b.tar.gz")
    assert parse("a.tar.gz", disks={XVDB: "b.tar.gz"}).archives == {SYSTEM: first, XVDB: second}


def test_archives_need_no_cloud(parse: Parse):
    _files("disk.tar.gz")
    parse("disk.tar.gz", region="", bucket="")


def test_a_file_that_is_not_there_may_be_a_mistyped_noun(parse: Parse):
    with pytest.raises(NotAccessible, match=r"M-2ZE") as caught:
        parse("M-2ZE6TCIO")
    assert "An image id looks like m-" in caught.value.hint


# --- mixtures ---


@pytest.mark.parametrize(
    "words",
    [
        (IMAGE_ID, "oss://evidence/k"),
        ("oss://evidence/k", f"{HOST}/k"),
        (f"{HOST}/k", "disk.tar.gz"),
    ],
)
def test_mixtures_are_refused(parse: Parse, words):
    with pytest.raises(SettingsError, match="in one go"):
        parse(*words)


def test_a_file_of_urls_and_something_else_is_a_mixture_too(parse: Parse, tmp_path):
    (tmp_path / "urls").write_text(f"{HOST}/{SYSTEM_NAME}\n")
    with pytest.raises(SettingsError, match="in one go"):
        parse(IMAGE_ID, url_file=tmp_path / "urls")


# --- the file of URLs ---


def test_urls_may_come_from_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{HOST}/k\n"))
    assert read_urls(Path("-")) == [f"{HOST}/k"]


@pytest.mark.parametrize("content", ["", "# nothing\n", "oss://b/k\n", f"{HOST}/k\nhello\n"])
def test_a_file_that_holds_something_else_is_refused(tmp_path, content):
    (tmp_path / "urls").write_text(content)
    with pytest.raises(SettingsError, match="holds no URLs"):
        read_urls(tmp_path / "urls")


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, content):
    if content is not None:
        (tmp_path / "urls").write_bytes(content)
    with pytest.raises(NotAccessible, match="cannot read the URLs"):
        read_urls(tmp_path / "urls")
