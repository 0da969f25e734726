"""The objects of all buckets: they appear whole or not at all, and an open one stays what it was when replaced."""

import hashlib
import secrets
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from imgkit.digests import crc64
from imgkit.simulator.object_files import StoredObject, decode_key, encode_key, read_record, write_record
from imgkit.units import MiB

_PART_BYTES = 128 * MiB


class Incoming:
    """An object on its way in; its CRC-64, and its MD5 where it is wanted, are taken as it passes."""

    def __init__(self, path: Path, file: BinaryIO, *, with_md5: bool) -> None:
        self.path = path
        self.size = 0
        self.crc64 = 0
        self.md5 = hashlib.md5(usedforsecurity=False) if with_md5 else None
        self._file = file

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._file.write(data)
        self.size += len(data)
        self.crc64 = crc64(data, self.crc64)
        if self.md5 is not None:
            self.md5.update(data)

    @property
    def etag(self) -> str:
        """The ETag it will have: its MD5, or a value of its own with the number of parts."""
        if self.md5 is not None:
            return self.md5.hexdigest().upper()
        return _multipart_etag(secrets.token_hex(16).upper(), self.size)

    def flush(self) -> None:
        """Hand all bytes to the system."""
        self._file.flush()


@dataclass(frozen=True, slots=True, kw_only=True)
class Nature:
    """What an object is besides its bytes."""

    modified: datetime
    storage_class: str = "Standard"
    versioned: bool = False
    content_type: str = "application/octet-stream"
    metadata: tuple[tuple[str, str], ...] = ()


class ObjectStore:
    """Objects in files below one folder; safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()

    def add_bucket(self, bucket: str) -> None:
        """Make the folders of a bucket and clear away what never became whole."""
        shutil.rmtree(self._folder / bucket / "incoming", ignore_errors=True)
        for name in ("objects", "records", "versions", "incoming"):
            (self._folder / bucket / name).mkdir(parents=True, exist_ok=True)

    def keys(self, bucket: str) -> list[str]:
        """Return the keys of a bucket, in no order."""
        with self._lock:
            return [self._key_of(bucket, path.name) for path in (self._folder / bucket / "objects").iterdir()]

    def find(self, bucket: str, key: str) -> StoredObject | None:
        """Return what is known about an object; None where there is none."""
        with self._lock:
            path = self._data(bucket, key)
            if not key or not path.is_file():
                return None
            stored = read_record(self._record(bucket, key))
            if stored is None or stored.size != path.stat().st_size:
                stored = _look_at(path, key)
                write_record(self._record(bucket, key), stored)
            return stored

    def open(self, bucket: str, key: str, version_id: str = "") -> tuple[StoredObject, BinaryIO] | None:
        """Return an object, or an earlier version of it, with its open file, both of the same moment."""
        with self._lock:
            stored = self.find(bucket, key)
            if version_id and (stored is None or version_id != (stored.version_id or "null")):
                return self._open_earlier(bucket, key, version_id)
            return (stored, self._data(bucket, key).open("rb")) if stored else None

    def _open_earlier(self, bucket: str, key: str, version_id: str) -> tuple[StoredObject, BinaryIO] | None:
        path = self._earlier(bucket, key) / encode_key(version_id)
        stored = read_record(path.with_name(f"{path.name}.json"))
        return (stored, path.open("rb")) if stored else None

    @contextmanager
    def incoming(self, bucket: str, *, with_md5: bool = True) -> Iterator[Incoming]:
        """Give a place to write a new object to; what was not published is gone afterwards."""
        path = self.scratch(bucket) / secrets.token_hex(8)
        try:
            with path.open("xb") as file:
                yield Incoming(path, file, with_md5=with_md5)
        finally:
            path.unlink(missing_ok=True)

    def scratch(self, bucket: str) -> Path:
        """Return the folder of a bucket for things that are no objects."""
        return self._folder / bucket / "incoming"

    def publish(self, bucket: str, key: str, incoming: Incoming, nature: Nature) -> StoredObject:
        """Make an incoming object appear under its key."""
        stored = StoredObject(
            key=key,
            size=incoming.size,
            etag=incoming.etag,
            crc64=incoming.crc64,
            modified=nature.modified.replace(microsecond=0),
            storage_class=nature.storage_class,
            object_type="Multipart" if incoming.md5 is None else "Normal",
            version_id="CAEQ" + secrets.token_hex(16) if nature.versioned else "",
            content_type=nature.content_type,
            metadata=nature.metadata,
        )
        incoming.flush()
        with self._lock:
            if nature.versioned:
                self._keep_earlier(bucket, key)
            incoming.path.replace(self._data(bucket, key))
            write_record(self._record(bucket, key), stored)
        return stored

    def _keep_earlier(self, bucket: str, key: str) -> None:
        stored = self.find(bucket, key)
        if stored is None:
            return
        path = self._earlier(bucket, key) / encode_key(stored.version_id or "null")
        path.parent.mkdir(exist_ok=True)
        self._data(bucket, key).replace(path)
        write_record(path.with_name(f"{path.name}.json"), stored)

    def change(self, bucket: str, stored: StoredObject) -> None:
        """Note something new about an object, its bytes staying as they are."""
        with self._lock:
            write_record(self._record(bucket, stored.key), stored)

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object; removing what is not there is no error in OSS."""
        with self._lock:
            self._data(bucket, key).unlink(missing_ok=True)
            self._record(bucket, key).unlink(missing_ok=True)

    def replace_with_other_bytes(self, bucket: str, key: str, modified: datetime) -> None:
        """Put another object of the same length in its place: every byte inverted."""
        found = self.open(bucket, key)
        if found is None:
            return
        stored, file = found
        with file, self.incoming(bucket, with_md5=stored.object_type == "Normal") as incoming:
            while piece := file.read(MiB):
                incoming.write(piece.translate(_INVERTED))
            nature = Nature(modified=modified, storage_class=stored.storage_class, versioned=bool(stored.version_id))
            self.publish(bucket, key, incoming, nature)

    def freeze(self, bucket: str, key: str, storage_class: str) -> None:
        """Move an object to an archive class, not restored."""
        stored = self.find(bucket, key)
        if stored is not None:
            self.change(bucket, replace(stored, storage_class=storage_class, restore=None))

    def _key_of(self, bucket: str, name: str) -> str:
        if "~" not in name:
            return decode_key(name)
        record = read_record(self._folder / bucket / "records" / f"{name}.json")
        return record.key if record else decode_key(name)

    def _data(self, bucket: str, key: str) -> Path:
        return self._folder / bucket / "objects" / encode_key(key)

    def _earlier(self, bucket: str, key: str) -> Path:
        return self._folder / bucket / "versions" / encode_key(key)

    def _record(self, bucket: str, key: str) -> Path:
        return self._folder / bucket / "records" / f"{encode_key(key)}.json"


_INVERTED = bytes(255 - number for number in range(256))


def _look_at(path: Path, key: str) -> StoredObject:
    """Make the record of a file that somebody else put there, as if it had come in many parts."""
    crc, size = 0, 0
    with path.open("rb") as file:
        while piece := file.read(4 * MiB):
            crc = crc64(piece, crc)
            size += len(piece)
    return StoredObject(
        key=key,
        size=size,
        etag=_multipart_etag(hashlib.sha256(f"{key}/{size}/{crc}".encode()).hexdigest()[:32].upper(), size),
        crc64=crc,
        modified=datetime.fromtimestamp(int(path.stat().st_mtime), UTC),
        object_type="Multipart",
    )


def _multipart_etag(unique: str, size: int) -> str:
    return f"{unique}-{max(1, -(-size // _PART_BYTES))}"
