"""Buckets and objects of OSS, and how a user names them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketInfo:
    """A bucket as GetBucketInfo tells it. `region_id` is the bare region: `cn-hangzhou`."""

    name: str
    region_id: str
    storage_class: str = "Standard"
    encryption: str = ""
    versioning: str = ""
    extranet_endpoint: str = ""
    intranet_endpoint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInfo:
    """An object as one answer described it. `etag` is bare, without quotes; `crc64` None where the service has none.

    `restore` is the x-oss-restore header as it came; `frozen` says that it must be restored before it can be read.
    `server_date` is the service's clock when it answered.
    """

    bucket: str
    key: str
    size: int
    etag: str
    crc64: int | None = None
    last_modified: datetime | None = None
    storage_class: str = "Standard"
    version_id: str = ""
    restore: str = ""
    request_id: str = ""
    server_date: datetime | None = None

    @property
    def url(self) -> str:
        return f"oss://{self.bucket}/{self.key}"

    @property
    def frozen(self) -> bool:
        """An Archive class without a finished restore; list answers do not know the restore."""
        return "Archive" in self.storage_class and 'ongoing-request="false"' not in self.restore


@dataclass(frozen=True, slots=True, kw_only=True)
class OssLocation:
    """`oss://bucket/key`, or with a key that ends in `/` or is empty, everything below it."""

    bucket: str
    key: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `oss://bucket/key`. Raises ValueError."""
        scheme, found, rest = text.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme != "oss" or not found or not bucket:
            raise ValueError(f"{text!r} is no oss://bucket/key")
        return cls(bucket=bucket, key=key)

    @property
    def is_prefix(self) -> bool:
        return not self.key or self.key.endswith("/")

    def __str__(self) -> str:
        return f"oss://{self.bucket}/{self.key}"
