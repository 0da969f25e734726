"""Exports at work, of bare raw disks: no program is needed for them."""

import threading

import pytest
from tests.unit.simulator.requests_at_rest import NOW, small_cloud, wait_for_exports, wait_until

from imgkit.digests import crc64
from imgkit.simulator.cloud import Cloud
from imgkit.simulator.exports import Exporter, ExportJob
from imgkit.simulator.faults import Fault, FaultKind
from imgkit.simulator.images import CloudDisk, CloudImage
from imgkit.simulator.object_store import Nature
from imgkit.simulator.tasks import Task, TaskState

KEYS = ["m-9_data_xvdb.raw", "m-9_system.raw"]


@pytest.fixture
def image(tmp_path):
    for name in ("system", "xvdb"):
        (tmp_path / name).write_bytes(name.encode() * 1000)
    return CloudImage(
        image_id="m-9",
        disks=(
            CloudDisk(file=str(tmp_path / "system")),
            CloudDisk(device="/dev/xvdb", file=str(tmp_path / "xvdb")),
        ),
    )


def look(cloud: Cloud) -> Task:
    """Return the one task as it stands."""
    task = cloud.tasks.find("t-1")
    assert task is not None
    return task


def begin(cloud: Cloud, image: CloudImage, *faults: Fault) -> Exporter:
    exporter = Exporter(cloud)
    task = Task(task_id="t-1", image_id=image.image_id, region_id="cn-hangzhou", created=NOW, disks=len(image.disks))
    cloud.tasks.add(task)
    bucket = cloud.bucket("evidence")
    assert bucket is not None
    exporter.start(task, ExportJob(image=image, bucket=bucket, prefix="", image_format="raw", faults=faults))
    return exporter


def finished(cloud: Cloud, image: CloudImage, *faults: Fault) -> Task:
    begin(cloud, image, *faults)
    wait_for_exports(cloud)
    return look(cloud)


def test_every_disk_becomes_an_object(tmp_path, image):
    cloud = small_cloud(tmp_path, packaging="bare")
    task = finished(cloud, image)
    assert (task.state, task.work_done) == (TaskState.FINISHED, 1.0)
    assert sorted(cloud.store.keys("evidence")) == KEYS
    stored = cloud.store.find("evidence", "m-9_system.raw")
    assert stored is not None
    assert stored.crc64 == crc64(b"system" * 1000)


def test_an_object_that_is_there_fails_the_task_and_stays(tmp_path, image):
    cloud = small_cloud(tmp_path, packaging="bare")
    finished(cloud, image)
    before = cloud.store.find("evidence", KEYS[0])
    task = finished(cloud, image)
    assert (task.state, task.outcomes[0].error_code) == (TaskState.FAILED, "IMAGE_ALREADY_EXIST")
    assert cloud.store.find("evidence", KEYS[0]) == before


def test_a_task_fails_on_demand(tmp_path, image):
    cloud = small_cloud(tmp_path, packaging="bare")
    task = finished(cloud, image, Fault(FaultKind.FAIL_TASK, code="ParameterInvalid", message="the reason"))
    assert (task.state, task.outcomes[0].error_message) == (TaskState.FAILED, "the reason")
    assert cloud.store.keys("evidence") == []


def test_one_disk_fails_on_demand(tmp_path, image):
    cloud = small_cloud(tmp_path, packaging="bare")
    task = finished(cloud, image, Fault(FaultKind.FAIL_DISK, device="xvdb"))
    assert (task.state, [bool(one.error_code) for one in task.outcomes]) == (TaskState.FINISHED, [False, True])
    assert cloud.store.keys("evidence") == ["m-9_system.raw"]


def test_a_cancelled_export_leaves_nothing(tmp_path, image):
    cloud = small_cloud(tmp_path, packaging="bare", waiting_seconds=600)
    exporter = begin(cloud, image)
    assert exporter.cancel("t-1")
    assert not exporter.cancel("t-1")
    wait_until(lambda: all(thread.name != "export-t-1" for thread in threading.enumerate()))
    assert look(cloud).state is TaskState.CANCELLED
    assert cloud.store.keys("evidence") == []


def test_nothing_is_there_before_the_end(tmp_path, image):
    cloud = small_cloud(tmp_path, packaging="bare", export_seconds=600)
    exporter = begin(cloud, image)
    wait_until(lambda: look(cloud).work_done == 1.0)
    assert cloud.store.keys("evidence") == []
    exporter.stop()
    assert look(cloud).state is TaskState.CANCELLED


def test_an_object_that_appears_meanwhile_is_not_overwritten(tmp_path, image, monkeypatch):
    cloud = small_cloud(tmp_path, packaging="bare")
    found = []

    def appear(_: object) -> None:
        with cloud.store.incoming("evidence") as incoming:
            incoming.write(b"mine")
            found.append(cloud.store.publish("evidence", KEYS[0], incoming, Nature(modified=NOW)))

    monkeypatch.setattr("imgkit.simulator.exports._Export._wait_for_the_least_time", appear)
    begin(cloud, image)
    wait_for_exports(cloud)
    assert look(cloud).outcomes[0].error_code == "IMAGE_ALREADY_EXIST"
    assert cloud.store.find("evidence", KEYS[0]) == found[0]


def test_an_unknown_task_cannot_be_cancelled(tmp_path):
    assert not Exporter(small_cloud(tmp_path)).cancel("t-1")


def test_a_disk_that_is_gone_fails_the_task(tmp_path, image):
    cloud = small_cloud(tmp_path, packaging="bare")
    (tmp_path / "xvdb").unlink()
    assert finished(cloud, image).outcomes[0].error_code == "InternalError"
    assert list((tmp_path / "buckets" / "evidence" / "incoming").iterdir()) == []
