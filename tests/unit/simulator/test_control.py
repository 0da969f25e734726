"""The control endpoint."""

import json
from typing import Any

import pytest
from tests.unit.simulator.requests_at_rest import request, small_cloud

from imgkit.simulator.cloud import Cloud
from imgkit.simulator.control import Control


@pytest.fixture
def cloud(tmp_path):
    return small_cloud(tmp_path)


def ask(cloud: Cloud, method: str, what: str, body: bytes = b"", *, token: str = "token") -> tuple[int, Any]:
    control = Control(cloud, "token", lambda: {"port": 1})
    asked = request(method, f"/_control/{token}/{what}", body=body)
    assert control.is_meant(asked)
    response = control.handle(asked)
    return response.status, json.loads(response.body)


def test_other_paths_are_not_meant(cloud):
    assert not Control(cloud, "token", dict).is_meant(request(target="/evidence/_control/token"))


def test_a_wrong_token_does_nothing(cloud):
    status, _ = ask(cloud, "POST", "faults", b'{"kind": "cut"}', token="tokem")
    assert (status, cloud.faults.waiting()) == (403, ())


def test_faults_are_ordered_told_and_cleared(cloud):
    assert ask(cloud, "POST", "faults", b'[{"kind": "cut"}, {"kind": "slow", "bytes_per_second": 5}]')[1] == {
        "added": 2
    }
    assert [fault["kind"] for fault in ask(cloud, "GET", "faults")[1]] == ["cut", "slow"]
    ask(cloud, "DELETE", "faults")
    assert cloud.faults.waiting() == ()


def test_of_two_faults_with_one_wrong_none_is_taken(cloud):
    status, words = ask(cloud, "POST", "faults", b'[{"kind": "cut"}, {"kind": "nonsense"}]')
    assert (status, "nonsense" in words["error"], cloud.faults.waiting()) == (400, True, ())


def test_settings_change_and_the_secret_stays_one(cloud):
    ask(cloud, "POST", "settings", b'{"archive": "dense"}')
    assert cloud.settings.archive == "dense"
    assert ask(cloud, "GET", "settings")[1]["access_key_secret"] == "…"


def test_objects_are_put_and_deleted(cloud):
    assert ask(cloud, "PUT", "objects/evidence/a%2Fb?storage-class=IA", b"data")[1]["size"] == 4
    assert cloud.store.find("evidence", "a/b").storage_class == "IA"
    ask(cloud, "DELETE", "objects/evidence/a%2Fb")
    assert cloud.store.keys("evidence") == []


def test_a_temporary_key_is_issued(cloud):
    _, words = ask(cloud, "POST", "tokens", b'{"seconds": 5}')
    key = cloud.keyring.find(words["access_key_id"])
    assert (key.secret, key.token) == (words["access_key_secret"], words["security_token"])


def test_images_and_buckets_change(cloud):
    ask(cloud, "POST", "images/m-1", b'{"status": "Creating"}')
    ask(cloud, "POST", "buckets/evidence", b'{"encryption": "KMS"}')
    assert (cloud.images()[0].status, len(cloud.images()[0].disks)) == ("Creating", 1)
    assert cloud.bucket("evidence").encryption == "KMS"


def test_the_printed_line_can_be_read_again(cloud):
    assert ask(cloud, "GET", "cloud") == (200, {"port": 1})


@pytest.mark.parametrize(
    ("method", "what", "body", "status"),
    [
        ("POST", "faults", b"{", 400),
        ("POST", "faults", b"[" * 100_000, 400),
        ("POST", "settings", bytes(4 * 1024 * 1024 + 1), 413),
        ("POST", "tokens", b'{"seconds": true}', 400),
        ("PUT", "objects/unknown/key", b"", 404),
        ("PUT", "objects/evidence/", b"", 404),
        ("GET", "nothing", b"", 404),
    ],
)
def test_nonsense_is_refused(cloud, method, what, body, status):
    assert ask(cloud, method, what, body)[0] == status
