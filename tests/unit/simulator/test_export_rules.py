"""What may be exported."""

import pytest
from tests.unit.simulator.requests_at_rest import NOW, request, small_cloud

from imgkit.simulator.buckets import CloudBucket
from imgkit.simulator.ecs_errors import EcsError
from imgkit.simulator.export_rules import judge_export, judge_format, judge_image
from imgkit.simulator.images import CloudDisk, CloudImage
from imgkit.simulator.tasks import Task

HOME = "cn-hangzhou"
TARGET = "/?ImageId=m-1&OSSBucket=evidence"


@pytest.mark.parametrize(
    ("changes", "code", "status"),
    [
        ({"owner_alias": "system"}, "InvalidImageCategory.NotSupported", 403),
        ({"status": "Waiting"}, "IncorrectImageStatus", 400),
        ({"product_code": "x"}, "ImageNotSupported", 403),
        ({"os_type": "windows"}, "InvalidImageLicense.NotSupported", 403),
        ({"disks": (CloudDisk(encrypted=True),)}, "ImageNotSupported", 400),
        ({"disks": (CloudDisk(device="/dev/xvdb", size_gib=2049),)}, "InvalidImage.DiskAmountOrSize", 400),
    ],
)
def test_images_that_may_not(changes, code, status):
    with pytest.raises(EcsError) as caught:
        judge_image(CloudImage(image_id="m-1", **changes))
    assert (caught.value.code, caught.value.status) == (code, status)


def test_a_data_disk_of_2048_gib_and_a_larger_system_disk_may():
    judge_image(
        CloudImage(image_id="m-1", disks=(CloudDisk(size_gib=4000), CloudDisk(device="/dev/xvdb", size_gib=2048)))
    )


def test_formats_by_region():
    assert judge_format("", HOME) == "raw"
    assert judge_format("QCOW2", "us-east-1") == "qcow2"
    with pytest.raises(EcsError, match="RegionNotSupported"):
        judge_format("vhd", HOME)
    with pytest.raises(EcsError, match="Malformed"):
        judge_format("iso", "us-east-1")


@pytest.mark.parametrize("prefix", ["a-b", "a" * 31, "%C3%BC", "a+b", "a%0A"])
def test_prefixes_are_nothing_but_letters_and_digits(tmp_path, prefix):
    with pytest.raises(EcsError, match=r"InvalidOSSPrefix\.Malformed"):
        judge_export(request(target=f"{TARGET}&OSSPrefix={prefix}"), small_cloud(tmp_path), HOME)


def test_a_prefix_may_have_thirty_of_them(tmp_path):
    asked = request(target=f"{TARGET}&OSSPrefix={'a' * 30}")
    assert judge_export(asked, small_cloud(tmp_path), HOME).prefix == "a" * 30


@pytest.mark.parametrize("target", ["/?OSSBucket=evidence", "/?ImageId=m-1"])
def test_image_and_bucket_must_be_named(tmp_path, target):
    with pytest.raises(EcsError, match="MissingParameter"):
        judge_export(request(target=target), small_cloud(tmp_path), HOME)


@pytest.mark.parametrize(
    ("bucket", "code"),
    [
        (CloudBucket(name="encrypted", encryption="AES256"), "InvalidOSSBucket.EncryptUnsupported"),
        (CloudBucket(name="far-away", region_id="cn-beijing"), "InvalidOSSBucket.NotFound"),
    ],
)
def test_buckets_that_may_not(tmp_path, bucket, code):
    cloud = small_cloud(tmp_path)
    cloud.put_bucket(bucket)
    with pytest.raises(EcsError, match=code):
        judge_export(request(target=f"/?ImageId=m-1&OSSBucket={bucket.name}"), cloud, HOME)


def test_only_so_many_exports_at_once(tmp_path):
    cloud = small_cloud(tmp_path, concurrent_exports=1)
    cloud.tasks.add(Task(task_id="t-1", image_id="m-other", region_id=HOME, created=NOW))
    with pytest.raises(EcsError, match=r"ConcurrentQuotaExceed\.ExportImage"):
        judge_export(request(target=TARGET), cloud, HOME)
