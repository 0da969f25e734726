"""The loopback OSS under alibabacloud-oss-v2, the vendor's newer SDK for Python."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import alibabacloud_oss_v2 as oss
import pytest
import requests

from imgkit.digests import crc64
from imgkit.simulator import AccessKey, Fault, FaultKind, Simulator

KEY = "dir/a b+ü.txt"
DATA = bytes(range(256)) * 40


@pytest.fixture
def cloud(tmp_path):
    with Simulator(tmp_path) as simulator:
        yield simulator
        assert simulator.bugs == ()


def client(cloud: Simulator, *, signature: str = "v4", token: AccessKey | None = None, **overrides: str) -> Any:
    words = cloud.describe()
    key_id, secret = words["access_key_id"], words["access_key_secret"]
    if token:
        key_id, secret = token.key_id, token.secret
    config = oss.config.load_default()
    config.credentials_provider = oss.credentials.StaticCredentialsProvider(
        key_id, overrides.pop("secret", secret), token.token if token else None
    )
    config.region = overrides.pop("region", words["region_id"])
    config.endpoint = words["oss_endpoint"]
    config.signature_version = signature
    config.use_path_style = True
    return oss.Client(config)


def put(files: Any, key: str = KEY, data: bytes = DATA) -> Any:
    return files.put_object(oss.PutObjectRequest(bucket="evidence", key=key, body=data))


def get(files: Any, key: str = KEY, **words: str) -> Any:
    return files.get_object(oss.GetObjectRequest(bucket="evidence", key=key, **words))


def refusal(call: Callable[..., Any], *args: object, **words: object) -> Any:
    with pytest.raises(oss.exceptions.OperationError) as caught:
        call(*args, **words)
    error = caught.value.unwrap()
    assert isinstance(error, oss.exceptions.ServiceError)
    return error


@pytest.mark.parametrize("signature", ["v1", "v4"])
def test_both_signatures_read_write_and_list(cloud, signature):
    files = client(cloud, signature=signature)
    assert put(files).hash_crc64 == str(crc64(DATA))
    part = get(files, range_header="bytes=10-19", range_behavior="standard")
    assert (part.status_code, part.body.content) == (206, DATA[10:20])
    for name in ("l/1", "l/2", "l/3"):
        put(files, name)
    pages = files.list_objects_v2_paginator().iter_page(
        oss.ListObjectsV2Request(bucket="evidence", prefix="l/", max_keys=2)
    )
    assert [[one.key for one in page.contents] for page in pages] == [["l/1", "l/2"], ["l/3"]]
    assert files.get_bucket_info(oss.GetBucketInfoRequest(bucket="evidence")).bucket_info.name == "evidence"
    assert files.get_bucket_location(oss.GetBucketLocationRequest(bucket="evidence")).location == "oss-cn-hangzhou"


def test_a_temporary_key_reads(cloud):
    cloud.put_object(KEY, DATA)
    assert get(client(cloud, token=cloud.issue_token())).body.content == DATA


@pytest.mark.parametrize("signature", ["v1", "v4"])
def test_presigned_urls_open(cloud, signature):
    cloud.put_object(KEY, DATA)
    request = oss.GetObjectRequest(bucket="evidence", key=KEY)
    signed = client(cloud, signature=signature).presign(request, expires=dt.timedelta(seconds=60))
    assert requests.get(signed.url, timeout=10).content == DATA


@pytest.mark.parametrize(
    ("overrides", "code"),
    [({"secret": "wrong"}, "SignatureDoesNotMatch"), ({"region": "cn-nowhere"}, "InvalidArgument")],
)
def test_refuses_a_wrong_secret_and_a_wrong_region(cloud, overrides, code):
    cloud.put_object(KEY, DATA)
    assert refusal(get, client(cloud, **overrides)).code == code


def test_errors_of_head_can_be_read(cloud):
    request = oss.HeadObjectRequest(bucket="evidence", key="not there")
    assert refusal(client(cloud).head_object, request).code == "NoSuchKey"


def test_archived_objects_are_restored(cloud):
    cloud.put_object(KEY, DATA, storage_class="ColdArchive")
    files = client(cloud)
    assert refusal(get, files).code == "InvalidObjectState"
    request = oss.RestoreObjectRequest(
        bucket="evidence",
        key=KEY,
        restore_request=oss.RestoreRequest(days=2, job_parameters=oss.JobParameters(tier="Expedited")),
    )
    assert files.restore_object(request).status_code == 202
    assert get(files).body.content == DATA


def test_its_downloader_fetches_again_what_was_cut(cloud, tmp_path):
    data = DATA * 200
    cloud.put_object(KEY, data)
    cloud.add_faults(Fault(FaultKind.CUT, action="GetObject", range_covers=0, after_bytes=1000, times=2))
    target = tmp_path / "target"
    client(cloud).downloader(part_size=300_000, parallel_num=3).download_file(
        oss.GetObjectRequest(bucket="evidence", key=KEY), str(target)
    )
    assert target.read_bytes() == data
    assert sum(1 for one in cloud.requests if "cut" in one.faults) == 2


def test_a_503_is_tried_again(cloud):
    cloud.put_object(KEY, DATA)
    cloud.add_faults(Fault(FaultKind.ERROR, action="GetObject", code="ServiceUnavailable", times=2))
    assert get(client(cloud)).body.content == DATA
    assert [one.status for one in cloud.requests] == [503, 503, 200]
