"""The control endpoint, as a script without this package uses it."""

from typing import Any

import oss2
import pytest
import requests

from imgkit.simulator import Simulator

DATA = b"0123456789"


@pytest.fixture
def cloud(tmp_path):
    with Simulator(tmp_path) as simulator:
        yield simulator
        assert simulator.bugs == ()


def bucket(cloud: Simulator, key_id: str = "", secret: str = "", token: str = "") -> Any:
    words = cloud.describe()
    auth = oss2.StsAuth(
        key_id or words["access_key_id"], secret or words["access_key_secret"], token, auth_version="v4"
    )
    return oss2.Bucket(auth, cloud.url, "evidence", region=words["region_id"])


def control(cloud: Simulator, method: str, what: str, **words: Any) -> Any:
    return requests.request(method, f"{cloud.control_url}/{what}", timeout=10, **words)


def test_objects_are_put_replaced_and_deleted(cloud):
    assert control(cloud, "PUT", "objects/evidence/a%2Fb", data=DATA).status_code == 200
    assert bucket(cloud).get_object("a/b").read() == DATA
    control(cloud, "PUT", "objects/evidence/a%2Fb?storage-class=Archive", data=b"other")
    with pytest.raises(oss2.exceptions.OssError) as caught:
        bucket(cloud).get_object("a/b")
    assert caught.value.code == "InvalidObjectState"
    control(cloud, "DELETE", "objects/evidence/a%2Fb")
    assert cloud.object_keys() == ()


def test_faults_are_added_told_and_cleared(cloud):
    cloud.put_object("key", DATA)
    fault = {"kind": "error", "action": "GetObject", "code": "InternalError", "times": None}
    assert control(cloud, "POST", "faults", json=[fault]).json() == {"added": 1}
    assert control(cloud, "GET", "faults").json()[0]["code"] == "InternalError"
    with pytest.raises(oss2.exceptions.ServerError):
        bucket(cloud).get_object("key")
    control(cloud, "DELETE", "faults")
    assert bucket(cloud).get_object("key").read() == DATA


def test_the_log_is_read_and_forgotten(cloud):
    cloud.put_object("key", DATA)
    bucket(cloud).get_object("key", byte_range=(2, 3)).read()
    told = control(cloud, "GET", "requests").json()
    assert [(one["method"], one["key"], one["range"], one["status"]) for one in told] == [
        ("GET", "key", "bytes=2-3", 206)
    ]
    control(cloud, "DELETE", "requests")
    assert control(cloud, "GET", "requests").json() == []


def test_settings_images_and_buckets_change(cloud):
    assert control(cloud, "POST", "settings", json={"archive": "dense"}).status_code == 200
    assert control(cloud, "GET", "settings").json()["archive"] == "dense"
    control(cloud, "POST", "images/m-1", json={"status": "Creating", "tags": {"case": "42"}})
    control(cloud, "POST", "buckets/other", json={"region_id": "cn-beijing"})
    assert [one["image_id"] for one in control(cloud, "GET", "cloud").json()["images"]] == ["m-1"]
    service = oss2.Service(bucket(cloud).auth, cloud.url, region="cn-hangzhou")
    assert [one.name for one in service.list_buckets().buckets] == ["evidence", "other"]


def test_a_temporary_key_is_made(cloud):
    cloud.put_object("key", DATA)
    key = control(cloud, "POST", "tokens", json={"seconds": 60}).json()
    files = bucket(cloud, key["access_key_id"], key["access_key_secret"], key["security_token"])
    assert files.get_object("key").read() == DATA


@pytest.mark.parametrize(
    ("method", "what", "words", "status"),
    [
        ("POST", "faults", {"json": {"kind": "nonsense"}}, 400),
        ("POST", "faults", {"json": {"kind": "cut", "speed": 1}}, 400),
        ("POST", "faults", {"json": "cut"}, 400),
        ("POST", "faults", {"data": b"{"}, 400),
        ("POST", "settings", {"json": {"naming": "camel"}}, 400),
        ("POST", "settings", {"json": {"gzip_level": "six"}}, 400),
        ("POST", "images/UP", {"json": {}}, 400),
        ("POST", "buckets/a_b", {"json": {}}, 400),
        ("PUT", "objects/unknown/key", {"data": b""}, 404),
        ("POST", "tokens", {"json": {"seconds": "long"}}, 400),
        ("PATCH", "faults", {}, 404),
        ("GET", "nothing", {}, 404),
    ],
)
def test_what_is_not_understood_is_refused(cloud, method, what, words, status):
    assert control(cloud, method, what, **words).status_code == status


def test_nothing_is_done_without_the_token(cloud):
    assert requests.get(f"{cloud.url}/_control/guess/requests", timeout=10).status_code == 403
    assert requests.get(f"{cloud.url}/_control/", timeout=10).status_code == 403
