"""The loopback ECS under the vendor's own SDK."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from alibabacloud_ecs20140526 import models
from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi.exceptions import ClientException, ServerException
from alibabacloud_tea_openapi.models import Config

from imgkit.simulator import CloudBucket, CloudDisk, CloudImage, Fault, FaultKind, Simulator

REGION = "cn-hangzhou"
IMAGE = "m-2ze6tciolfdoydrr6ze3"


@pytest.fixture
def folder(tmp_path):
    disks = tmp_path / "images" / IMAGE
    disks.mkdir(parents=True)
    (disks / "system.raw").write_bytes(b"system" * 1000)
    (disks / "xvdb.raw").write_bytes(b"data" * 1000)
    return tmp_path


@pytest.fixture
def cloud(folder):
    with Simulator(folder) as simulator:
        yield simulator
        assert simulator.bugs == ()


def client(cloud: Simulator, **overrides: str) -> Any:
    words = cloud.describe()
    known = {
        "access_key_id": words["access_key_id"],
        "access_key_secret": words["access_key_secret"],
        "endpoint": words["ecs_endpoint"],
        "region_id": words["region_id"],
        "protocol": "HTTP",
    }
    return Client(Config(**{**known, **overrides}))


def export(cloud: Simulator, **overrides: Any) -> Any:
    asked = {"region_id": REGION, "image_id": IMAGE, "ossbucket": "evidence", **overrides}
    return client(cloud).export_image(models.ExportImageRequest(**asked)).body


def task(cloud: Simulator, task_id: str) -> Any:
    asked = models.DescribeTaskAttributeRequest(region_id=REGION, task_id=task_id)
    return client(cloud).describe_task_attribute(asked).body


def wait(cloud: Simulator, task_id: str) -> Any:
    deadline = time.monotonic() + 20
    while (found := task(cloud, task_id)).task_status in {"Waiting", "Processing"}:
        assert time.monotonic() < deadline, "the task does not end"
        time.sleep(0.02)
    return found


def refusal(call: Callable[..., Any], *args: object) -> str:
    with pytest.raises((ClientException, ServerException)) as caught:
        call(*args)
    return str(caught.value.code)


def items(operation: Any) -> dict[str, str]:
    return {item.name: item.value for item in operation.related_item_set.related_item}


def test_describes_an_image_with_its_disks(cloud):
    asked = models.DescribeImagesRequest(region_id=REGION, image_id=IMAGE, status="ALL")
    body = client(cloud).describe_images(asked).body
    image = body.images.image[0]
    disks = [(one.device, one.type) for one in image.disk_device_mappings.disk_device_mapping]
    assert (body.total_count, image.image_owner_alias, disks) == (
        1,
        "self",
        [("/dev/xvda", "system"), ("/dev/xvdb", "data")],
    )


def test_describes_images_page_by_page_and_by_their_tags(cloud):
    for number in range(3):
        cloud.put_image(CloudImage(image_id=f"m-{number}", tags=(("case", "42"),)))
    asked = models.DescribeImagesRequest(
        region_id=REGION,
        tag=[models.DescribeImagesRequestTag(key="case", value="42")],
        page_size=2,
        page_number=2,
    )
    body = client(cloud).describe_images(asked).body
    assert ([one.image_id for one in body.images.image], body.total_count) == (["m-2"], 3)


@pytest.mark.tools("tar")
def test_an_export_ends_with_one_object_for_each_disk(cloud):
    found = wait(cloud, export(cloud, ossprefix="case42").task_id)
    named = [items(operation) for operation in found.operation_progress_set.operation_progress]
    assert (found.task_status, found.task_process, found.failed_count) == ("Finished", "100%", 0)
    assert [one["OSSObject"] for one in named] == [
        f"case42_{IMAGE}_system.raw.tar.gz",
        f"case42_{IMAGE}_data_xvdb.raw.tar.gz",
    ]
    assert set(cloud.object_keys()) == {one["OSSObject"] for one in named}


@pytest.mark.tools("tar")
def test_a_second_export_finds_the_objects_of_the_first(cloud):
    wait(cloud, export(cloud).task_id)
    found = wait(cloud, export(cloud).task_id)
    assert found.task_status == "Failed"
    assert found.operation_progress_set.operation_progress[0].error_code == "IMAGE_ALREADY_EXIST"


def test_one_export_at_a_time_for_each_image(folder):
    with Simulator(folder, settings={"waiting_seconds": 30}) as cloud:
        export(cloud)
        assert refusal(export, cloud) == "ImageIsExporting"


def test_a_cancelled_export_leaves_no_objects(folder):
    with Simulator(folder, settings={"waiting_seconds": 30}) as cloud:
        task_id = export(cloud).task_id
        assert task(cloud, task_id).task_status == "Waiting"
        client(cloud).cancel_task(models.CancelTaskRequest(region_id=REGION, task_id=task_id))
        assert task(cloud, task_id).task_status == "Cancelled"
        again = models.CancelTaskRequest(region_id=REGION, task_id=task_id)
        assert refusal(client(cloud).cancel_task, again) == "InvalidTaskId.IncorrectTaskStatus"
        assert cloud.object_keys() == ()


def test_a_cloud_that_stops_ends_its_exports(folder):
    with Simulator(folder, settings={"waiting_seconds": 600}) as cloud:
        export(cloud)
        assert any(thread.name.startswith("export-") for thread in threading.enumerate())
    assert not any(thread.name.startswith("export-") for thread in threading.enumerate())


@pytest.mark.tools("tar")
def test_tasks_are_listed_by_image_and_time(cloud):
    first = wait(cloud, export(cloud).task_id)
    second = wait(cloud, export(cloud, ossprefix="again").task_id)
    asked = models.DescribeTasksRequest(
        region_id=REGION,
        task_action="ExportImage",
        resource_ids=[IMAGE],
        start_time=first.creation_time,
        page_size=1,
    )
    pages = []
    for number in (1, 2):
        asked.page_number = number
        body = client(cloud).describe_tasks(asked).body
        pages += [(one.task_id, one.resource_id) for one in body.task_set.task]
    assert body.total_count == 2
    assert pages == [(second.task_id, IMAGE), (first.task_id, IMAGE)]


def test_a_dry_run_starts_nothing(cloud):
    assert refusal(lambda: export(cloud, dry_run=True)) == "DryRunOperation"
    cloud.change_settings(dry_run="success")
    assert not export(cloud, dry_run=True).task_id
    assert cloud.tasks == ()


@pytest.mark.parametrize(
    ("overrides", "code"),
    [
        ({"image_id": "m-unknown"}, "InvalidImageId.NotFound"),
        ({"region_id": "cn-nowhere"}, "InvalidRegionId.NotFound"),
        ({"region_id": "cn-beijing"}, "InvalidImageId.NotFound"),
        ({"ossbucket": "unknown-bucket"}, "InvalidOSSBucket.NotFound"),
        ({"ossbucket": "far-away"}, "InvalidOSSBucket.NotFound"),
        ({"ossbucket": "encrypted"}, "InvalidOSSBucket.EncryptUnsupported"),
        ({"ossprefix": "not_good"}, "InvalidOSSPrefix.Malformed"),
        ({"image_format": "qcow2"}, "InvalidImageFormat.RegionNotSupported"),
        ({"image_format": "iso"}, "InvalidImageFormat.Malformed"),
        ({"image_id": "m-windows"}, "InvalidImageLicense.NotSupported"),
        ({"image_id": "m-market"}, "ImageNotSupported"),
        ({"image_id": "m-secret"}, "ImageNotSupported"),
        ({"image_id": "m-shared"}, "InvalidImageCategory.NotSupported"),
        ({"image_id": "m-creating"}, "IncorrectImageStatus"),
        ({"image_id": "m-large"}, "InvalidImage.DiskAmountOrSize"),
    ],
)
def test_refuses_what_the_documentation_says_is_refused(cloud, overrides, code):
    cloud.put_bucket(CloudBucket(name="far-away", region_id="cn-beijing"))
    cloud.put_bucket(CloudBucket(name="encrypted", encryption="AES256"))
    for image in (
        CloudImage(image_id="m-windows", os_type="windows"),
        CloudImage(image_id="m-market", product_code="cmjj00001"),
        CloudImage(image_id="m-secret", disks=(CloudDisk(encrypted=True),)),
        CloudImage(image_id="m-shared", owner_alias="others"),
        CloudImage(image_id="m-creating", status="Creating"),
        CloudImage(image_id="m-large", disks=(CloudDisk(), CloudDisk(device="/dev/xvdb", size_gib=2049))),
    ):
        cloud.put_image(image)
    assert refusal(lambda: export(cloud, **overrides)) == code


def test_refuses_an_export_without_the_service_role(cloud):
    cloud.change_settings(service_role=False)
    assert refusal(export, cloud) == "NoSetRoletoECSServiceAcount"


def test_any_code_comes_on_demand(cloud):
    cloud.add_faults(Fault(FaultKind.ERROR, action="ExportImage", code="WeeklyQuotaExceed.ExportImage"))
    with pytest.raises(ClientException) as caught:
        export(cloud)
    assert (caught.value.code, caught.value.status_code) == ("WeeklyQuotaExceed.ExportImage", 403)


def test_a_dropped_answer_still_leaves_a_task(cloud):
    cloud.add_faults(Fault(FaultKind.DROP_AFTER, action="ExportImage"))
    with pytest.raises(Exception, match=r"(?i)connection|remote"):
        export(cloud)
    assert len(cloud.tasks) == 1


def test_a_dropped_request_leaves_nothing(cloud):
    cloud.add_faults(Fault(FaultKind.DROP_BEFORE, action="ExportImage"))
    with pytest.raises(Exception, match=r"(?i)connection|remote"):
        export(cloud)
    assert cloud.tasks == ()


def test_a_proxy_s_page_is_no_json(cloud):
    cloud.add_faults(Fault(FaultKind.HTML, action="DescribeImages"))
    with pytest.raises(Exception, match="json"):
        client(cloud).describe_images(models.DescribeImagesRequest(region_id=REGION))


@pytest.mark.tools("tar")
def test_one_disk_may_fail_in_a_finished_task(cloud):
    cloud.add_faults(Fault(FaultKind.FAIL_DISK, action="ExportImage", device="xvdb", code="DiskGone"))
    found = wait(cloud, export(cloud).task_id)
    codes = [operation.error_code for operation in found.operation_progress_set.operation_progress]
    assert (found.task_status, found.failed_count, codes) == ("Finished", 1, ["", "DiskGone"])
    assert cloud.object_keys() == (f"{IMAGE}_system.raw.tar.gz",)


def test_the_odd_answers_of_a_task_can_be_switched_on(folder):
    odd = {
        "waiting_seconds": 30,
        "support_cancel": "bool",
        "seconds_in_times": False,
        "related_items": "absent",
    }
    with Simulator(folder, settings=odd) as cloud:
        task_id = export(cloud).task_id
        cloud.add_faults(Fault(FaultKind.STATUS_WORD, action="DescribeTaskAttribute", value="Pondering"))
        found = task(cloud, task_id)
    assert (found.task_status, found.support_cancel, found.operation_progress_set) == ("Pondering", True, None)
    assert len(found.creation_time) == len("2015-11-23T02:13Z")


def test_an_older_answer_names_the_task_differently(folder):
    with Simulator(folder, settings={"waiting_seconds": 30, "task_id_field": "ExportTaskId"}) as cloud:
        assert not export(cloud).task_id
        assert len(cloud.tasks) == 1


@pytest.mark.parametrize(
    ("overrides", "code"),
    [
        ({"access_key_secret": "wrong"}, "SignatureDoesNotMatch"),
        ({"access_key_id": "unknown"}, "InvalidAccessKeyId.NotFound"),
        ({"security_token": "made-up"}, "InvalidSecurityToken.MismatchWithAccessKey"),
    ],
)
def test_refuses_who_cannot_sign(cloud, overrides, code):
    asked = models.DescribeImagesRequest(region_id=REGION)
    assert refusal(client(cloud, **overrides).describe_images, asked) == code


def test_a_temporary_key_works_until_it_expires(cloud):
    key = cloud.issue_token()
    temporary = client(cloud, access_key_id=key.key_id, access_key_secret=key.secret, security_token=key.token)
    asked = models.DescribeImagesRequest(region_id=REGION)
    assert temporary.describe_images(asked).body.total_count == 1
    cloud.expire_token(key)
    assert refusal(temporary.describe_images, asked) == "InvalidSecurityToken.Expired"


def test_refuses_a_clock_that_is_wrong(cloud):
    cloud.change_settings(clock_offset_seconds=3600)
    asked = models.DescribeImagesRequest(region_id=REGION)
    assert refusal(client(cloud).describe_images, asked) == "InvalidTimeStamp.Expired"
