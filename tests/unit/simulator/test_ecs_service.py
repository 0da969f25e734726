"""The actions of ECS, asked with signed requests."""

import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.unit.simulator.requests_at_rest import NOW, request, small_cloud, wait_for_exports

from imgkit.simulator.acs3 import sign, string_to_sign
from imgkit.simulator.ecs_service import EcsService
from imgkit.simulator.exports import Exporter
from imgkit.simulator.faults import Fault, FaultKind
from imgkit.simulator.images import CloudImage

HOME = "cn-hangzhou"


class Asker:
    """Signs and asks."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.cloud = small_cloud(root, packaging="bare", **settings)
        self.exporter = Exporter(self.cloud)
        self.service = EcsService(self.cloud, self.exporter)
        self.count = 0

    def ask(
        self, action: str, *faults: Fault, body: bytes = b"", version: str = "2014-05-26", **parameters: object
    ) -> tuple[int, Any]:
        self.count += 1
        headers = {
            "host": "h",
            "x-acs-action": action,
            "x-acs-version": version,
            "x-acs-date": NOW.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "x-acs-signature-nonce": str(self.count),
            "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
        }
        names = tuple(headers)
        words = {name.replace("_", "."): value for name, value in parameters.items()}
        asked = request("POST", f"/?{urlencode(words)}", headers, body)
        settings = self.cloud.settings
        signature = sign(settings.access_key_secret, string_to_sign(asked, names))
        headers["authorization"] = (
            f"ACS3-HMAC-SHA256 Credential={settings.access_key_id},"
            f"SignedHeaders={';'.join(names)},Signature={signature}"
        )
        asked = request("POST", f"/?{urlencode(words)}", headers, body)
        response = self.service.handle(asked, faults)
        return response.status, json.loads(response.body)


@pytest.fixture
def ecs(tmp_path):
    asker = Asker(tmp_path)
    yield asker
    asker.exporter.stop()


def test_an_image_is_described(ecs):
    status, words = ecs.ask("DescribeImages", RegionId=HOME, ImageId="m-1,m-2")
    assert (status, words["TotalCount"], words["Images"]["Image"][0]["ImageId"]) == (200, 1, "m-1")


def test_pages_are_cut_from_the_whole(ecs):
    for number in range(2, 6):
        ecs.cloud.put_image(CloudImage(image_id=f"m-{number}"))
    _, words = ecs.ask("DescribeImages", RegionId=HOME, PageNumber=2, PageSize=2)
    assert [one["ImageId"] for one in words["Images"]["Image"]] == ["m-3", "m-4"]
    assert (words["TotalCount"], words["PageNumber"], words["PageSize"]) == (5, 2, 2)


def test_tags_are_read_from_their_numbers(ecs):
    ecs.cloud.put_image(CloudImage(image_id="m-2", tags=(("case", "42"),)))
    _, words = ecs.ask("DescribeImages", RegionId=HOME, Tag_1_Key="case", Tag_1_Value="42")
    assert [one["ImageId"] for one in words["Images"]["Image"]] == ["m-2"]


def test_a_task_is_started_followed_and_listed(ecs):
    ecs.cloud.put_image(CloudImage(image_id="m-2"))
    _, started = ecs.ask("ExportImage", RegionId=HOME, ImageId="m-2", OSSBucket="evidence")
    wait_for_exports(ecs.cloud)
    _, told = ecs.ask("DescribeTaskAttribute", RegionId=HOME, TaskId=started["TaskId"])
    _, listed = ecs.ask("DescribeTasks", RegionId=HOME, ResourceIds_1="m-2", StartTime="2026-11-22T17:59Z")
    assert (told["TaskStatus"], told["TaskProcess"]) == ("Finished", "100%")
    assert [task["TaskId"] for task in listed["TaskSet"]["Task"]] == [started["TaskId"]]
    assert "TaskProcess" not in listed["TaskSet"]["Task"][0]


def test_a_fault_changes_the_word_for_a_status(ecs):
    ecs.cloud.put_image(CloudImage(image_id="m-2"))
    _, started = ecs.ask("ExportImage", RegionId=HOME, ImageId="m-2", OSSBucket="evidence")
    fault = Fault(FaultKind.STATUS_WORD, value="Pondering")
    for action in ("DescribeTaskAttribute", "DescribeTasks"):
        _, words = ecs.ask(action, fault, RegionId=HOME, TaskId=started["TaskId"])
        task = words if action == "DescribeTaskAttribute" else words["TaskSet"]["Task"][0]
        assert task["TaskStatus"] == "Pondering"


@pytest.mark.parametrize(
    ("action", "parameters", "code"),
    [
        ("DescribeImages", {}, "MissingParameter"),
        ("DescribeImages", {"RegionId": "mars"}, "InvalidRegionId.NotFound"),
        ("DescribeImages", {"RegionId": HOME, "PageSize": "101"}, "InvalidParameter"),
        ("DescribeImages", {"RegionId": HOME, "PageNumber": "0"}, "InvalidParameter"),
        ("DescribeImages", {"RegionId": HOME, "DryRun": "True"}, "DryRunOperation"),
        (
            "ExportImage",
            {"RegionId": HOME, "ImageId": "m-1", "OSSBucket": "evidence", "DryRun": "True"},
            "DryRunOperation",
        ),
        ("DescribeTasks", {"RegionId": HOME, "StartTime": "yesterday"}, "InvalidParameter"),
        ("DescribeTaskAttribute", {"RegionId": HOME}, "MissingParameter"),
        ("DescribeTaskAttribute", {"RegionId": HOME, "TaskId": "t-0"}, "InvalidTaskId.NotFound"),
        ("CancelTask", {"RegionId": HOME, "TaskId": "t-0"}, "InvalidTaskId.NotFound"),
        ("DeleteImage", {"RegionId": HOME}, "InvalidAction.NotFound"),
        ("DescribeImages", {"RegionId": HOME, "version": "2010-01-01"}, "InvalidAction.NotFound"),
        ("DescribeImages", {"RegionId": HOME, "body": bytes(1024 * 1024 + 1)}, "RequestEntityTooLarge"),
    ],
)
def test_what_is_wrong_is_refused(ecs, action, parameters, code):
    status, words = ecs.ask(action, **parameters)
    assert (words["Code"], status >= 400) == (code, True)


def test_a_dry_run_may_end_in_plain_success(tmp_path):
    ecs = Asker(tmp_path, dry_run="success")
    status, words = ecs.ask("ExportImage", RegionId=HOME, ImageId="m-1", OSSBucket="evidence", DryRun="True")
    assert (status, "TaskId" in words, ecs.cloud.tasks.all()) == (200, False, ())


def test_a_task_of_another_region_is_not_found(ecs):
    ecs.cloud.put_image(CloudImage(image_id="m-2"))
    _, started = ecs.ask("ExportImage", RegionId=HOME, ImageId="m-2", OSSBucket="evidence")
    _, words = ecs.ask("DescribeTaskAttribute", RegionId="cn-beijing", TaskId=started["TaskId"])
    assert words["Code"] == "InvalidTaskId.NotFound"
