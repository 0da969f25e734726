"""A bucket of the loopback cloud, through the real oss2."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from imgkit.aliyun.credentials import Credentials, FixedCredentials, Keys
from imgkit.aliyun.endpoints import oss_endpoint
from imgkit.aliyun.network import NetworkSettings
from imgkit.aliyun.oss import OssStore, open_bucket
from imgkit.aliyun.retrying import Retry
from imgkit.ports import RangeSource
from imgkit.simulator.keyring import AccessKey
from imgkit.simulator.simulator import Simulator

DATA = bytes(range(256)) * 4096  # 1 MiB
KEY = "case7_m-1_system.raw.tar.gz"
Reach = Callable[..., OssStore]


@contextmanager
def loopback_cloud(folder: Path) -> Iterator[Simulator]:
    """A cloud with one object in its bucket."""
    with Simulator(folder) as running:
        running.put_object(KEY, DATA, multipart=True)
        yield running
    assert running.bugs == ()


@contextmanager
def reaching(simulator: Simulator) -> Iterator[Reach]:
    """Open buckets of that cloud, as often as wanted; all are closed at the end."""
    made: list[OssStore] = []

    def opened(bucket: str = "evidence", credentials: Credentials | None = None, **options: Any) -> OssStore:
        told = simulator.describe()
        region = options.pop("region_id", told["region_id"])
        keys = Keys(told["access_key_id"], told["access_key_secret"], "")
        store = open_bucket(
            bucket,
            region_id=region,
            credentials=credentials or FixedCredentials("a test", keys),
            endpoint=oss_endpoint(region, explicit=told["oss_endpoint"]),
            network=options.pop("network", NetworkSettings(read_timeout_seconds=10.0)),
            retry=Retry(attempts=3, sleep=lambda _: None),
            **options,
        )
        made.append(store)
        return store

    yield opened
    for store in made:
        store.close()


def fixed(key: AccessKey) -> FixedCredentials:
    return FixedCredentials("a test", Keys(key.key_id, key.secret, key.token))


def read(
    source: RangeSource,
    start: int,
    length: int,
    etag: str,
    *,
    piece_bytes: int = 64 * 1024,
    into: bytearray | None = None,
) -> bytes:
    got = bytearray() if into is None else into
    buffer = bytearray(piece_bytes)
    with source.open_range(start, length, etag=etag) as body:
        while count := body.readinto(memoryview(buffer)):
            got += buffer[:count]
    return bytes(got)
