"""What a system boots: by which firmware and loader, with which words, its kernels and their drivers."""

from dataclasses import dataclass
from enum import StrEnum

from imgkit.model.fact import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """A kernel release with what there is of it: image and initramfs in /boot, a folder of modules."""

    version: str
    image: bytes = b""
    image_bytes: int = 0
    initramfs: tuple[bytes, ...] = ()
    modules: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class BootModes:
    """By which firmware the system can start, judged by what lies on its disks; `evidence` is what was seen."""

    bios: bool
    uefi: bool
    evidence: tuple[str, ...]
    programs: tuple[bytes, ...] = ()


class LoaderKind(StrEnum):
    GRUB = "grub2"
    GRUB_LEGACY = "grub1"
    SYSTEMD_BOOT = "systemd-boot"
    SYSLINUX = "extlinux"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loader:
    """A boot loader's configuration; `default` is what it is told to start, in its own words."""

    kind: LoaderKind
    path: bytes
    default: str = ""
    timeout: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BootEntry:
    """Something that a loader can start. `options` is the kernel's command line, `root` its file system.

    `root_place` is as in `storage`, empty where nothing on these disks answers. `kernel_there` is whether the file is.
    """

    loader: LoaderKind
    path: bytes
    line: int
    title: str
    id: str
    kernel: bytes
    initramfs: tuple[bytes, ...]
    options: str
    root: str
    root_place: str
    consoles: tuple[str, ...]
    kernel_there: bool
    default: bool = False


class DriverPlace(StrEnum):
    """Where a driver is: only the first two are there when the root file system is looked for."""

    BUILT_IN = "built in"
    INITRAMFS = "initramfs"
    MODULES = "modules"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    name: str
    place: DriverPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelDrivers:
    """The drivers that a machine in the cloud needs, of one kernel with one initramfs."""

    kernel: str
    initramfs: bytes
    compression: str
    files: int
    early: bool
    drivers: tuple[Driver, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BootCheck:
    """A question that ECS asks of an image before it can start from it."""

    name: str
    passed: bool
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """How a system starts."""

    modes: Fact[BootModes]
    loaders: Fact[tuple[Loader, ...]]
    entries: Fact[tuple[BootEntry, ...]]
    kernels: Fact[tuple[Kernel, ...]]
    drivers: Fact[tuple[KernelDrivers, ...]]
    checks: Fact[tuple[BootCheck, ...]]
