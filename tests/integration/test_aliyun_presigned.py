"""Presigned URLs of both signatures against the loopback cloud, made by oss2 and by its successor."""

import warnings
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import oss2
import pytest
from fastcrc import crc64

from imgkit.aliyun.presigned import PresignedSource, open_presigned
from imgkit.errors import AccessDenied, CloudError, NoSuchBucketOrObject, ObjectChanged, UrlExpired
from imgkit.ports import RangeFailed
from imgkit.simulator.faults import Fault, FaultKind
from imgkit.simulator.keyring import AccessKey
from imgkit.simulator.simulator import Simulator

DATA = bytes(range(256)) * 1024
KEY = "folder/case 7_m-1_system.raw.tar.gz"
Open = Callable[[str], PresignedSource]


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    with Simulator(tmp_path) as running:
        running.put_object(KEY, DATA)
        running.put_object("empty", b"")
        yield running
    assert running.bugs == ()


@pytest.fixture
def opened() -> Iterator[Open]:
    made: list[PresignedSource] = []

    def open_one(url: str) -> PresignedSource:
        made.append(open_presigned(url))
        return made[-1]

    yield open_one
    for source in made:
        source.close()


def sign(
    simulator: Simulator, version: str, key: str = KEY, *, token: AccessKey | None = None, seconds: int = 600
) -> str:
    told = simulator.describe()
    key_id, secret = told["access_key_id"], told["access_key_secret"]
    auth: Any = oss2.Auth(key_id, secret) if version == "v1" else oss2.AuthV4(key_id, secret)
    if token:
        auth = oss2.StsAuth(token.key_id, token.secret, token.token, auth_version=version)
    bucket = oss2.Bucket(auth, told["oss_endpoint"], "evidence", region=told["region_id"])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return str(bucket.sign_url("GET", key, seconds, slash_safe=True))
    finally:
        bucket.session.session.close()


def read(source: PresignedSource, start: int, length: int, etag: str) -> bytes:
    got = b""
    buffer = bytearray(10_000)
    with source.open_range(start, length, etag=etag) as body:
        while count := body.readinto(memoryview(buffer)):
            got += buffer[:count]
    return got


@pytest.mark.parametrize("version", ["v1", "v4"])
@pytest.mark.parametrize("temporary", [False, True])
def test_an_object_is_read_through_either_signature(simulator, opened, version, temporary):
    source = opened(sign(simulator, version, token=simulator.issue_token() if temporary else None))
    info = source.describe()

    assert (info.size, info.crc64, info.key, info.bucket) == (len(DATA), crc64.xz(DATA), KEY, "evidence")
    assert read(source, 1000, 50_000, info.etag) == DATA[1000:51_000]
    assert read(source, len(DATA) - 7, 7, info.etag) == DATA[-7:]


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_the_urls_own_end_is_known(simulator, opened, version):
    source = opened(sign(simulator, version, seconds=600))
    date = source.describe().server_date

    assert source.expires_at is not None
    assert date is not None
    assert timedelta(seconds=580) < source.expires_at - date < timedelta(seconds=605)


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_an_empty_object_is_described(simulator, opened, version):
    assert opened(sign(simulator, version, "empty")).describe().size == 0


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_an_expired_url_is_told(simulator, opened, version):
    source = opened(sign(simulator, version, seconds=60))
    etag = source.describe().etag
    simulator.change_settings(clock_offset_seconds=120.0)

    with pytest.raises(UrlExpired, match="expired"):
        read(source, 0, 10, etag)


def test_a_url_dies_with_its_token(simulator, opened):
    token = simulator.issue_token()
    source = opened(sign(simulator, "v4", token=token))
    etag = source.describe().etag
    simulator.expire_token(token)

    with pytest.raises(UrlExpired):
        read(source, 0, 10, etag)


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_a_url_that_lost_its_end_is_refused_with_a_hint(simulator, opened, version):
    whole = sign(simulator, version)

    with pytest.raises((AccessDenied, CloudError)) as caught:
        opened(whole.partition("&")[0]).describe()

    assert whole.partition("?")[2] not in str(caught.value)


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_a_url_of_nothing(simulator, opened, version):
    with pytest.raises(NoSuchBucketOrObject):
        opened(sign(simulator, version, "nothere")).describe()


@pytest.mark.parametrize("version", ["v1", "v4"])
def test_a_replaced_object_is_noticed(simulator, opened, version):
    source = opened(sign(simulator, version))
    etag = source.describe().etag
    simulator.put_object(KEY, b"other" * 1000)

    with pytest.raises(ObjectChanged):
        read(source, 0, 10, etag)


@pytest.mark.parametrize("fault", [FaultKind.WHOLE, FaultKind.HTML, FaultKind.DROP_AFTER, FaultKind.CUT])
def test_trouble_on_the_way_may_be_asked_again(simulator, opened, fault):
    source = opened(sign(simulator, "v4"))
    etag = source.describe().etag
    simulator.add_faults(Fault(fault, action="GetObject"))

    with pytest.raises(RangeFailed):
        read(source, 0, 1000, etag)
    assert read(source, 0, 1000, etag) == DATA[:1000]


def test_a_frozen_object_says_so(simulator, opened):
    simulator.put_object("frozen", b"ice", storage_class="ColdArchive")

    with pytest.raises(CloudError, match="restored first"):
        opened(sign(simulator, "v4", "frozen")).describe()
