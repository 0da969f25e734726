"""The state of the cloud."""

from datetime import timedelta

from tests.unit.simulator.requests_at_rest import NOW, Clock, small_cloud

from imgkit.simulator.buckets import CloudBucket
from imgkit.simulator.cloud import Cloud, CloudPlan, new_task_id
from imgkit.simulator.cloud_settings import CloudSettings
from imgkit.simulator.images import CloudImage


def test_what_names_no_region_is_at_home(tmp_path):
    plan = CloudPlan(
        settings=CloudSettings(region_id="cn-beijing"),
        images=(CloudImage(image_id="m-1"), CloudImage(image_id="m-2", region_id="cn-shanghai")),
        buckets=(CloudBucket(name="evidence"),),
    )
    cloud = Cloud(tmp_path, plan, clock=Clock())
    assert [bucket.region_id for bucket in cloud.buckets()] == ["cn-beijing"]
    assert cloud.image("m-1", "cn-beijing") is not None
    assert cloud.image("m-2", "cn-beijing") is None


def test_its_clock_may_be_wrong(tmp_path):
    assert small_cloud(tmp_path, clock_offset_seconds=-60).now() == NOW - timedelta(seconds=60)


def test_a_new_bucket_can_be_written_to_at_once(tmp_path):
    cloud = small_cloud(tmp_path)
    cloud.put_bucket(CloudBucket(name="another"))
    assert cloud.store.keys("another") == []


def test_images_and_buckets_change(tmp_path):
    cloud = small_cloud(tmp_path)
    cloud.put_image(CloudImage(image_id="m-1", status="Creating"))
    cloud.put_bucket(CloudBucket(name="evidence", encryption="KMS"))
    assert [image.status for image in cloud.images()] == ["Creating"]
    assert [bucket.encryption for bucket in cloud.buckets()] == ["KMS"]


def test_task_ids_look_like_those_of_the_service():
    assert new_task_id().startswith("t-")
    assert new_task_id() != new_task_id()
