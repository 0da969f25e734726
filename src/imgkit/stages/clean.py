"""Remove from the bucket exactly the objects that a set came from, and only those that are still the same."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from imgkit.errors import NoSuchBucketOrObject, ObjectChanged
from imgkit.model.cloud_object import ObjectInfo
from imgkit.model.manifest import Manifest
from imgkit.ports import ObjectStore

StoreOf = Callable[[str], ObjectStore]  # by the bucket's name: a set's objects may lie in several


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """What of a set's objects still lies in the bucket, and what is gone already."""

    there: tuple[ObjectInfo, ...]
    gone: tuple[str, ...]


def objects_of(manifest: Manifest) -> tuple[ObjectInfo, ...]:
    """Return the objects that the set's disks came from."""
    return tuple(disk.object for disk in manifest.disks if disk.object is not None)


def find_leftovers(store_of: StoreOf, objects: Iterable[ObjectInfo]) -> Leftovers:
    """Look which of these objects are still there. Raises ObjectChanged for one that is another by now."""
    there, gone = [], []
    for known in objects:
        try:
            found = store_of(known.bucket).describe(known.key)
        except NoSuchBucketOrObject:
            gone.append(known.key)
            continue
        if (found.etag, found.size) != (known.etag, known.size):
            raise ObjectChanged(
                f"{known.url} is no longer the object that was downloaded, so it is left alone",
                hint="Look at it, and remove it by hand if it is not needed.",
            )
        there.append(known)
    return Leftovers(there=tuple(there), gone=tuple(gone))


def delete_object(store_of: StoreOf, info: ObjectInfo) -> None:
    """Delete one object."""
    store_of(info.bucket).delete(info.key)
