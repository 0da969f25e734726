"""Tests of stages/objects.py."""

import pytest
from tests.unit.stages.cloud_fakes import IMAGE_ID, SYSTEM, XVDB, FakeStore, image, task

from imgkit.errors import NoSuchBucketOrObject, SettingsError
from imgkit.model.role import DiskRole
from imgkit.model.task import TaskObject, TaskState
from imgkit.stages.objects import find_objects, place_keys

SYSTEM_KEY = f"case_{IMAGE_ID}_system.raw.tar.gz"
DATA_KEY = f"case_{IMAGE_ID}_data_xvdb.raw.tar.gz"


def _placed(*keys: str, **options: object) -> dict[str, str]:
    return {role.name: key for role, key in place_keys(keys, **options).keys}  # type: ignore[arg-type]


def test_names_say_which_disk_they_are():
    assert _placed(SYSTEM_KEY, DATA_KEY) == {"system": SYSTEM_KEY, "xvdb": DATA_KEY}


def test_a_device_that_ecs_writes_with_another_first_letter_is_the_same_disk():
    key = f"{IMAGE_ID}_data_vdb.raw.tar.gz"
    assert _placed(key, expected=[SYSTEM, XVDB]) == {"xvdb": key}


def test_the_one_name_left_belongs_to_the_one_disk_left():
    odd = f"case_{IMAGE_ID}_t-23ym6mv.vhd"
    assert _placed(odd, expected=[SYSTEM]) == {"system": odd}
    assert _placed(SYSTEM_KEY, odd, expected=[SYSTEM, XVDB]) == {"system": SYSTEM_KEY, "xvdb": odd}


def test_two_names_for_two_disks_are_not_guessed():
    placed = place_keys(["a.raw", "b.raw"], expected=[SYSTEM, XVDB])
    assert placed.unplaced == ("a.raw", "b.raw")
    assert placed.missing == (SYSTEM, XVDB)


def test_two_names_for_one_disk_are_refused():
    with pytest.raises(SettingsError, match="xvdb"):
        place_keys([DATA_KEY, DATA_KEY.replace("case_", "case-")])


def test_the_users_word_wins_over_every_name():
    assert _placed(SYSTEM_KEY, DATA_KEY, assigned={XVDB: "backup.bin", SYSTEM: SYSTEM_KEY}) == {
        "system": SYSTEM_KEY,
        "xvdb": "backup.bin",
    }


def test_objects_come_from_the_task_and_from_the_list():
    store = FakeStore(keys={SYSTEM_KEY: 1, "elsewhere/data.bin": 2})
    named = (TaskObject(bucket="evidence", key="elsewhere/data.bin"), TaskObject(bucket="other", key="x"))
    done = task("t-1", TaskState.FINISHED, objects=named)
    found = find_objects(store, image("xvdb"), prefix="case", task=done)
    assert [(role.name, info.key) for role, info in found.by_role] == [
        ("system", SYSTEM_KEY),
        ("xvdb", "elsewhere/data.bin"),
    ]


def test_a_missing_disk_is_named():
    found = find_objects(FakeStore(keys={SYSTEM_KEY: 1}), image("xvdb", "xvdc"), prefix="case")
    assert found.missing == (XVDB, DiskRole("xvdc"))


def test_objects_of_another_image_are_not_taken():
    store = FakeStore(keys={SYSTEM_KEY: 1, SYSTEM_KEY.replace(IMAGE_ID, IMAGE_ID + "0"): 1, "notes.txt": 1})
    found = find_objects(store, image(), prefix="case")
    assert [info.key for _, info in found.by_role] == [SYSTEM_KEY]
    assert not found.unplaced


def test_no_object_at_all_is_an_error_of_its_own():
    with pytest.raises(NoSuchBucketOrObject, match=IMAGE_ID):
        find_objects(FakeStore(), image(), prefix="case")


def test_objects_that_a_joined_task_wrote_to_another_bucket_are_said_to_be_there():
    joined = task("t-1", TaskState.FINISHED, objects=(TaskObject(bucket="elsewhere", key=SYSTEM_KEY),))
    with pytest.raises(NoSuchBucketOrObject, match=r"t-1.*elsewhere"):
        find_objects(FakeStore(), image("system"), prefix="case", task=joined)
