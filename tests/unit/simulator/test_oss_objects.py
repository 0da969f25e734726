"""Operations on objects."""

import hashlib
from base64 import b64encode
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.simulator.requests_at_rest import NOW, request, small_cloud

from imgkit.digests import crc64
from imgkit.simulator.buckets import CloudBucket
from imgkit.simulator.faults import Fault, FaultKind
from imgkit.simulator.messages import PLAIN, ConnectionDropped, Response
from imgkit.simulator.oss_call import OssCall
from imgkit.simulator.oss_errors import OssError
from imgkit.simulator.oss_objects import ObjectOperations
from imgkit.simulator.oss_places import Place

DATA = b"0123456789"


class Objects:
    """Asks past the signatures."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.cloud = small_cloud(root, **settings)
        self.operations = ObjectOperations(self.cloud)

    def ask(
        self,
        what: str,
        *faults: Fault,
        key: str = "key",
        query: str = "",
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        now: datetime = NOW,
    ) -> Any:
        asked = request("GET", f"/evidence/{key}?{query}", headers, body)
        call = OssCall(
            request=asked,
            place=Place(bucket="evidence", key=key),
            bucket=self.cloud.bucket("evidence"),
            now=now,
            request_id="R",
            faults=faults,
        )
        return getattr(self.operations, what)(call)

    def content(self, response: Response) -> bytes:
        assert response.file is not None
        with response.file.file as file:
            file.seek(response.file.offset)
            return file.read(response.file.count)

    def refusal(self, what: str, **words: Any) -> str:
        with pytest.raises(OssError) as caught:
            self.ask(what, **words)
        return caught.value.code


@pytest.fixture
def objects(tmp_path):
    objects = Objects(tmp_path)
    objects.ask("put", body=DATA)
    return objects


def test_what_was_put_is_got(objects):
    response = objects.ask("get")
    assert (response.status, objects.content(response), response.delivery) == (200, DATA, PLAIN)
    assert response.header("x-oss-hash-crc64ecma") == str(crc64(DATA))
    assert response.header("etag") == f'"{hashlib.md5(DATA).hexdigest().upper()}"'


def test_a_range_is_part_of_it_with_the_crc_of_the_whole(objects):
    response = objects.ask("get", headers={"range": "bytes=2-3"})
    assert (response.status, objects.content(response)) == (206, b"23")
    assert response.header("content-range") == "bytes 2-3/10"
    assert response.header("x-oss-hash-crc64ecma") == str(crc64(DATA))


def test_a_fault_overlooks_the_range(objects):
    response = objects.ask("get", Fault(FaultKind.WHOLE), headers={"range": "bytes=2-3"})
    assert (response.status, objects.content(response)) == (200, DATA)


def test_head_announces_and_sends_nothing(objects):
    response = objects.ask("head")
    assert (response.status, response.length, response.body, response.file) == (200, 10, b"", None)


@pytest.mark.parametrize(
    ("what", "words", "code"),
    [
        ("get", {"key": "absent"}, "NoSuchKey"),
        ("get", {"query": "versionId=1"}, "NoSuchVersion"),
        ("get", {"headers": {"if-match": "other"}}, "PreconditionFailed"),
        ("head", {"headers": {"if-match": "other"}}, "PreconditionFailed"),
        ("get", {"headers": {"range": "bytes=10-", "x-oss-range-behavior": "standard"}}, "InvalidRange"),
        ("get", {"query": "x-oss-traffic-limit=1"}, "InvalidArgument"),
        ("restore", {}, "OperationNotSupported"),
        ("put", {"headers": {"x-oss-forbid-overwrite": "true"}}, "FileAlreadyExists"),
        ("put", {"headers": {"content-md5": "wrong"}}, "InvalidDigest"),
        ("put", {"headers": {"content-md5": b64encode(bytes(16)).decode()}}, "InvalidDigest"),
        ("put", {"headers": {"x-oss-hash-crc64ecma": "1"}}, "InvalidArgument"),
        ("put", {"key": "a" * 1024}, "InvalidObjectName"),
    ],
)
def test_what_cannot_be_done_is_refused(objects, what, words, code):
    assert objects.refusal(what, **words) == code
    assert objects.cloud.store.keys("evidence") == ["key"]


def test_an_unchanged_object_is_not_sent_again(objects):
    response = objects.ask("get", headers={"if-none-match": hashlib.md5(DATA).hexdigest().upper()})
    assert (response.status, response.file) == (304, None)


def test_digests_that_fit_are_accepted(objects):
    digest = b64encode(hashlib.md5(b"new").digest()).decode()
    headers = {"content-md5": digest, "x-oss-hash-crc64ecma": str(crc64(b"new"))}
    assert objects.ask("put", headers=headers, body=b"new").status == 200


def test_a_client_that_hangs_up_leaves_no_object(objects):
    class Short:
        length = 100

        def read(self, _):
            return b""

    asked = request("PUT")
    object.__setattr__(asked, "body", Short())
    call = OssCall(
        request=asked,
        place=Place(bucket="evidence", key="short"),
        bucket=objects.cloud.bucket("evidence"),
        now=NOW,
        request_id="R",
    )
    with pytest.raises(ConnectionDropped):
        objects.operations.put(call)
    assert objects.cloud.store.keys("evidence") == ["key"]


def test_metadata_and_type_come_back(objects):
    objects.ask("put", headers={"x-oss-meta-case": "42", "content-type": "text/plain"}, body=DATA)
    response = objects.ask("head", query="response-content-disposition=inline")
    found = [response.header(name) for name in ("x-oss-meta-case", "content-type", "content-disposition")]
    assert found == ["42", "text/plain", "inline"]


def test_a_traffic_limit_slows_the_delivery(objects):
    response = objects.ask("get", headers={"x-oss-traffic-limit": "819200"})
    response.file.file.close()
    assert response.delivery.bytes_per_second == 102400


def test_a_frozen_object_is_restored(tmp_path):
    objects = Objects(tmp_path, restore_seconds=60)
    objects.ask("put", headers={"x-oss-storage-class": "Archive"}, body=DATA)
    assert objects.refusal("get") == "InvalidObjectState"
    assert objects.ask("head").status == 200
    assert objects.ask("restore", body=b"<RestoreRequest><Days>3</Days></RestoreRequest>").status == 202
    assert objects.refusal("restore") == "RestoreAlreadyInProgress"
    assert objects.refusal("get", now=NOW + timedelta(seconds=59)) == "InvalidObjectState"
    response = objects.ask("get", now=NOW + timedelta(seconds=60))
    assert objects.content(response) == DATA
    assert "Wed, 25 Nov 2026 18:01:00 GMT" in response.header("x-oss-restore")
    assert objects.ask("restore", now=NOW + timedelta(seconds=60)).status == 200
    assert objects.refusal("get", now=NOW + timedelta(days=4)) == "InvalidObjectState"


def test_archives_with_real_time_access_need_no_restore(tmp_path):
    objects = Objects(tmp_path)
    objects.cloud.put_bucket(CloudBucket(name="evidence", archive_direct_read=True))
    objects.ask("put", headers={"x-oss-storage-class": "Archive"}, body=DATA)
    assert objects.content(objects.ask("get")) == DATA
    objects.ask("put", headers={"x-oss-storage-class": "ColdArchive"}, body=DATA)
    assert objects.refusal("get") == "InvalidObjectState"


def test_deleting_twice_is_no_error(objects):
    assert [objects.ask("delete").status for _ in range(2)] == [204, 204]
    assert objects.cloud.store.keys("evidence") == []
