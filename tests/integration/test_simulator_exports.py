"""What the loopback cloud exports, taken apart by GNU tar and qemu-img."""

import json
import os
import subprocess
import tarfile
import time
from pathlib import Path

import pytest
from alibabacloud_ecs20140526 import models
from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi.models import Config

from imgkit.digests import crc64
from imgkit.simulator import CloudDisk, CloudImage, Simulator
from imgkit.units import MiB

IMAGE = "m-2ze6tciolfdoydrr6ze3"
SIZE = 8 * MiB


@pytest.fixture
def folder(tmp_path):
    disks = tmp_path / "images" / IMAGE
    disks.mkdir(parents=True)
    with (disks / "system.raw").open("wb") as file:
        file.truncate(SIZE)
        file.seek(3 * MiB)
        file.write(os.urandom(MiB))
    return tmp_path


def export(
    cloud: Simulator, *, image_id: str = IMAGE, image_format: str = "", region: str = "cn-hangzhou"
) -> tuple[str, ...]:
    """Export an image and return the names of its objects."""
    words = cloud.describe()
    client = Client(
        Config(
            access_key_id=words["access_key_id"],
            access_key_secret=words["access_key_secret"],
            endpoint=words["ecs_endpoint"],
            region_id=region,
            protocol="HTTP",
        )
    )
    asked = {"region_id": region, "image_id": image_id, "ossbucket": "evidence", "image_format": image_format or None}
    client.export_image(models.ExportImageRequest(**asked))
    deadline = time.monotonic() + 60
    while cloud.tasks[0].state.is_running:
        assert time.monotonic() < deadline, "the export does not end"
        time.sleep(0.02)
    assert cloud.tasks[0].state == "Finished", cloud.tasks[0].outcomes
    return cloud.object_keys()


def disk(folder: Path) -> bytes:
    return (folder / "images" / IMAGE / "system.raw").read_bytes()


@pytest.mark.tools("tar")
@pytest.mark.parametrize("archive", ["sparse", "dense"])
def test_an_archive_holds_the_disk_under_the_name_of_its_object(folder, tmp_path, archive):
    with Simulator(folder, settings={"archive": archive}) as cloud:
        (key,) = export(cloud)
        (tmp_path / key).write_bytes(cloud.read_object(key))
        stored = cloud.find_object(key)
        assert cloud.bugs == ()
    subprocess.run(["tar", "-xzf", key], cwd=tmp_path, check=True)
    assert (tmp_path / key.removesuffix(".tar.gz")).read_bytes() == disk(folder)
    with tarfile.open(tmp_path / key) as tar:
        (member,) = tar.getmembers()
    assert (member.name, member.issparse()) == (f"{IMAGE}_system.raw", archive == "sparse")
    assert stored.crc64 == crc64((tmp_path / key).read_bytes())
    assert (stored.etag[32:], stored.object_type) == ("-1", "Multipart")


@pytest.mark.tools("tar", "qemu-img")
@pytest.mark.parametrize("packaging", ["bare", "tar.gz"])
@pytest.mark.parametrize("image_format", ["raw", "vhd", "qcow2", "vdi", "vmdk"])
def test_every_format_comes_bare_and_packed(folder, tmp_path, image_format, packaging):
    settings = {"region_id": "ap-southeast-1", "packaging": packaging}
    with Simulator(folder, settings=settings) as cloud:
        (key,) = export(cloud, image_format=image_format, region="ap-southeast-1")
        (tmp_path / key).write_bytes(cloud.read_object(key))
    name = f"{IMAGE}_system.{image_format}"
    if packaging == "tar.gz":
        subprocess.run(["tar", "-xzf", key], cwd=tmp_path, check=True)
    driver = {"vhd": "vpc"}.get(image_format, image_format)
    command = ["qemu-img", "compare", "-f", "raw", "-F", driver, "--", folder / "images" / IMAGE / "system.raw", name]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    told = subprocess.run(
        ["qemu-img", "info", "--output=json", "-f", driver, name], cwd=tmp_path, check=True, capture_output=True
    )
    assert json.loads(told.stdout)["virtual-size"] == SIZE


@pytest.mark.tools("tar")
def test_names_follow_the_console_where_that_is_wanted(folder):
    (folder / "images" / IMAGE / "xvdb.raw").write_bytes(b"data")
    with Simulator(folder, settings={"naming": "hyphen"}) as cloud:
        assert export(cloud) == (f"{IMAGE}-data-xvdb.raw.tar.gz", f"{IMAGE}-system.raw.tar.gz")


@pytest.mark.tools("tar")
def test_a_disk_without_a_file_is_a_hole(tmp_path):
    with Simulator(tmp_path, images=[CloudImage(image_id="m-1", disks=(CloudDisk(size_gib=20),))]) as cloud:
        (key,) = export(cloud, image_id="m-1")
        (tmp_path / key).write_bytes(cloud.read_object(key))
    with tarfile.open(tmp_path / key) as tar:
        assert [member.size for member in tar] == [20 * 1024 * MiB]


@pytest.mark.tools("tar")
def test_an_export_takes_as_long_as_it_is_told(folder):
    with Simulator(folder, settings={"export_seconds": 0.5}) as cloud:
        started = time.monotonic()
        export(cloud)
        assert time.monotonic() - started >= 0.45


@pytest.mark.tools("tar")
def test_objects_of_a_cold_bucket_are_cold(folder):
    (folder / "cloud.json").write_text(json.dumps({"buckets": {"evidence": {"storage_class": "Archive"}}}))
    with Simulator(folder) as cloud:
        (key,) = export(cloud)
        assert cloud.find_object(key).storage_class == "Archive"


@pytest.mark.tools("tar")
def test_an_export_whose_disk_is_gone_fails_as_a_task(folder):
    with Simulator(folder) as cloud:
        (folder / "images" / IMAGE / "system.raw").unlink()
        with pytest.raises(AssertionError, match="InternalError"):
            export(cloud)
        assert cloud.bugs == ()
