"""The loopback cloud as one object: for the demo, the command and the tests."""

import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Any, Self

from imgkit.simulator.buckets import CloudBucket
from imgkit.simulator.cloud import Clock, Cloud
from imgkit.simulator.cloud_file import change_record, read_plan
from imgkit.simulator.cloud_settings import CloudSettings
from imgkit.simulator.control import PREFIX, Control
from imgkit.simulator.ecs_service import EcsService
from imgkit.simulator.exports import Exporter
from imgkit.simulator.faults import Fault
from imgkit.simulator.front import Front
from imgkit.simulator.images import CloudImage
from imgkit.simulator.keyring import AccessKey
from imgkit.simulator.messages import Sleep
from imgkit.simulator.object_files import StoredObject
from imgkit.simulator.object_store import Nature
from imgkit.simulator.oss_service import OssService
from imgkit.simulator.request_log import Served
from imgkit.simulator.server import Server
from imgkit.simulator.tasks import Task


def utc_now() -> datetime:
    """Return this machine's time."""
    return datetime.now(UTC)


class Simulator:
    """ECS and OSS on 127.0.0.1, with the disks below `root`; a context manager.

    `settings` changes single settings by name; `images` and `buckets` add to what the folder says. Raises
    SettingsError where the folder or the settings cannot be understood, OSError where the port is taken.
    """

    def __init__(
        self,
        root: Path,
        *,
        port: int = 0,
        faults: Iterable[Fault] = (),
        settings: Mapping[str, object] | None = None,
        images: Iterable[CloudImage] = (),
        buckets: Iterable[CloudBucket] = (),
        clock: Clock = utc_now,
    ) -> None:
        plan = read_plan(root)
        changed = change_record(plan.settings, dict(settings or {}), "settings")
        self._cloud = Cloud(root, replace(plan, settings=changed), clock=clock)
        if self._cloud.bucket(changed.bucket) is None:
            self._cloud.put_bucket(CloudBucket(name=changed.bucket))
        for bucket in buckets:
            self._cloud.put_bucket(bucket)
        for image in images:
            self._cloud.put_image(image)
        self._cloud.faults.add(faults)
        self._exporter = Exporter(self._cloud)
        self._token = secrets.token_urlsafe(18)
        self._server = Server(port, self._make_front)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()  # first: a request that waits could begin an export yet
        self._exporter.stop()

    @property
    def url(self) -> str:
        """The root of both services."""
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def control_url(self) -> str:
        """The control endpoint with its token, without a slash at the end."""
        return f"{self.url}{PREFIX}{self._token}"

    @property
    def settings(self) -> CloudSettings:
        return self._cloud.settings

    @property
    def requests(self) -> tuple[Served, ...]:
        """What was served, oldest first."""
        return self._cloud.log.all()

    @property
    def tasks(self) -> tuple[Task, ...]:
        """All export tasks, newest first."""
        return self._cloud.tasks.all()

    @property
    def bugs(self) -> tuple[str, ...]:
        """Tracebacks of the simulator's own; none is the only right number."""
        return tuple(self._server.bugs)

    def describe(self) -> dict[str, Any]:
        """Return all that a client needs, for the one line that is printed on start."""
        settings = self._cloud.settings
        return {
            "ecs_endpoint": self.url.removeprefix("http://"),
            "oss_endpoint": self.url,
            "region_id": settings.region_id,
            "bucket": settings.bucket,
            "access_key_id": settings.access_key_id,
            "access_key_secret": settings.access_key_secret,
            "control_url": self.control_url,
            "images": [
                {
                    "image_id": image.image_id,
                    "region_id": image.region_id,
                    "disks": [{"device": disk.device, "role": disk.role, "file": disk.file} for disk in image.disks],
                }
                for image in self._cloud.images()
            ],
        }

    def add_faults(self, *faults: Fault) -> None:
        """Let things go wrong from now on."""
        self._cloud.faults.add(faults)

    def clear_faults(self) -> None:
        """Let everything go well again."""
        self._cloud.faults.clear()

    def clear_requests(self) -> None:
        """Forget what was served."""
        self._cloud.log.clear()

    def change_settings(self, **changes: object) -> None:
        """Behave differently from now on. Raises SettingsError."""
        self._cloud.change_settings(change_record(self._cloud.settings, changes, "settings"))

    def put_image(self, image: CloudImage) -> None:
        """Add an image, or let one be different."""
        self._cloud.put_image(image)

    def put_bucket(self, bucket: CloudBucket) -> None:
        """Add a bucket, or let one be different."""
        self._cloud.put_bucket(bucket)

    def put_object(
        self, key: str, data: bytes, *, bucket: str = "", storage_class: str = "Standard", multipart: bool = False
    ) -> StoredObject:
        """Put an object into a bucket, past all faults."""
        bucket = bucket or self._cloud.settings.bucket
        owner = self._cloud.bucket(bucket)
        versioned = owner is not None and owner.versioning == "Enabled"
        nature = Nature(modified=self._cloud.now(), storage_class=storage_class, versioned=versioned)
        with self._cloud.store.incoming(bucket, with_md5=not multipart) as incoming:
            incoming.write(data)
            return self._cloud.store.publish(bucket, key, incoming, nature)

    def read_object(self, key: str, *, bucket: str = "") -> bytes:
        """Return the bytes of an object, past all faults. Raises KeyError."""
        found = self._cloud.store.open(bucket or self._cloud.settings.bucket, key)
        if found is None:
            raise KeyError(key)
        with found[1] as file:
            return file.read()

    def find_object(self, key: str, *, bucket: str = "") -> StoredObject:
        """Return what is known about an object. Raises KeyError."""
        stored = self._cloud.store.find(bucket or self._cloud.settings.bucket, key)
        if stored is None:
            raise KeyError(key)
        return stored

    def delete_object(self, key: str, *, bucket: str = "") -> None:
        """Remove an object, past all faults."""
        self._cloud.store.delete(bucket or self._cloud.settings.bucket, key)

    def object_keys(self, bucket: str = "") -> tuple[str, ...]:
        """Return the keys of a bucket in order."""
        return tuple(sorted(self._cloud.store.keys(bucket or self._cloud.settings.bucket)))

    def issue_token(self, *, seconds: float = 3600.0) -> AccessKey:
        """Return a temporary key, as the token service would."""
        return self._cloud.keyring.issue(self._cloud.now(), seconds=seconds)

    def expire_token(self, key: AccessKey) -> None:
        """End a temporary key now."""
        self._cloud.keyring.expire(key.key_id, self._cloud.now())

    def _make_front(self, sleep: Sleep) -> Front:
        return Front(
            self._cloud,
            EcsService(self._cloud, self._exporter),
            OssService(self._cloud),
            Control(self._cloud, self._token, self.describe),
            sleep=sleep,
        )


def serve(
    root: Path,
    *,
    announce: Callable[[str], object],
    port: int = 0,
    faults: Iterable[Fault] = (),
    settings: Mapping[str, object] | None = None,
    stop: Event | None = None,
) -> None:
    """Run a loopback cloud until `stop` is set or the caller is interrupted.

    `announce` is given one line of JSON as soon as requests are answered.
    """
    with Simulator(root, port=port, faults=faults, settings=settings) as simulator:
        announce(json.dumps(simulator.describe(), ensure_ascii=False))
        (stop or Event()).wait()
