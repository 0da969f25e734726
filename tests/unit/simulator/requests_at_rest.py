"""Requests as they would come off the wire, for the tests of this room."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import parse_qsl

from imgkit.simulator.buckets import CloudBucket
from imgkit.simulator.cloud import Cloud, CloudPlan
from imgkit.simulator.cloud_settings import CloudSettings
from imgkit.simulator.images import CloudDisk, CloudImage
from imgkit.simulator.messages import BytesBody, Request

NOW = datetime(2026, 11, 22, 18, 0, 0, tzinfo=UTC)


def request(
    method: str = "GET", target: str = "/", headers: Mapping[str, str] | None = None, body: bytes = b""
) -> Request:
    """Return a request to a target with its query."""
    path, _, query = target.partition("?")
    return Request(
        method=method,
        path=path,
        parameters=tuple(parse_qsl(query, keep_blank_values=True)),
        headers=dict(headers or {}),
        body=BytesBody(body),
    )


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def small_cloud(root: Path, *, clock: Clock | None = None, **settings: Any) -> Cloud:
    """Return a cloud with one bucket, `evidence`, and one image, `m-1`."""
    plan = CloudPlan(
        settings=CloudSettings(**settings),
        images=(CloudImage(image_id="m-1", disks=(CloudDisk(size_gib=1),)),),
        buckets=(CloudBucket(name="evidence"),),
    )
    return Cloud(root, plan, clock=clock or Clock())


def wait_for_exports(cloud: Cloud) -> None:
    """Wait until no export runs; their threads work on this test's own files and take milliseconds."""
    wait_until(lambda: not cloud.tasks.running())


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for another thread of this test."""
    deadline = monotonic() + 10
    while not condition():
        assert monotonic() < deadline, "this should have happened by now"
        sleep(0.001)
