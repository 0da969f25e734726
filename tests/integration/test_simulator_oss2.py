"""The loopback OSS under oss2, the vendor's older SDK for Python."""

from collections.abc import Callable
from typing import Any

import oss2
import pytest
import requests

from imgkit.digests import crc64
from imgkit.simulator import CloudBucket, Fault, FaultKind, Simulator

REGION = "cn-hangzhou"
KEY = "dir/a b+ü.txt"
DATA = bytes(range(256)) * 40


@pytest.fixture
def cloud(tmp_path):
    with Simulator(tmp_path) as simulator:
        yield simulator
        assert simulator.bugs == ()


def keys(cloud: Simulator) -> tuple[str, str]:
    words = cloud.describe()
    return words["access_key_id"], words["access_key_secret"]


def v1(cloud: Simulator) -> Any:
    return oss2.Auth(*keys(cloud))


def v4(cloud: Simulator) -> Any:
    return oss2.AuthV4(*keys(cloud))


def provided_v4(cloud: Simulator) -> Any:
    return oss2.ProviderAuthV4(oss2.credentials.StaticCredentialsProvider(*keys(cloud)))


def sts_v1(cloud: Simulator) -> Any:
    key = cloud.issue_token()
    return oss2.StsAuth(key.key_id, key.secret, key.token)


def sts_v4(cloud: Simulator) -> Any:
    key = cloud.issue_token()
    return oss2.StsAuth(key.key_id, key.secret, key.token, auth_version="v4")


AUTHS = [v1, v4, provided_v4, sts_v1, sts_v4]


def bucket(cloud: Simulator, auth: Any = None, *, name: str = "evidence", region: str = REGION) -> Any:
    return oss2.Bucket(auth or v4(cloud), cloud.url, name, region=region, enable_crc=False)


def refusal(call: Callable[..., Any], *args: object, **words: object) -> Any:
    with pytest.raises(oss2.exceptions.OssError) as caught:
        call(*args, **words)
    return caught.value


@pytest.mark.parametrize("auth", AUTHS)
def test_every_signature_reads_writes_and_lists(cloud, auth):
    files = bucket(cloud, auth(cloud))
    files.put_object(KEY, DATA)
    part = files.get_object(KEY, byte_range=(10, 19), headers={"x-oss-range-behavior": "standard"})
    assert part.read() == DATA[10:20]
    assert files.head_object(KEY).content_length == len(DATA)
    assert [one.key for one in oss2.ObjectIteratorV2(files, prefix="dir/")] == [KEY]
    assert files.get_bucket_info().location == "oss-cn-hangzhou"
    files.delete_object(KEY)
    assert refusal(files.head_object, KEY).status == 404


@pytest.mark.parametrize("auth", AUTHS)
def test_every_signature_makes_urls_that_open(cloud, auth):
    cloud.put_object(KEY, DATA)
    url = bucket(cloud, auth(cloud)).sign_url("GET", KEY, 60, slash_safe=True)
    assert requests.get(url, timeout=10).content == DATA
    part = requests.get(url, headers={"Range": "bytes=0-0"}, timeout=10)
    assert (part.status_code, part.headers["Content-Range"]) == (206, f"bytes 0-0/{len(DATA)}")


@pytest.mark.parametrize("auth", [v1, v4])
def test_a_url_for_get_opens_neither_for_head_nor_with_another_header_of_oss(cloud, auth):
    cloud.put_object(KEY, DATA)
    url = bucket(cloud, auth(cloud)).sign_url("GET", KEY, 60, slash_safe=True)
    assert requests.head(url, timeout=10).status_code == 403
    answer = requests.get(url, headers={"x-oss-range-behavior": "standard"}, timeout=10)
    assert (answer.status_code, "SignatureDoesNotMatch" in answer.text) == (403, True)


@pytest.mark.parametrize("auth", [v1, v4])
def test_a_url_ends(cloud, auth):
    cloud.put_object(KEY, DATA)
    url = bucket(cloud, auth(cloud)).sign_url("GET", KEY, 60, slash_safe=True)
    cloud.change_settings(clock_offset_seconds=61)
    answer = requests.get(url, timeout=10)
    assert (answer.status_code, "Request has expired" in answer.text) == (403, True)


def test_a_url_signed_by_v4_lives_seven_days_at_most(cloud):
    cloud.put_object(KEY, DATA)
    url = bucket(cloud).sign_url("GET", KEY, 604801, slash_safe=True)
    assert requests.get(url, timeout=10).status_code == 400


def test_a_range_carries_the_crc_of_the_whole_object(cloud):
    cloud.put_object(KEY, DATA)
    part = bucket(cloud).get_object(KEY, byte_range=(0, 0))
    assert part.headers["x-oss-hash-crc64ecma"] == str(crc64(DATA))


def test_a_range_beyond_the_end_is_forgiven_unless_the_standard_is_asked_for(cloud):
    cloud.put_object(KEY, DATA)
    beyond = (len(DATA) - 1, len(DATA) + 5)
    assert bucket(cloud).get_object(KEY, byte_range=beyond).status == 200
    standard = {"x-oss-range-behavior": "standard"}
    clipped = bucket(cloud).get_object(KEY, byte_range=beyond, headers=standard)
    assert (clipped.status, clipped.read()) == (206, DATA[-1:])
    after = refusal(bucket(cloud).get_object, KEY, byte_range=(len(DATA), None), headers=standard)
    assert (after.status, after.code) == (416, "InvalidRange")


def test_a_replaced_object_fails_if_match(cloud):
    etag = cloud.put_object(KEY, DATA).etag
    cloud.put_object(KEY, DATA[::-1])
    assert refusal(bucket(cloud).get_object, KEY, headers={"If-Match": etag}).code == "PreconditionFailed"


def test_errors_of_head_come_in_a_header(cloud):
    error = refusal(bucket(cloud).head_object, "not there")
    assert (error.status, error.code) == (404, "NoSuchKey")


@pytest.mark.parametrize(
    ("name", "region", "code"),
    [
        ("unknown-bucket", REGION, "NoSuchBucket"),
        ("evidence", "cn-beijing", "InvalidArgument"),
        ("evidence", "oss-cn-hangzhou", "InvalidArgument"),
        ("far-away", REGION, "AccessDenied"),
    ],
)
def test_a_bucket_must_be_there_and_in_the_region_that_signs(cloud, name, region, code):
    cloud.put_bucket(CloudBucket(name="far-away", region_id="cn-shenzhen"))
    assert refusal(bucket(cloud, name=name, region=region).get_bucket_info).code == code


def test_a_bucket_elsewhere_says_where(cloud):
    cloud.put_bucket(CloudBucket(name="far-away", region_id="cn-shenzhen"))
    error = refusal(bucket(cloud, name="far-away").get_bucket_info)
    assert error.details["Endpoint"] == "oss-cn-shenzhen.aliyuncs.com"


def test_bucket_info_tells_of_encryption_and_class(cloud):
    cloud.put_bucket(CloudBucket(name="secret", encryption="KMS", storage_class="IA", versioning="Enabled"))
    info = bucket(cloud, name="secret").get_bucket_info()
    assert (info.bucket_encryption_rule.sse_algorithm, info.storage_class, info.versioning_status) == (
        "KMS",
        "IA",
        "Enabled",
    )


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda cloud: oss2.AuthV4(keys(cloud)[0], "wrong"), "SignatureDoesNotMatch"),
        (lambda cloud: oss2.Auth(keys(cloud)[0], "wrong"), "SignatureDoesNotMatch"),
        (lambda cloud: oss2.AuthV4("unknown", "x"), "InvalidAccessKeyId"),
        (lambda cloud: oss2.StsAuth(*keys(cloud), "made-up", auth_version="v4"), "InvalidAccessKeyId"),
        (lambda cloud: oss2.AnonymousAuth(), "AccessDenied"),
    ],
)
def test_refuses_who_cannot_sign(cloud, make, code):
    cloud.put_object(KEY, DATA)
    assert refusal(bucket(cloud, make(cloud)).get_object, KEY).code == code


def test_refuses_a_wrong_token_and_one_that_is_over(cloud):
    cloud.put_object(KEY, DATA)
    key = cloud.issue_token()
    wrong = oss2.StsAuth(key.key_id, key.secret, key.token + "x", auth_version="v4")
    assert refusal(bucket(cloud, wrong).get_object, KEY).code == "InvalidSecurityToken"
    cloud.expire_token(key)
    right = oss2.StsAuth(key.key_id, key.secret, key.token, auth_version="v4")
    assert refusal(bucket(cloud, right).get_object, KEY).code == "SecurityTokenExpired"


@pytest.mark.parametrize("auth", [v1, v4])
def test_refuses_a_clock_that_is_wrong(cloud, auth):
    cloud.put_object(KEY, DATA)
    cloud.change_settings(clock_offset_seconds=-16 * 60)
    error = refusal(bucket(cloud, auth(cloud)).get_object, KEY)
    assert (error.code, "ServerTime" in error.details) == ("RequestTimeTooSkewed", True)


def test_new_buckets_take_no_signature_v1(cloud):
    cloud.change_settings(refuse_v1=True)
    cloud.put_object(KEY, DATA)
    assert refusal(bucket(cloud, v1(cloud)).get_object, KEY).status == 400
    assert bucket(cloud).get_object(KEY).status == 200


def test_an_archived_object_is_read_after_its_restore(cloud):
    cloud.change_settings(restore_seconds=60)
    cloud.put_object(KEY, DATA, storage_class="Archive")
    files = bucket(cloud)
    assert refusal(files.get_object, KEY).code == "InvalidObjectState"
    assert files.restore_object(KEY).status == 202
    assert refusal(files.restore_object, KEY).code == "RestoreAlreadyInProgress"
    assert files.head_object(KEY).headers["x-oss-restore"] == 'ongoing-request="true"'
    cloud.change_settings(clock_offset_seconds=61)
    assert files.get_object(KEY).read() == DATA
    assert files.head_object(KEY).headers["x-oss-restore"].startswith('ongoing-request="false", expiry-date=')
    assert files.restore_object(KEY).status == 200


def test_a_put_is_held_against_its_md5(cloud):
    wrong = {"Content-MD5": oss2.utils.content_md5(b"other bytes")}
    assert refusal(bucket(cloud).put_object, KEY, DATA, headers=wrong).code == "InvalidDigest"
    assert cloud.object_keys() == ()


def test_uploads_in_chunks_arrive_whole(cloud):
    bucket(cloud).put_object(KEY, iter([DATA[:1000], DATA[1000:]]))
    assert cloud.read_object(KEY) == DATA


def test_lists_in_pages_and_folders(cloud):
    for name in ("a/1", "a/2", "b", "c/d/1", "ü"):
        cloud.put_object(name, b"x")
    files = bucket(cloud)
    found = [one.key for one in oss2.ObjectIteratorV2(files, delimiter="/", max_keys=1)]
    assert found == ["a/", "b", "c/", "ü"]
    assert [one.key for one in oss2.ObjectIterator(files, max_keys=2)] == ["a/1", "a/2", "b", "c/d/1", "ü"]


def test_oss2_s_own_download_arrives(cloud, tmp_path):
    data = DATA * 300
    cloud.put_object(KEY, data)
    files = oss2.Bucket(v4(cloud), cloud.url, "evidence", region=REGION)
    target = tmp_path / "target"
    oss2.resumable_download(
        files,
        KEY,
        str(target),
        multiget_threshold=1,
        part_size=len(data) // 7,
        store=oss2.ResumableDownloadStore(root=str(tmp_path)),
    )
    assert target.read_bytes() == data


def test_a_token_that_expires_after_n_requests(cloud):
    cloud.put_object(KEY, DATA)
    cloud.add_faults(Fault(FaultKind.EXPIRE_TOKEN, action="GetObject", skip=2))
    files = bucket(cloud, sts_v4(cloud))
    for _ in range(2):
        files.get_object(KEY).read()
    assert refusal(files.get_object, KEY).code == "SecurityTokenExpired"
    assert bucket(cloud, sts_v4(cloud)).get_object(KEY).read() == DATA
