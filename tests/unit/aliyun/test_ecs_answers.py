"""The answers of ECS, in all the types that it uses."""

from datetime import UTC, datetime
from typing import Any

import pytest

from imgkit.aliyun.ecs_answers import Unintelligible, exported_task_id, parse_image, parse_task, task_state, total_count
from imgkit.model.role import DiskRole
from imgkit.model.task import TaskFailure, TaskObject, TaskState
from imgkit.units import GiB


def image(**fields: Any) -> dict[str, Any]:
    return {"ImageId": "m-1", "Status": "Available", **fields}


def task(**fields: Any) -> dict[str, Any]:
    return {"TaskId": "t-1", "TaskStatus": "Processing", **fields}


def disks(*mappings: dict[str, Any]) -> dict[str, Any]:
    return {"DiskDeviceMapping": list(mappings)}


def operation(**fields: Any) -> dict[str, Any]:
    items = [{"Name": name, "Value": value} for name, value in fields.pop("items", ())]
    return {"RelatedItemSet": {"RelatedItem": items}, **fields}


def progress(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"OperationProgress": list(operations)}


def test_reads_an_image_whole():
    parsed = parse_image(
        image(
            ImageName="web",
            Description="d",
            ImageOwnerAlias="self",
            ImageOwnerId=123,
            OSType="linux",
            OSName="Debian",
            OSNameEn="Debian 12",
            Platform="Debian",
            Architecture="x86_64",
            BootMode="UEFI",
            ProductCode="",
            ImageFamily="f",
            ResourceGroupId="rg",
            Size=40,
            CreationTime="2024-01-02T03:04:05Z",
            Tags={"Tag": [{"TagKey": "k", "TagValue": "v"}]},
        ),
        region_id="cn-hangzhou",
    )

    assert (parsed.image_id, parsed.region_id, parsed.name, parsed.owner_id) == ("m-1", "cn-hangzhou", "web", "123")
    assert (parsed.os_name, parsed.boot_mode, parsed.family) == ("Debian 12", "UEFI", "f")
    assert parsed.system_disk_bytes == 40 * GiB
    assert parsed.created == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert parsed.tags == (("k", "v"),)


@pytest.mark.parametrize("size", [40, "40", " 40 "])
def test_disk_sizes_come_as_number_or_text(size):
    parsed = parse_image(
        image(DiskDeviceMappings=disks({"Device": "/dev/xvdb", "Type": "data", "Size": size})), region_id="r"
    )

    assert parsed.disks[0].size_bytes == 40 * GiB


@pytest.mark.parametrize("encrypted", [True, "true", "True"])
def test_encryption_comes_as_bool_or_word(encrypted):
    mapping = {"Device": "/dev/xvda", "Type": "system", "Size": 1, "Encrypted": encrypted}

    assert parse_image(image(DiskDeviceMappings=disks(mapping)), region_id="r").disks[0].encrypted


@pytest.mark.parametrize("plain", [False, "false", "", None])
def test_anything_else_is_not_encrypted(plain):
    mapping = {"Device": "/dev/xvda", "Type": "system", "Size": 1, "Encrypted": plain}

    assert not parse_image(image(DiskDeviceMappings=disks(mapping)), region_id="r").disks[0].encrypted


def test_where_types_are_missing_the_first_device_is_the_system_disk():
    mappings = disks({"Device": "/dev/xvda", "Size": "20"}, {"Device": "/dev/xvdb", "Size": "40"})

    parsed = parse_image(image(DiskDeviceMappings=mappings), region_id="r")

    assert [disk.role for disk in parsed.disks] == [DiskRole(), DiskRole("xvdb")]


def test_the_type_outweighs_the_device():
    mappings = disks({"Device": "/dev/xvda", "Type": "data"}, {"Device": "/dev/xvdb", "Type": "system"})

    parsed = parse_image(image(DiskDeviceMappings=mappings), region_id="r")

    assert [disk.role for disk in parsed.disks] == [DiskRole("xvda"), DiskRole()]


@pytest.mark.parametrize("mappings", [None, {}, {"DiskDeviceMapping": None}, [], "x"])
def test_an_image_without_mappings_has_no_disks(mappings):
    assert parse_image(image(DiskDeviceMappings=mappings), region_id="r").disks == ()


@pytest.mark.parametrize("device", ["../etc", "/dev/../x", "", "/dev/XVDB", "xvdb;rm"])
def test_a_device_that_could_become_a_path_is_not_taken(device):
    mapping = {"Device": device, "Type": "data", "Size": 1}

    with pytest.raises(Unintelligible):
        parse_image(image(DiskDeviceMappings=disks(mapping)), region_id="r")


def test_an_image_without_an_id_is_unintelligible():
    with pytest.raises(Unintelligible):
        parse_image({"ImageName": "x"}, region_id="r")


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("Finished", TaskState.FINISHED),
        ("Failed", TaskState.FAILED),
        ("Processing", TaskState.RUNNING),
        ("Waiting", TaskState.RUNNING),
        ("Cancelled", TaskState.CANCELLED),
        ("Canceled", TaskState.CANCELLED),
        ("CANCELLING", TaskState.CANCELLED),
        ("Deleted", TaskState.CANCELLED),
        ("Contemplating", TaskState.RUNNING),
    ],
)
def test_status_words(word, state):
    assert task_state(word) is state
    assert parse_task(task(TaskStatus=word), region_id="r").status_word == word


@pytest.mark.parametrize(("text", "percent"), [("37%", 37), ("100%", 100), (12, 12), ("", 0), ("?", 0), ("250%", 100)])
def test_percentages(text, percent):
    assert parse_task(task(TaskProcess=text), region_id="r").percent == percent


@pytest.mark.parametrize(
    ("value", "can"), [(True, True), ("true", True), (False, False), ("false", False), (None, False)]
)
def test_support_cancel_comes_as_bool_or_word(value, can):
    assert parse_task(task(SupportCancel=value), region_id="r").cancellable is can


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2015-11-23T02:13Z", datetime(2015, 11, 23, 2, 13, tzinfo=UTC)),
        ("2015-11-23T02:13:07Z", datetime(2015, 11, 23, 2, 13, 7, tzinfo=UTC)),
        ("", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_times_with_and_without_seconds(text, moment):
    assert parse_task(task(CreationTime=text), region_id="r").created == moment


def test_objects_of_a_task_one_operation_a_disk():
    parsed = parse_task(
        task(
            OperationProgressSet=progress(
                operation(
                    OperationStatus="Success", items=[("OSSBucket", "b"), ("OSSObject", "k1"), ("ImageFormat", "RAW")]
                ),
                operation(OperationStatus="Success", items=[("OSSObject", "k2"), ("OSSBucket", "b")]),
            )
        ),
        region_id="r",
    )

    assert parsed.objects == (
        TaskObject(bucket="b", key="k1", image_format="RAW"),
        TaskObject(bucket="b", key="k2"),
    )


def test_objects_of_a_task_all_in_one_operation():
    items = [("OSSBucket", "b"), ("OSSObject", "k1"), ("OSSBucket", "b"), ("OSSObject", "k2"), ("OSSObject", "k2")]

    parsed = parse_task(
        task(OperationProgressSet=progress(operation(OperationStatus="Success", items=items))), region_id="r"
    )

    assert [one.key for one in parsed.objects] == ["k1", "k2"]


def test_a_failed_operation_is_a_failure_and_no_object():
    failed = operation(
        OperationStatus="Failed", ErrorCode="IMAGE_ALREADY_EXIST", ErrorMsg="exists", items=[("OSSObject", "k")]
    )

    parsed = parse_task(
        task(TaskStatus="Failed", FailedCount="1", OperationProgressSet=progress(failed)), region_id="r"
    )

    assert parsed.failures == (TaskFailure(code="IMAGE_ALREADY_EXIST", message="exists"),)
    assert parsed.objects == ()
    assert parsed.failed_count == 1


def test_a_code_on_a_successful_operation_is_no_failure():
    fine = operation(OperationStatus="Success", ErrorCode="ParameterInvalid", items=[("OSSObject", "k")])

    parsed = parse_task(task(OperationProgressSet=progress(fine)), region_id="r")

    assert parsed.failures == ()
    assert len(parsed.objects) == 1


@pytest.mark.parametrize("absent", [None, {}, {"OperationProgress": None}, "x", {"OperationProgress": ["x"]}])
def test_operations_may_be_absent(absent):
    parsed = parse_task(task(OperationProgressSet=absent), region_id="r")

    assert (parsed.objects, parsed.failures) == ((), ())


@pytest.mark.parametrize("raw", [{}, {"TaskId": "t-1"}, {"TaskStatus": "Failed"}, {"TaskId": None, "TaskStatus": None}])
def test_a_task_without_id_or_status_is_unintelligible(raw):
    with pytest.raises(Unintelligible):
        parse_task(raw, region_id="r")


def test_the_task_id_of_an_export_has_two_names():
    assert exported_task_id({"TaskId": "t-1", "ExportTaskId": "t-2"}) == "t-1"
    assert exported_task_id({"TaskId": "", "ExportTaskId": "t-2"}) == "t-2"
    assert exported_task_id({"RequestId": "r"}) == ""


@pytest.mark.parametrize(("raw", "count"), [({"TotalCount": 3}, 3), ({"TotalCount": "3"}, 3), ({}, None)])
def test_total_count(raw, count):
    assert total_count(raw) == count
