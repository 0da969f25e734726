"""What a folder says about the cloud: `cloud.json`, and the disks that lie in it.

DIR/cloud.json                  optional: settings, buckets, images
DIR/images/<image id>/*.raw     the disks of an image: system.raw, xvdb.raw, xvdc.raw …
DIR/system.raw, DIR/xvdb.raw    the disks of one image with a made-up id, where there is no DIR/images
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

from imgkit.errors import SettingsError
from imgkit.simulator.buckets import CloudBucket, is_bucket_name
from imgkit.simulator.cloud import CloudPlan
from imgkit.simulator.cloud_settings import CloudSettings
from imgkit.simulator.images import CloudDisk, CloudImage, is_image_id

FILE_NAME = "cloud.json"

_DATA_DISK = re.compile(r"(?:xvd|vd)([b-z])")

Record = TypeVar("Record", CloudSettings, CloudBucket, CloudImage, CloudDisk)


def read_plan(root: Path) -> CloudPlan:
    """Return what a folder says. Raises SettingsError naming what is not understood."""
    if not root.is_dir():
        raise SettingsError(f"{root} is no folder", hint="Make it, and put the disks in it: system.raw, xvdb.raw …")
    words = _read_file(root / FILE_NAME)
    settings = change_record(CloudSettings(), words.get("settings", {}), "settings")
    buckets = [read_bucket(name, value, None) for name, value in _members(words, "buckets")]
    if all(bucket.name != settings.bucket for bucket in buckets):
        buckets.append(CloudBucket(name=settings.bucket))
    found = {image.image_id: image for image in find_images(root)}
    for image_id, value in _members(words, "images"):
        found[image_id] = read_image(image_id, value, found.get(image_id), root)
    return CloudPlan(settings=settings, images=tuple(found.values()), buckets=tuple(buckets))


def find_images(root: Path) -> list[CloudImage]:
    """Return the images whose disks lie in a folder."""
    folder = root / "images"
    if folder.is_dir():
        named = [(path.name, path) for path in sorted(folder.iterdir()) if is_image_id(path.name)]
    else:
        named = [("m-" + hashlib.sha256(str(root.absolute()).encode()).hexdigest()[:20], root)]
    images = [CloudImage(image_id=image_id, disks=find_disks(path)) for image_id, path in named]
    return [image for image in images if image.disks]


def find_disks(folder: Path) -> tuple[CloudDisk, ...]:
    """Return the disks in a folder: the system disk first, then the data disks by their devices."""
    disks = [_disk(path.stem, path) for path in sorted(folder.glob("*.raw")) if path.is_file()]
    by_device = {disk.device: disk for disk in disks}
    if len(by_device) != len(disks):
        raise SettingsError(
            f"in {folder} several files would be the same disk",
            hint="Name them system.raw, xvdb.raw, xvdc.raw …, or say in cloud.json which is which.",
        )
    return tuple(by_device[device] for device in sorted(by_device))


def read_image(image_id: str, words: Any, known: CloudImage | None, root: Path | None = None) -> CloudImage:
    """Return an image with the properties that JSON gives it; the others stay as they are known."""
    if not is_image_id(image_id):
        raise SettingsError(f"{image_id!r} is no image id: m- with small letters and digits")
    where = f"image {image_id}"
    image = known or CloudImage(image_id=image_id, disks=(CloudDisk(),))
    if not isinstance(words, dict):
        raise SettingsError(f"{where} is an object of JSON, not {words!r}")
    plain = {name: value for name, value in words.items() if name not in {"disks", "tags", "image_id"}}
    image = change_record(image, plain, where)
    if "tags" in words:
        image = replace(image, tags=_read_tags(words["tags"], where))
    if "disks" in words:
        image = replace(image, disks=_read_disks(words["disks"], image.disks, where, root))
    return image


def read_bucket(name: str, words: Any, known: CloudBucket | None) -> CloudBucket:
    """Return a bucket with the properties that JSON gives it."""
    if not is_bucket_name(name):
        raise SettingsError(f"{name!r} is no bucket name: 3 to 63 lower-case letters, digits and hyphens")
    return replace(change_record(known or CloudBucket(name=name), words, f"bucket {name}"), name=name)


def change_record(record: Record, words: Any, where: str) -> Record:
    """Return a record with some of its fields changed by JSON. Raises SettingsError on strange names and types."""
    if not isinstance(words, dict):
        raise SettingsError(f"{where} is an object of JSON, not {words!r}")
    known = {field.name for field in fields(record)}
    strange = sorted(set(words) - known)
    if strange:
        raise SettingsError(f"{where} has no {', '.join(strange)}", hint=f"It knows: {', '.join(sorted(known))}")
    for name, value in words.items():
        _check_type(getattr(record, name), value, f"{name} of {where}")
    try:
        return replace(record, **words)
    except ValueError as error:
        raise SettingsError(f"{where}: {error}") from error


def _check_type(now: object, value: object, where: str) -> None:
    if isinstance(now, float) and isinstance(value, int) and not isinstance(value, bool):
        return
    if type(value) is not type(now):
        raise SettingsError(f"{where} is of type {type(now).__name__}, not {value!r}")


def _read_file(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    try:
        words = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    if not isinstance(words, dict) or set(words) - {"settings", "buckets", "images"}:
        raise SettingsError(f"{path} has other parts than settings, buckets and images")
    return words


def _members(words: Mapping[str, Any], part: str) -> Iterable[tuple[str, Any]]:
    members = words.get(part, {})
    if not isinstance(members, dict):
        raise SettingsError(f"{part} is an object of JSON, not {members!r}")
    return members.items()


def _disk(stem: str, path: Path) -> CloudDisk:
    found = _DATA_DISK.fullmatch(stem)
    return CloudDisk(device=f"/dev/xvd{found[1] if found else 'a'}", file=str(path.absolute()))


def _read_disks(words: Any, known: tuple[CloudDisk, ...], where: str, root: Path | None) -> tuple[CloudDisk, ...]:
    """Read disks; one with a known device keeps what is not said anew."""
    if not isinstance(words, list):
        raise SettingsError(f"the disks of {where} are a list, not {words!r}")
    by_device = {disk.device: disk for disk in known}
    disks: list[CloudDisk] = []
    for one in words:
        device = one.get("device", "/dev/xvda") if isinstance(one, dict) else ""
        disk = change_record(by_device.get(device, CloudDisk()), one, f"a disk of {where}")
        disks.append(replace(disk, file=_locate(disk.file, where, root)))
    return tuple(disks)


def _locate(file: str, where: str, root: Path | None) -> str:
    if not file:
        return ""
    path = (root or Path()) / file
    if not path.is_file():
        raise SettingsError(f"{path}, a disk of {where}, is not there")
    return str(path.absolute())


def _read_tags(words: Any, where: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(words, dict):
        raise SettingsError(f"the tags of {where} are an object of JSON, not {words!r}")
    return tuple((str(key), str(value)) for key, value in words.items())
