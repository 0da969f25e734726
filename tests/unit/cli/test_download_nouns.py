"""What the nouns of `imgkit download` name."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.unit.pipeline.road_fakes import FakeServices, MemorySource, services

from imgkit.cli.download_nouns import ObjectNouns, Thaw, find_objects
from imgkit.errors import NoSuchBucketOrObject, SettingsError
from imgkit.pipeline.wanted import WantedObject
from imgkit.transfer.settings import DEFAULT_SETTINGS

URL = "https://evidence.example/case/a%20b.gz?Signature=secret"


@dataclass
class Ending(MemorySource):
    """An object behind a URL that ends."""

    expires_at: datetime = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)


@pytest.fixture
def cloud(tmp_path: Path) -> FakeServices:
    fake = services(tmp_path)
    for key in ("case/a b.gz", "case/c.gz", "other/c.gz", "case/folder/"):
        fake.fake_store.put(key, key.encode())
    fake.urls[URL] = Ending(b"x", fake.fake_store.describe("case/a b.gz"))
    return fake


def find(
    cloud: FakeServices, *words: str, thaw: Thaw | None = None, said: list[str] | None = None, **more: Any
) -> list[WantedObject]:
    told = said if said is not None else []
    nouns = ObjectNouns(words=words, **more)
    return find_objects(cloud, nouns, rule=DEFAULT_SETTINGS.retry_rule, thaw=thaw, say=told.append)


def test_a_prefix_is_everything_below_it_with_its_sizes(cloud: FakeServices) -> None:
    found = find(cloud, "oss://evidence/case/")
    assert [(each.name, each.size) for each in found] == [("a_b.gz", 11), ("c.gz", 9)]


def test_one_object_alone_is_asked_about_by_the_download_itself(cloud: FakeServices) -> None:
    (found,) = find(cloud, "oss://evidence/case/c.gz")
    assert (found.name, found.size) == ("c.gz", None)


def test_several_are_asked_about_for_their_total(cloud: FakeServices) -> None:
    found = find(cloud, "oss://evidence/case/c.gz", "oss://evidence/other/c.gz")
    assert [(each.name, each.size) for each in found] == [("c.gz", 9), ("2-c.gz", 10)]
    with pytest.raises(NoSuchBucketOrObject):
        find(cloud, "oss://evidence/case/c.gz", "oss://evidence/nowhere")


@pytest.mark.parametrize("given", ["file", "argument"])
def test_behind_a_url_the_name_is_that_of_the_key_and_its_end_is_told(
    cloud: FakeServices, tmp_path: Path, given: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "urls").write_text(URL)
    said: list[str] = []
    if given == "argument":
        (found,) = find(cloud, URL, said=said)
    else:
        (found,) = find(cloud, said=said, url_file=tmp_path / "urls")
    assert found.name == "a_b.gz"
    assert said == ["oss://evidence/case/a b.gz: the URL is good until 2026-11-22T18:30:00Z"]
    assert ("process list" in capsys.readouterr().err) == (given == "argument")


def test_the_version_that_was_named_is_asked_for(cloud: FakeServices) -> None:
    find(cloud, "oss://evidence/case/c.gz", version_id="CAEQ1")
    assert cloud.versions == ["CAEQ1"]


@pytest.mark.parametrize(
    ("words", "more", "said"),
    [
        ((), {}, "nothing to download"),
        (("oss://evidence/k",), {"url_file": Path("urls")}, "in one go"),
        (("oss://evidence/k", URL), {}, "in one go"),
        (("oss://evidence/k", "oss://evidence/l"), {"version_id": "v"}, "one object"),
        (("oss://evidence/k/",), {"version_id": "v"}, "one object"),
        ((), {"version_id": "v", "url_file": Path("urls")}, "one object"),
        (("disk.raw",), {"version_id": "v"}, "oss://bucket/key"),
        (("disk.raw",), {}, "oss://bucket/key"),
    ],
)
def test_what_cannot_be_meant_is_refused(cloud: FakeServices, words: Any, more: Any, said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        find(cloud, *words, **more)
    assert said in raised.value.message + raised.value.hint


def test_each_is_thawed_by_the_bucket_it_lies_in_and_several_at_once(
    cloud: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    thawed: list[str] = []
    begun: list[list[str]] = []
    monkeypatch.setattr("imgkit.cli.download_nouns.begin_restores", lambda _, keys: begun.append(keys))
    find(cloud, "oss://evidence/case/c.gz", thaw=lambda _, key: None)
    assert begun == []
    for each in find(cloud, "oss://evidence/case/", thaw=lambda _, key: thawed.append(key)):
        each.thaw()
    assert thawed == begun[0] == ["case/a b.gz", "case/c.gz"]
