"""The loopback cloud as one object."""

import json
import threading

import pytest

from imgkit.errors import SettingsError
from imgkit.simulator import CloudBucket, CloudImage, Simulator, serve


def test_it_is_described_by_one_line(tmp_path):
    (tmp_path / "system.raw").write_bytes(b"disk")
    lines: list[str] = []
    stop = threading.Event()
    stop.set()
    serve(tmp_path, announce=lines.append, settings={"region_id": "cn-beijing"}, stop=stop)
    words = json.loads(lines[0])
    assert set(words) == {
        "ecs_endpoint", "oss_endpoint", "region_id", "bucket", "access_key_id", "access_key_secret", "control_url",
        "images",
    }  # fmt: skip
    assert words["oss_endpoint"] == f"http://{words['ecs_endpoint']}"
    assert words["control_url"].startswith(words["oss_endpoint"])
    assert (words["region_id"], words["images"][0]["disks"][0]["device"]) == ("cn-beijing", "/dev/xvda")
    assert "\n" not in lines[0]


def test_it_answers_on_loopback_only_and_gives_its_port_back(tmp_path):
    with Simulator(tmp_path) as cloud:
        port = int(cloud.url.rpartition(":")[2])
        assert cloud.url.startswith("http://127.0.0.1:")
    with Simulator(tmp_path, port=port) as again:
        assert again.url == cloud.url


def test_what_is_given_adds_to_what_the_folder_says(tmp_path):
    images, buckets = [CloudImage(image_id="m-1")], [CloudBucket(name="another")]
    with Simulator(tmp_path, images=images, buckets=buckets, settings={"bucket": "mine"}) as cloud:
        assert [one["image_id"] for one in cloud.describe()["images"]] == ["m-1"]
        assert cloud.object_keys("another") == cloud.object_keys() == ()


def test_objects_are_put_read_and_deleted(tmp_path):
    with Simulator(tmp_path) as cloud:
        cloud.put_object("key", b"data", multipart=True)
        assert (cloud.read_object("key"), cloud.find_object("key").object_type) == (b"data", "Multipart")
        cloud.delete_object("key")
        with pytest.raises(KeyError):
            cloud.read_object("key")
        with pytest.raises(KeyError):
            cloud.find_object("key")


def test_strange_settings_are_refused(tmp_path):
    with pytest.raises(SettingsError, match="speed"):
        Simulator(tmp_path, settings={"speed": 1})
    with Simulator(tmp_path) as cloud, pytest.raises(SettingsError):
        cloud.change_settings(naming="camel")


def test_objects_outlive_the_simulator(tmp_path):
    with Simulator(tmp_path) as cloud:
        etag = cloud.put_object("key", b"data").etag
    with Simulator(tmp_path) as cloud:
        assert cloud.find_object("key").etag == etag
