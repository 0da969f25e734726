"""A road in memory: services, a bucket with bytes in it, an ECS that knows one image; and a set to walk it in."""

import gzip
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from tests.unit.archives.tar_samples import END, file
from tests.unit.stages.cloud_fakes import IMAGE_ID, NOW, FakeCloud, FakeStore

from imgkit.digests import crc64
from imgkit.errors import ExportFailed, ImgkitError, NoSuchImageOrTask
from imgkit.evidence.image_set import open_image_set
from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.custodian import Custodian
from imgkit.model.image import CustomImage, ImageQuery
from imgkit.model.manifest import CallerRecord, Source, SourceKind
from imgkit.model.task import ExportTask, TaskObject, TaskState
from imgkit.model.unpacked import TarEngine
from imgkit.pipeline.request import FetchRequest, Run
from imgkit.ports import RangeSource
from imgkit.services import Services
from imgkit.settings import Folders, Settings
from imgkit.stages.export import Waiting

SOURCE = Source(kind=SourceKind.IMAGE, region_id="cn-hangzhou", image_id=IMAGE_ID, bucket="evidence", prefix="case")
SYSTEM_KEY, XVDB_KEY = (f"case_{IMAGE_ID}_{role}.raw.tar.gz" for role in ("system", "data_xvdb"))
DISK = bytes(4096) + b"imgkit" * 512 + bytes(16384 - 4096 - 6 * 512)


def archive(disk: bytes = DISK, name: bytes = b"system.raw") -> bytes:
    """A disk as ECS packs it."""
    return gzip.compress(file(disk, name) + END, mtime=0)


class Body:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def readinto(self, buffer: memoryview) -> int:
        taken = min(len(buffer), len(self.data))
        buffer[:taken], self.data = self.data[:taken], self.data[taken:]
        return taken


@dataclass
class MemorySource:
    """An object in memory."""

    content: bytes
    info: ObjectInfo
    asked: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        return self.info.url

    def describe(self) -> ObjectInfo:
        return self.info

    @contextmanager
    def open_range(self, start: int, length: int, *, etag: str) -> Iterator[Body]:
        self.asked.append(self.info.key)
        yield Body(self.content[start : start + length])


@dataclass
class MemoryStore(FakeStore):
    """A bucket with bytes in it; `asked` are the keys of which bytes were fetched."""

    content: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    has_crc: bool = True

    def put(self, key: str, content: bytes) -> None:
        self.content[key] = content
        self.keys[key] = len(content)

    def describe(self, key: str) -> ObjectInfo:
        info = super().describe(key)
        crc = crc64(self.content[key]) if self.has_crc and key in self.content else None
        return ObjectInfo(bucket=info.bucket, key=key, size=info.size, etag=info.etag, crc64=crc)

    def source(self, key: str) -> RangeSource:
        return MemorySource(self.content.get(key, b""), self.describe(key), self.asked)

    def delete(self, key: str) -> None:
        super().delete(key)
        self.keys.pop(key, None)


@dataclass
class RoadCloud(FakeCloud):
    """An ECS that knows these images; `asked` are the ids that were looked up."""

    known: dict[str, CustomImage] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    queries: list[ImageQuery] = field(default_factory=list)

    def image(self, image_id: str) -> CustomImage:
        self.asked.append(image_id)
        if image_id not in self.known:
            raise NoSuchImageOrTask(f"no {image_id}")
        return self.known[image_id]

    def images(self, query: ImageQuery) -> Iterator[CustomImage]:
        self.queries.append(query)
        yield from self.known.values()

    def cancel(self, task_id: str) -> None:
        self.cancelled.append(task_id)


@dataclass(slots=True, kw_only=True)
class FakeServices(Services):
    """Services whose cloud and bucket are in memory; `urls` are presigned ones by themselves."""

    fake_cloud: RoadCloud = field(default_factory=RoadCloud)
    fake_store: MemoryStore = field(default_factory=MemoryStore)
    urls: dict[str, MemorySource] = field(default_factory=dict)
    versions: list[str] = field(default_factory=list)

    def cloud(self) -> RoadCloud:
        return self.fake_cloud

    def store(self, bucket: str, *, version_id: str = "") -> MemoryStore:
        self.versions.append(version_id)
        assert bucket == self.fake_store.bucket
        return self.fake_store

    def caller(self) -> CallerRecord:
        return CallerRecord(account_id="1234567890123456", arn="acs:ram::1234567890123456:user/tester")

    def presigned(self, url: str) -> RangeSource:
        return self.urls[url]

    def explain_task_failure(self, code: str, message: str) -> ImgkitError:
        return ExportFailed(f"{code}: {message}")


def folders(home: Path) -> Folders:
    return Folders(home=home, config=home / "config", state=home / "state", cache=home / "cache")


def services(home: Path, **settings: Any) -> FakeServices:
    known = {"region": "cn-hangzhou", "bucket": "evidence"} | settings
    return FakeServices(settings=Settings(**known), folders=folders(home))


def finished(task_id: str = "t-1", **fields: Any) -> ExportTask:
    objects = (TaskObject(bucket="evidence", key=SYSTEM_KEY),)
    known: dict[str, Any] = {"percent": 100, "objects": objects, "status_word": "Finished"} | fields
    return ExportTask(task_id=task_id, region_id="cn-hangzhou", state=TaskState.FINISHED, **known)


def waiting() -> Waiting:
    """A clock that moves on by a second with each look, and sleep that takes no time."""
    seconds = count()  # several threads may look at once
    return Waiting(sleep=lambda _: None, now=lambda: NOW + timedelta(seconds=next(seconds)))


@dataclass
class Road:
    """What a test walks: the folder, the services, and what was said."""

    folder: Path
    services: FakeServices
    said: list[str] = field(default_factory=list)

    @property
    def store(self) -> MemoryStore:
        return self.services.fake_store

    @property
    def cloud(self) -> RoadCloud:
        return self.services.fake_cloud

    def request(self, **fields: Any) -> FetchRequest:
        known: dict[str, Any] = {
            "source": SOURCE,
            "folder": self.folder,
            "tar_engine": TarEngine.BUILTIN,
            "preflight": False,
            "inspect": False,
        }
        return FetchRequest(**(known | fields))

    def run(self, **fields: Any) -> AbstractContextManager[Run]:
        return self._run(self.request(**fields))

    @contextmanager
    def _run(self, request: FetchRequest) -> Iterator[Run]:
        clock = waiting()
        who = Custodian(examiner="E")
        with open_image_set(request.folder, request.source, custodian=who, now=clock.now) as image_set:
            yield Run(image_set=image_set, request=request, services=self.services, waiting=clock, say=self.said.append)
