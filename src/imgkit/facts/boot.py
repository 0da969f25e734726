"""How a system starts: by which firmware, and whether it would start as an instance of ECS."""

from collections.abc import Iterable, Iterator, Sequence

from imgkit.facts.boot_entries import Loading, read_loading
from imgkit.facts.device_names import DeviceNames
from imgkit.facts.guest import Guest
from imgkit.facts.initramfs import read_drivers
from imgkit.facts.isolation import determine
from imgkit.facts.kernels import read_kernels
from imgkit.model.boot import Boot, BootCheck, BootEntry, BootModes, DriverPlace, Kernel, KernelDrivers
from imgkit.model.fact import Fact, FactState
from imgkit.model.mounts import EntryState, FstabEntry, MountKind
from imgkit.model.storage import Partition
from imgkit.model.tree import EntryKind

_EFI_TYPES = {"C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "0XEF", "0XEE"}
_BIOS_BOOT_TYPE = "21686148-6449-6E6F-744E-656564454649"
_EFI_FOLDERS = (b"/boot/efi/EFI", b"/efi/EFI", b"/boot/EFI")
_BIOS_FOLDERS = (b"/boot/grub/i386-pc", b"/boot/grub2/i386-pc")
_EARLY = {DriverPlace.BUILT_IN, DriverPlace.INITRAMFS}
_STABLE = ("UUID=", "LABEL=", "PARTUUID=", "PARTLABEL=", "/dev/mapper/", "/dev/disk/by-uuid/")
_MOST_PROGRAMS = 100


def describe_boot(guest: Guest, fstab: Fact[tuple[FstabEntry, ...]], names: DeviceNames | None) -> Boot:
    """Collect the facts of how a system starts; `names` finds file systems by what command lines call them."""
    kernels = determine(lambda: read_kernels(guest), guest.room)
    loading = _loading(guest, names)
    drivers = determine(lambda: _drivers(guest, kernels), guest.room)
    return Boot(
        modes=determine(lambda: read_modes(guest, names.storage.partitions if names else ()), guest.room),
        loaders=guest.room.fit(loading.loaders),
        entries=guest.room.fit(loading.entries),
        kernels=kernels,
        drivers=drivers,
        checks=determine(lambda: judge(loading.entries, drivers, fstab), guest.room),
    )


def read_modes(guest: Guest, partitions: Sequence[Partition]) -> Fact[BootModes]:
    """Judge by partitions and by what loaders left behind; a disk may be made for both."""
    seen: dict[str, list[str]] = {"bios": [], "uefi": []}
    for one in partitions:
        if one.type.upper() in _EFI_TYPES - {"0XEE"}:
            seen["uefi"].append(f"{one.place} is an EFI system partition")
        if one.type.upper() == _BIOS_BOOT_TYPE:
            seen["bios"].append(f"{one.place} is a BIOS boot partition")
    seen["bios"] += [f"{one.decode()} is there" for one in _BIOS_FOLDERS if guest.folder(one) is not None]
    programs = sorted(_efi_programs(guest))
    seen["uefi"] += [f"{len(programs)} EFI programs are there"] if programs else []
    if not any(seen.values()):
        return Fact.absent("neither a partition nor a loader's file tells")
    found = BootModes(
        bios=bool(seen["bios"]),
        uefi=bool(seen["uefi"]),
        evidence=(*seen["bios"], *seen["uefi"]),
        programs=tuple(programs[:_MOST_PROGRAMS]),
    )
    return Fact.present(found, sources=())


def judge(
    entries: Fact[tuple[BootEntry, ...]], drivers: Fact[tuple[KernelDrivers, ...]], fstab: Fact[tuple[FstabEntry, ...]]
) -> Fact[tuple[BootCheck, ...]]:
    """Answer what the image check of ECS asks: drivers, root by UUID, fstab by UUID."""
    checks = [
        *_driver_checks(drivers.value or ()),
        *_root_checks(entries.value or ()),
        *_fstab_checks(fstab.value or ()),
    ]
    lost = [one.reason for one in (entries, drivers, fstab) if one.state is FactState.UNDETERMINED]
    if not checks:
        return Fact.undetermined(lost[0]) if lost else Fact.absent("there is nothing to judge by")
    return Fact.present(tuple(checks), partial=bool(lost), notes=tuple(lost), sources=())


def _loading(guest: Guest, names: DeviceNames | None) -> Loading:
    loading: list[Loading] = []

    def read() -> Fact[Loading]:
        loading.append(read_loading(guest, names))
        return Fact.present(loading[0], sources=())

    told = determine(read)
    if loading:
        return loading[0]
    return Loading(loaders=Fact.undetermined(told.reason), entries=Fact.undetermined(told.reason))


def _drivers(guest: Guest, kernels: Fact[tuple[Kernel, ...]]) -> Fact[tuple[KernelDrivers, ...]]:
    if kernels.state is FactState.UNDETERMINED:
        return Fact.undetermined(kernels.reason)
    return read_drivers(guest, kernels.value or ())


def _efi_programs(guest: Guest) -> Iterator[bytes]:
    for folder in _EFI_FOLDERS:
        for entry in guest.folder(folder) or ():
            if entry.kind is EntryKind.FOLDER:
                below = folder + b"/" + entry.name
                names = (one.name for one in guest.folder(below) or () if one.kind is EntryKind.FILE)
                yield from (below + b"/" + name for name in names if name.lower().endswith(b".efi"))


def _driver_checks(found: Sequence[KernelDrivers]) -> Iterator[BootCheck]:
    for one in found:
        early = {driver.name for driver in one.drivers if driver.place in _EARLY}
        yield _check(f"virtio disk with {one.kernel}", early, ("virtio_blk", "virtio_pci"))
        yield _check(f"virtio network with {one.kernel}", early | _at_all(one), ("virtio_net",))
        yield _check(f"NVMe disk with {one.kernel}", early, ("nvme",))


def _at_all(one: KernelDrivers) -> set[str]:
    """A network card may wait for the root file system."""
    return {driver.name for driver in one.drivers if driver.place is DriverPlace.MODULES}


def _check(name: str, early: set[str], wanted: Iterable[str]) -> BootCheck:
    missing = [one for one in wanted if one not in early]
    words = f"{', '.join(missing)} not where it is needed" if missing else "there when it is needed"
    return BootCheck(name=name, passed=not missing, words=words)


def _root_checks(entries: Sequence[BootEntry]) -> Iterator[BootCheck]:
    chosen = [one for one in entries if one.default] or list(entries[:1])
    for one in chosen[:3]:
        name = f"root of {one.title or one.id or one.kernel.decode('utf-8', 'surrogateescape')}"
        stable = one.root.startswith(_STABLE)
        words = "by a name that stays" if stable else "by a device's name, which may change"
        yield BootCheck(name=f"{name} by UUID", passed=stable, words=f"root={one.root}: {words}")
        there = f"is {one.root_place}" if one.root_place else "is on none of these disks"
        yield BootCheck(name=f"{name} exists", passed=bool(one.root_place), words=f"root={one.root} {there}")
        kernel = "is there" if one.kernel_there else "is NOT there"
        yield BootCheck(name=f"kernel of {name[8:]}", passed=one.kernel_there, words=f"the kernel {kernel}")


def _fstab_checks(entries: Sequence[FstabEntry]) -> Iterator[BootCheck]:
    for one in entries:
        if one.state is EntryState.ELSEWHERE or "nofail" in one.options or "noauto" in one.options:
            continue
        stable = one.kind is not MountKind.DEVICE or one.spec.startswith("/dev/mapper/")
        found = one.state is EntryState.FOUND
        words = one.reason or ("by a name that stays" if stable else "by a device's name, which may change")
        yield BootCheck(name=f"fstab line {one.line}", passed=stable and found, words=f"{one.spec}: {words}")
