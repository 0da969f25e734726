"""A disk with a folder that ext4 encrypts (fscrypt): its key is gone with the kernel that had it."""

from collections.abc import Sequence
from pathlib import Path

from imgkit.samples.appliance_work import Work
from imgkit.samples.file_system_kinds import KINDS, make_empty

LOCKED_NAMES = (b"short", b"n" * 16, b"n" * 149, b"n" * 250)
_KIND = next(kind for kind in KINDS if kind.name == "ext4-encrypt")


def locked_work(target: Path) -> Work:
    """Make `target` and return the work that fills it: `/open` to be read, `/locked` with files, a folder and a link.

    e4crypt(8) sets the policy; its key stays in the kernel's memory. Raises ToolMissing naming the package.
    """
    make_empty(target, _KIND)

    def lines(devices: Sequence[str]) -> Sequence[str]:
        return (
            f"mkdir -p /run/locked && mount {devices[0]} /run/locked && cd /run/locked && echo open > open",
            "mkdir locked",
            "echo correct horse | e4crypt add_key -S 0x0123456789abcdef locked",
            *(f"echo content > locked/{name.decode()}" for name in LOCKED_NAMES),
            "mkdir locked/folder && echo deeper > locked/folder/file && ln -s short locked/link",
            "cd / && umount /run/locked",
        )

    return Work(name=target.name, disks=(target,), lines=lines)
