"""Whether a kernel finds its disk and its network in the cloud: drivers built in, in the initramfs, or elsewhere."""

import re
from collections.abc import Callable, Sequence

from imgkit.errors import CannotLookInside, NoSuchPathInside
from imgkit.facts.cpio import Listing, list_names
from imgkit.facts.guest import Guest, as_path, as_text
from imgkit.model.boot import Driver, DriverPlace, Kernel, KernelDrivers
from imgkit.model.fact import Fact, Source
from imgkit.units import MiB

WANTED = ("virtio_blk", "virtio_net", "virtio_pci", "virtio_scsi", "nvme", "xen_blkfront", "xen_netfront")
_MODULE = re.compile(rb"(?:^|/)(?P<name>[^/]{1,100})\.ko(?:\.(?:xz|gz|zst))?(?::|$)")
_MOST_KERNELS = 3
_INITRAMFS_BYTES = 512 * MiB
_LIST_BYTES = 8 * MiB
_KDUMP = b"kdump"


def read_drivers(guest: Guest, kernels: Sequence[Kernel]) -> Fact[tuple[KernelDrivers, ...]]:
    """Look into the initramfs of the newest kernels."""
    able = [one for one in kernels if one.image and one.initramfs]
    if not able:
        return Fact.absent("there is no kernel with an initramfs")
    found: list[KernelDrivers] = []
    trouble: list[str] = []
    sources: list[Source] = []
    for kernel in able[-_MOST_KERNELS:]:
        for path in [one for one in kernel.initramfs if _KDUMP not in one][:1]:
            one, words = _kernel_drivers(guest, kernel, path, sources)
            found.append(one)
            trouble += [f"{as_text(path)}: {words}"] if words else []
    left = len(able) - len(found)
    notes = (f"{left} older or odd kernels' initramfs were not looked into",) if left else ()
    return Fact.present(tuple(found), partial=bool(trouble), notes=(*trouble, *notes), sources=tuple(sources))


def _kernel_drivers(guest: Guest, kernel: Kernel, path: bytes, sources: list[Source]) -> tuple[KernelDrivers, str]:
    in_initramfs: set[str] = set()

    def see(name: bytes) -> None:
        if b".ko" in name:
            in_initramfs.update(_modules(name))

    listing = _list(guest, path, see)
    built_in = _named_in(guest, kernel, b"modules.builtin", sources)
    on_disk = _named_in(guest, kernel, b"modules.dep", sources)
    places = (
        (DriverPlace.BUILT_IN, built_in),
        (DriverPlace.INITRAMFS, in_initramfs),
        (DriverPlace.MODULES, on_disk),
    )
    drivers = tuple(
        Driver(name=name, place=next((place for place, names in places if name in names), DriverPlace.NOWHERE))
        for name in WANTED
    )
    found = KernelDrivers(
        kernel=kernel.version,
        initramfs=path,
        compression=listing.compression,
        files=listing.files,
        early=listing.early,
        drivers=drivers,
    )
    return found, listing.trouble


def _list(guest: Guest, path: bytes, see: Callable[[bytes], None]) -> Listing:
    try:
        return list_names(guest.parts(path, limit=_INITRAMFS_BYTES), see, most=_INITRAMFS_BYTES)
    except (NoSuchPathInside, CannotLookInside) as error:
        return Listing(trouble=error.message)


def _named_in(guest: Guest, kernel: Kernel, name: bytes, sources: list[Source]) -> set[str]:
    """Return the drivers that a list of the kernel's modules names: a path a line, in modules.dep before a colon."""
    folder = kernel.modules or b"/lib/modules/" + as_path(kernel.version)
    try:
        content = guest.read(folder + b"/" + name, limit=_LIST_BYTES)
    except (NoSuchPathInside, CannotLookInside):
        return set()
    sources.append(content.source)
    return {module for line in content.data.split(b"\n") for module in _modules(line.partition(b":")[0])}


def _modules(path: bytes) -> set[str]:
    match = _MODULE.search(path)
    name = as_text(match["name"]).replace("-", "_") if match else ""
    return {name} & set(WANTED)
