"""Which object is which disk: from the task's own words, then from the bucket's list, then as the user says.

A name is a hint and never proof: what counts is how many disks the image has, and their devices.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from imgkit.aliyun.rules import parse_object_name
from imgkit.errors import NoSuchBucketOrObject, SettingsError
from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.image import CustomImage
from imgkit.model.role import DiskRole
from imgkit.model.task import ExportTask
from imgkit.ports import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundObjects:
    """The objects by disk; the image's disks that have none, and the keys that fit no disk."""

    by_role: tuple[tuple[DiskRole, ObjectInfo], ...]
    missing: tuple[DiskRole, ...] = ()
    unplaced: tuple[str, ...] = ()


def find_objects(
    store: ObjectStore,
    image: CustomImage,
    *,
    prefix: str,
    task: ExportTask | None = None,
    assigned: Mapping[DiskRole, str] | None = None,
) -> FoundObjects:
    """Find the objects of an export of this image; `assigned` gives a disk its key, whatever its name.

    Raises NoSuchBucketOrObject when there is none at all.
    """
    keys = _task_keys(task, store.bucket) | _listed_keys(store, image.image_id, prefix)
    expected = tuple(sorted(disk.role for disk in image.disks))
    placed = place_keys(sorted(keys), expected=expected, assigned=assigned or {})
    if not placed.keys:
        raise _elsewhere(task, store.bucket) or NoSuchBucketOrObject(
            f"no object of {image.image_id} is in bucket {store.bucket}",
            hint="Look at the bucket, or name each disk's object with --disk system=KEY --disk xvdb=KEY.",
        )
    found = tuple((role, store.describe(key)) for role, key in placed.keys)
    return FoundObjects(by_role=found, missing=placed.missing, unplaced=placed.unplaced)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedKeys:
    """Names given to disks; the same outcome as FoundObjects, before anything was asked of the service."""

    keys: tuple[tuple[DiskRole, str], ...]
    missing: tuple[DiskRole, ...] = ()
    unplaced: tuple[str, ...] = ()


def place_keys(
    keys: Sequence[str], *, expected: Sequence[DiskRole] = (), assigned: Mapping[DiskRole, str] | None = None
) -> PlacedKeys:
    """Give each disk its name among `keys`.

    Raises SettingsError when two names claim the same disk: the user must say which, nothing is guessed.
    """
    placed: dict[DiskRole, str] = dict(assigned or {})
    unplaced = []
    for key in (each for each in keys if each not in placed.values()):
        role = _role_of(key, expected)
        if role is None:
            unplaced.append(key)
        elif role in (assigned or {}):
            continue
        elif role in placed:
            raise _claimed_twice(role, placed[role], key)
        else:
            placed[role] = key
    result = PlacedKeys(keys=tuple(sorted(placed.items())), unplaced=tuple(unplaced))
    return _with_missing(_only_one_left(result, expected), expected)


def _only_one_left(placed: PlacedKeys, expected: Sequence[DiskRole]) -> PlacedKeys:
    """One name that says nothing, and one disk that has no name, belong together (old exports name no disk)."""
    left = [role for role in (expected or (DiskRole(),)) if role not in dict(placed.keys)]
    if len(placed.unplaced) == 1 and len(left) == 1:
        return replace(placed, keys=tuple(sorted((*placed.keys, (left[0], placed.unplaced[0])))), unplaced=())
    return placed


def _with_missing(placed: PlacedKeys, expected: Sequence[DiskRole]) -> PlacedKeys:
    have = dict(placed.keys)
    return replace(placed, missing=tuple(role for role in expected if role not in have))


def _claimed_twice(role: DiskRole, first: str, second: str) -> SettingsError:
    return SettingsError(
        f"both {first} and {second} look like disk {role}",
        hint=f"Say which is meant with --disk {role}=NAME.",
    )


def _role_of(key: str, expected: Sequence[DiskRole]) -> DiskRole | None:
    name = parse_object_name(key)
    if name is None or name.role is None:
        return None
    return next((role for role in expected if _same_disk(role, name.role)), name.role)


def _same_disk(one: DiskRole, other: DiskRole) -> bool:
    """`vdb` and `xvdb` are one disk: ECS writes one in its API and the guest's kernel shows the other."""
    return one.device.removeprefix("x") == other.device.removeprefix("x")


def _elsewhere(task: ExportTask | None, bucket: str) -> NoSuchBucketOrObject | None:
    """Somebody else's export of the same image may have been joined: ECS runs one at a time."""
    others = sorted({each.bucket for each in task.objects} - {"", bucket}) if task else []
    if task is None or not others:
        return None
    return NoSuchBucketOrObject(
        f"the export task {task.task_id}, which was at work on this image already, wrote to bucket {others[0]} and not "
        f"to {bucket}",
        hint=f"The same command exports it to {bucket} now. Or take what is there: --bucket {others[0]} --reuse, with "
        "its own folder (-o).",
    )


def _task_keys(task: ExportTask | None, bucket: str) -> set[str]:
    return {each.key for each in task.objects if each.bucket in {"", bucket}} if task else set()


def _listed_keys(store: ObjectStore, image_id: str, prefix: str) -> set[str]:
    return set(_of_image(store.list_objects(prefix or image_id), image_id, prefix))


def _of_image(listed: Iterable[ObjectInfo], image_id: str, prefix: str) -> Iterable[str]:
    for each in listed:
        name = parse_object_name(each.key)
        if name is not None and name.image_id == image_id and name.prefix == prefix and "/" not in each.key:
            yield each.key
