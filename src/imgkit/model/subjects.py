"""The subjects of a report: what may be asked for by itself, or left out."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Subject(StrEnum):
    """Storage is none of them: it is always looked at, and all else stands on it."""

    IDENTITY = "identity"
    BOOT = "boot"
    MOUNTS = "mounts"
    PACKAGES = "packages"
    ACCOUNTS = "accounts"
    CONTENTS = "contents"


EVERY_SUBJECT = frozenset(Subject)

# What `imgkit inspect --list` says of each.
SUBJECT_WORDS: Mapping[Subject, str] = MappingProxyType(
    {
        Subject.IDENTITY: "distribution, release, architecture, host name, machine id, time zone, locale",
        Subject.BOOT: "kernels with their initramfs and modules",
        Subject.MOUNTS: "fstab over all disks of the set, and what became of each line",
        Subject.PACKAGES: "what dpkg, rpm and apk have installed",
        Subject.ACCOUNTS: "users, the state of their passwords, groups",
        Subject.CONTENTS: "what a disk without an operating system holds",
    }
)
