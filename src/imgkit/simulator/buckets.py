"""Buckets of the loopback cloud: their properties, and the rule for their names."""

import re
from dataclasses import dataclass

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudBucket:
    """One bucket with everything that an export or a download may trip over."""

    name: str
    region_id: str = ""  # empty: the cloud's home region
    storage_class: str = "Standard"
    encryption: str = ""  # AES256, KMS or SM4: default encryption on the server's side
    versioning: str = ""  # Enabled or Suspended
    requester_pays: bool = False  # whoever does not say that they pay is refused, the owner too
    archive_direct_read: bool = False  # real-time access of archived objects
    acl: str = "private"
    owner_id: str = "1234567890123456"
    creation_date: str = "2026-01-02T03:04:05.000Z"

    def __post_init__(self) -> None:
        if not is_bucket_name(self.name):
            raise ValueError(f"{self.name!r} is no bucket name: 3 to 63 lower-case letters, digits and hyphens")


def is_bucket_name(name: str) -> bool:
    """Tell whether OSS would allow this name: 3 to 63 lower-case letters, digits and hyphens."""
    return _NAME.fullmatch(name) is not None
