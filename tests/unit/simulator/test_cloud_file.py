"""What a folder says about the cloud."""

import json
from pathlib import Path

import pytest

from imgkit.errors import SettingsError
from imgkit.simulator.cloud import CloudPlan
from imgkit.simulator.cloud_file import change_record, find_disks, read_image, read_plan
from imgkit.simulator.cloud_settings import CloudSettings
from imgkit.simulator.images import CloudImage


def disk(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"disk")


def say(folder: Path, **words: object) -> CloudPlan:
    (folder / "cloud.json").write_text(json.dumps(words))
    return read_plan(folder)


def test_an_empty_folder_is_a_cloud_with_a_bucket(tmp_path):
    plan = read_plan(tmp_path)
    assert (plan.images, [bucket.name for bucket in plan.buckets]) == ((), ["evidence"])


def test_disks_are_found_under_their_image(tmp_path):
    disk(tmp_path / "images" / "m-abc", "xvdc.raw", "system.raw", "xvdb.raw", "notes.txt")
    disk(tmp_path / "images" / "not an image", "system.raw")
    (image,) = read_plan(tmp_path).images
    assert image.image_id == "m-abc"
    assert [(one.device, one.role, one.file.rpartition("/")[2]) for one in image.disks] == [
        ("/dev/xvda", "system", "system.raw"),
        ("/dev/xvdb", "data", "xvdb.raw"),
        ("/dev/xvdc", "data", "xvdc.raw"),
    ]


def test_disks_in_the_folder_itself_are_one_image(tmp_path):
    disk(tmp_path, "system.raw", "xvdb.raw")
    (image,) = read_plan(tmp_path).images
    assert image.image_id.startswith("m-")
    assert len(image.disks) == 2
    assert read_plan(tmp_path).images == (image,)


def test_two_files_for_one_disk_are_refused(tmp_path):
    disk(tmp_path, "system.raw", "other.raw")
    with pytest.raises(SettingsError, match="same disk"):
        find_disks(tmp_path)


def test_a_file_adds_to_what_lies_there(tmp_path):
    disk(tmp_path / "images" / "m-abc", "system.raw")
    plan = say(
        tmp_path,
        settings={"region_id": "cn-beijing", "bucket": "mine"},
        buckets={"secret": {"encryption": "KMS"}},
        images={
            "m-abc": {"status": "Deprecated", "tags": {"case": "42"}},
            "m-def": {"os_type": "windows", "disks": [{"device": "/dev/xvda", "size_gib": 500}]},
        },
    )
    assert plan.settings.region_id == "cn-beijing"
    assert [(bucket.name, bucket.encryption) for bucket in plan.buckets] == [("secret", "KMS"), ("mine", "")]
    found, declared = plan.images
    assert (found.status, found.tags, len(found.disks)) == ("Deprecated", (("case", "42"),), 1)
    assert (declared.os_type, declared.disks[0].gib) == ("windows", 500)


def test_a_disk_that_is_found_keeps_its_file_when_it_is_described(tmp_path):
    disk(tmp_path / "images" / "m-abc", "system.raw")
    plan = say(tmp_path, images={"m-abc": {"disks": [{"device": "/dev/xvda", "encrypted": True}]}})
    (one,) = plan.images[0].disks
    assert (one.encrypted, one.file.rpartition("/")[2]) == (True, "system.raw")


def test_files_of_disks_are_found_from_the_folder(tmp_path):
    disk(tmp_path, "other.raw")
    plan = say(tmp_path, images={"m-abc": {"disks": [{"file": "other.raw"}]}})
    assert plan.images[-1].disks[0].file == str(tmp_path / "other.raw")


@pytest.mark.parametrize(
    "words",
    [
        {"images": []},
        {"clouds": {}},
        {"settings": {"speed": 1}},
        {"settings": {"gzip_level": "6"}},
        {"settings": {"naming": "camel"}},
        {"settings": []},
        {"buckets": {"..": {}}},
        {"images": {"../x": {}}},
        {"images": {"m-1": {"colour": "red"}}},
        {"images": {"m-1": {"tags": []}}},
        {"images": {"m-1": {"disks": {}}}},
        {"images": {"m-1": {"disks": [{"file": "absent.raw"}]}}},
        {"images": {"m-1": {"disks": ["system.raw"]}}},
        {"images": {"m-1": {"disks": [{"device": "/dev/../x"}]}}},
        {"images": {"m-1": "large"}},
    ],
)
def test_what_is_not_understood_is_refused(tmp_path, words):
    with pytest.raises(SettingsError):
        say(tmp_path, **words)


@pytest.mark.parametrize("text", ["{", "[]", '"x"'])
def test_what_is_no_json_is_refused(tmp_path, text):
    (tmp_path / "cloud.json").write_text(text)
    with pytest.raises(SettingsError):
        read_plan(tmp_path)


def test_a_folder_must_be_there(tmp_path):
    with pytest.raises(SettingsError, match="no folder"):
        read_plan(tmp_path / "absent")


def test_whole_numbers_do_for_seconds_but_words_do_not():
    assert change_record(CloudSettings(), {"export_seconds": 5}, "settings").export_seconds == 5
    with pytest.raises(SettingsError):
        change_record(CloudSettings(), {"export_seconds": True}, "settings")


def test_an_image_keeps_what_is_not_said_anew():
    known = CloudImage(image_id="m-1", status="Creating", platform="Ubuntu")
    assert read_image("m-1", {"status": "Available"}, known).platform == "Ubuntu"
