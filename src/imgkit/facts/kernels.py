"""Which kernels are there: what /boot and /lib/modules hold, joined by release."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from imgkit.facts.guest import Guest, as_text
from imgkit.model.boot import Kernel
from imgkit.model.fact import Fact
from imgkit.model.tree import Entry, EntryKind

_BOOT = b"/boot"
_MODULES = (b"/lib/modules", b"/usr/lib/modules")
_IMAGE = re.compile(rb"(?:vmlinuz|vmlinux|Image|bzImage|zImage)-(?P<version>.+)", re.DOTALL)
_INITRAMFS = re.compile(rb"(?:initrd\.img|initramfs|initrd)-(?P<version>.+)", re.DOTALL)
_ENDINGS = (b".img", b".gz", b".xz", b".zst")
_OTHERS = (b".old", b".bak", b".dpkg-bak", b".sig", b".hmac", b".debug")
_DIGITS = re.compile(r"(\d+)")


@dataclass(slots=True)
class _Parts:
    image: Entry | None = None
    initramfs: list[bytes] = field(default_factory=list)
    modules: bytes = b""


def read_kernels(guest: Guest) -> Fact[tuple[Kernel, ...]]:
    """List kernel releases, each with the parts of it that are there, in the order of their numbers."""
    boot = guest.folder(_BOOT)
    folder, modules = _first_folder(guest, _MODULES)
    if boot is None and modules is None:
        return Fact.absent("there is neither /boot nor /lib/modules")
    found: dict[bytes, _Parts] = {}
    _sort_boot(boot or (), found)
    for entry in modules or ():
        if entry.kind is EntryKind.FOLDER and entry.name[:1].isdigit():
            found.setdefault(entry.name, _Parts()).modules = folder + b"/" + entry.name
    kernels = (_kernel(version, parts) for version, parts in found.items())
    return Fact.present(tuple(sorted(kernels, key=_release_order)), sources=())


def _first_folder(guest: Guest, paths: Iterable[bytes]) -> tuple[bytes, Iterable[Entry] | None]:
    for path in paths:
        entries = guest.folder(path)
        if entries is not None:
            return path, entries
    return b"", None


def _sort_boot(entries: Iterable[Entry], found: dict[bytes, _Parts]) -> None:
    for entry in entries:
        if entry.kind is not EntryKind.FILE or entry.name.endswith(_OTHERS):
            continue
        if image := _IMAGE.fullmatch(entry.name):
            found.setdefault(image["version"], _Parts()).image = entry
        elif initramfs := _INITRAMFS.fullmatch(entry.name):
            version = _bare_version(initramfs["version"])
            found.setdefault(version, _Parts()).initramfs.append(_BOOT + b"/" + entry.name)


def _bare_version(name: bytes) -> bytes:
    """Return the release of an initramfs: its name without the ending, and without the mark of kdump's own."""
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    return name.removesuffix(b"-kdump").removesuffix(b"kdump")


def _kernel(version: bytes, parts: _Parts) -> Kernel:
    return Kernel(
        version=as_text(version),
        image=_BOOT + b"/" + parts.image.name if parts.image is not None else b"",
        image_bytes=parts.image.size if parts.image is not None else 0,
        initramfs=tuple(sorted(parts.initramfs)),
        modules=parts.modules,
    )


def _release_order(kernel: Kernel) -> list[tuple[bool, int, str]]:
    """Sort 5.10 after 5.4, and names without a number (Alpine's `lts`, a rescue image) last."""
    parts = (part for part in _DIGITS.split(kernel.version) if part)
    return [(not part.isdecimal(), int(part) if part.isdecimal() and len(part) < 20 else 0, part) for part in parts]
