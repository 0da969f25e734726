"""The state of the loopback cloud: what it owns, how it behaves, and what time it is there."""

import secrets
import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from imgkit.simulator.buckets import CloudBucket
from imgkit.simulator.cloud_settings import CloudSettings
from imgkit.simulator.faults import FaultBox
from imgkit.simulator.images import CloudImage
from imgkit.simulator.keyring import AccessKey, Keyring
from imgkit.simulator.object_store import ObjectStore
from imgkit.simulator.request_log import RequestLog
from imgkit.simulator.tasks import TaskBook

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudPlan:
    """What a cloud begins with: read from a folder, or given."""

    settings: CloudSettings = field(default_factory=CloudSettings)
    images: tuple[CloudImage, ...] = ()
    buckets: tuple[CloudBucket, ...] = ()


class Cloud:
    """One account with its images, buckets, tasks and keys; safe to use from several threads."""

    def __init__(self, root: Path, plan: CloudPlan, *, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._settings = plan.settings
        home = plan.settings.region_id
        self._images = {one.image_id: replace(one, region_id=one.region_id or home) for one in plan.images}
        self._buckets = {one.name: replace(one, region_id=one.region_id or home) for one in plan.buckets}
        self.store = ObjectStore(root / "buckets")
        self.tasks = TaskBook()
        self.faults = FaultBox()
        self.log = RequestLog()
        self.keyring = Keyring(AccessKey(key_id=plan.settings.access_key_id, secret=plan.settings.access_key_secret))
        for bucket in self._buckets:
            self.store.add_bucket(bucket)

    @property
    def settings(self) -> CloudSettings:
        with self._lock:
            return self._settings

    def now(self) -> datetime:
        """Return the server's time."""
        return self._clock() + timedelta(seconds=self.settings.clock_offset_seconds)

    def images(self) -> tuple[CloudImage, ...]:
        """Return all images."""
        with self._lock:
            return tuple(self._images.values())

    def image(self, image_id: str, region_id: str) -> CloudImage | None:
        """Return an image of a region."""
        with self._lock:
            image = self._images.get(image_id)
        return image if image is not None and image.region_id == region_id else None

    def buckets(self) -> tuple[CloudBucket, ...]:
        """Return all buckets."""
        with self._lock:
            return tuple(self._buckets.values())

    def bucket(self, name: str) -> CloudBucket | None:
        """Return a bucket."""
        with self._lock:
            return self._buckets.get(name)

    def change_settings(self, settings: CloudSettings) -> None:
        """Behave differently from now on. Access keys stay what they were."""
        with self._lock:
            self._settings = settings

    def put_image(self, image: CloudImage) -> None:
        """Add an image, or let one be different."""
        with self._lock:
            self._images[image.image_id] = replace(image, region_id=image.region_id or self._settings.region_id)

    def put_bucket(self, bucket: CloudBucket) -> None:
        """Add a bucket, or let one be different."""
        with self._lock:
            if bucket.name not in self._buckets:
                self.store.add_bucket(bucket.name)
            self._buckets[bucket.name] = replace(bucket, region_id=bucket.region_id or self._settings.region_id)


def new_request_id() -> str:
    """Return a request id as ECS writes them."""
    return str(uuid.uuid4()).upper()


def new_oss_request_id() -> str:
    """Return a request id as OSS writes them: 24 hexadecimal digits."""
    return secrets.token_hex(12).upper()


def new_task_id(taken: Iterable[str] = ()) -> str:
    """Return a task id that is not taken."""
    while (task_id := "t-" + secrets.token_hex(10)) in set(taken):
        pass
    return task_id
