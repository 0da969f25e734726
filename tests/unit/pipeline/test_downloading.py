"""Several objects into one folder."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.unit.pipeline.road_fakes import MemorySource

from imgkit.digests import crc64
from imgkit.errors import Differs, NoRoom, TargetExists
from imgkit.evidence.lone import read_lone_record
from imgkit.model.checked import CheckedObject
from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.download import DownloadedObject
from imgkit.model.manifest import Outcome
from imgkit.pipeline.downloading import Downloads
from imgkit.pipeline.mending import MendedObject
from imgkit.pipeline.wanted import WantedObject
from imgkit.transfer.settings import TransferSettings

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def wanted(name: str, **changes: object) -> WantedObject:
    content = name.encode() * 100
    info = ObjectInfo(bucket="evidence", key=name, size=len(content), etag=f"E-{name}", crc64=crc64(content))
    return WantedObject(name=name, source=MemorySource(content, replace(info, **changes)), size=len(content))  # type: ignore[arg-type]  # fields of the noun


@pytest.fixture
def downloads(tmp_path: Path) -> Downloads:
    return Downloads(folder=tmp_path, settings=TransferSettings(), now=lambda: NOW)


def test_each_is_downloaded_and_recorded(downloads: Downloads) -> None:
    results = downloads.fetch([wanted("a"), wanted("b"), wanted("c")])
    assert [each.path.name for each in results if isinstance(each, DownloadedObject)] == ["a", "b", "c"]
    for name in "abc":
        record = read_lone_record(downloads.folder / name)
        assert record is not None
        assert record.source == f"oss://evidence/{name}"


def test_one_that_fails_keeps_none_of_the_others(downloads: Downloads) -> None:
    (downloads.folder / "b").write_text("somebody's own")
    first, second, third = downloads.fetch([wanted("a", crc64=1), wanted("b"), wanted("c")])
    assert isinstance(first, Differs)
    assert isinstance(second, TargetExists)
    assert isinstance(third, DownloadedObject)
    assert (downloads.folder / "b").read_text() == "somebody's own"


def test_each_is_thawed_before_it_is_asked_for(downloads: Downloads) -> None:
    thawed: list[str] = []
    downloads.fetch([replace(wanted("a"), thaw=lambda: thawed.append("a"))])
    downloads.mend([replace(wanted("b"), thaw=lambda: thawed.append("b"))])
    downloads.check([replace(wanted("c"), thaw=lambda: thawed.append("c"))])
    assert thawed == ["a", "b"]


def test_checking_fetches_nothing_and_mending_only_what_differs(downloads: Downloads) -> None:
    downloads.fetch([wanted("a"), wanted("b")])
    (downloads.folder / "b").write_text("damaged")
    asked = [wanted("a"), wanted("b"), wanted("c")]
    found = [each for each in downloads.check(asked) if isinstance(each, CheckedObject)]
    assert [each.outcome for each in found] == [Outcome.HELD, Outcome.FAILED, Outcome.UNDETERMINED]
    assert (downloads.folder / "b").read_text() == "damaged"
    mended = [each for each in downloads.mend(asked) if isinstance(each, MendedObject)]
    assert [each.fetched is not None for each in mended] == [False, True, True]
    assert (downloads.folder / "b").read_bytes() == b"b" * 100
    record = read_lone_record(downloads.folder / "b")
    assert record is not None


def test_what_cannot_fit_together_is_refused_before_anything_comes(
    downloads: Downloads, monkeypatch: pytest.MonkeyPatch
) -> None:
    (downloads.folder / "a").write_bytes(b"x" * 4096)
    free = SimpleNamespace(f_bavail=5, f_frsize=1024, f_blocks=100)
    monkeypatch.setattr("imgkit.transfer.local_disk.os.statvfs", lambda _: free)
    asked = [replace(wanted(name), size=4096) for name in "abc"]
    with pytest.raises(NoRoom, match="3 KiB"):
        downloads.fetch(asked)
    with pytest.raises(NoRoom):
        downloads.mend(asked)
    assert [path.name for path in downloads.folder.iterdir()] == ["a"]
