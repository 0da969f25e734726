"""Rights that a program brings by itself: the attribute `security.capability` of Linux."""

import logging
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Protocol, runtime_checkable

from imgkit.errors import CannotLookInside, NoSuchPathInside
from imgkit.facts.guest import Guest
from imgkit.model.files import CapableFile

log = logging.getLogger(__name__)

ATTRIBUTE = b"security.capability"
_NAMES = (  # by number, as linux/capability.h has them
    "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
    "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner",
    "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice",
    "sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap",
    "mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf",
    "checkpoint_restore",
)  # fmt: skip
_EFFECTIVE = 0x1
_WORDS = {1: (1, False), 2: (2, False), 3: (2, True)}  # revision: pairs of 32-bit masks, and whether a root id follows


@runtime_checkable
class ReadsManyXattrs(Protocol):
    """A file tree that gives one attribute of many names of a folder in one question, where a question is dear."""

    def one_xattr(self, folder: bytes, names: Sequence[bytes], attribute: bytes) -> Mapping[bytes, bytes]:
        """Return the attribute's value of each of these names that has it."""
        ...


def decode_capability(path: bytes, value: bytes) -> CapableFile | None:
    """Read the attribute's value (`struct vfs_ns_cap_data`, linux/capability.h); None where it is none."""
    if len(value) < 4:
        return None
    (magic,) = struct.unpack_from("<I", value)
    pairs, has_root = _WORDS.get(magic >> 24, (0, False))
    if not pairs or len(value) != 4 + 8 * pairs + 4 * has_root:
        return None
    masks = struct.unpack_from(f"<{2 * pairs}I", value, 4)
    permitted = sum(mask << (32 * at) for at, mask in enumerate(masks[0::2]))
    inheritable = sum(mask << (32 * at) for at, mask in enumerate(masks[1::2]))
    return CapableFile(
        path=path,
        permitted=_names(permitted),
        inheritable=_names(inheritable),
        effective=bool(magic & _EFFECTIVE),
        root_uid=struct.unpack_from("<I", value, 4 + 8 * pairs)[0] if has_root else 0,
    )


def find_capable(guest: Guest, paths: Iterable[bytes]) -> tuple[tuple[CapableFile, ...], tuple[str, ...]]:
    """Return which of these files bring rights, and notes of those of which nobody knows; `paths` may be in any order.

    Only the message of the first failure is kept: a file system without attributes fails for each.
    """
    found: list[CapableFile] = []
    failures: list[str] = []
    for folder, names in groupby(sorted(paths, key=_split), key=lambda path: _split(path)[0]):
        for path, value in _values(guest, folder, [_split(path)[1] for path in names], failures):
            capable = decode_capability(path, value)
            if capable is None:
                failures.append(f"the capability of a file is in no known form ({len(value)} bytes)")
            else:
                found.append(capable)
    notes = (f"{len(failures)} files' rights could not be read, the first because: {failures[0]}",) if failures else ()
    return tuple(sorted(found, key=lambda one: one.path)), notes


def _split(path: bytes) -> tuple[bytes, bytes]:
    folder, _, name = path.rpartition(b"/")
    return folder + b"/", name


def _values(guest: Guest, folder: bytes, names: Sequence[bytes], failures: list[str]) -> Iterator[tuple[bytes, bytes]]:
    tree = guest.tree
    try:
        if isinstance(tree, ReadsManyXattrs):
            yield from ((folder + name, value) for name, value in tree.one_xattr(folder, names, ATTRIBUTE).items())
            return
    except (CannotLookInside, NoSuchPathInside) as error:
        log.info("asked one by one: %s", error)
    for name in names:
        try:
            value = tree.xattrs(folder + name).get(ATTRIBUTE)
        except (CannotLookInside, NoSuchPathInside) as error:
            failures.append(error.message)
            continue
        if value is not None:
            yield folder + name, value


def _names(mask: int) -> tuple[str, ...]:
    known = tuple(f"cap_{name}" for number, name in enumerate(_NAMES) if mask >> number & 1)
    beyond = mask >> len(_NAMES)
    return (*known, *(f"cap_{len(_NAMES) + number}" for number in range(beyond.bit_length()) if beyond >> number & 1))
