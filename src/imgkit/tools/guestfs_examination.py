"""What libguestfs needs of this machine, each point looked at by itself, with the command that mends it."""

import os
import platform
from collections.abc import Iterator
from pathlib import Path

from imgkit.errors import CannotLookInside, ImgkitError, NoRoom, NotAccessible, ToolMissing
from imgkit.model.preflight import Finding, Severity, refuse
from imgkit.tools.guestfs import binding_version, find_interpreter
from imgkit.tools.guestfs_appliance import ApplianceSettings
from imgkit.tools.guestfs_diagnosis import APPLIANCE_BYTES, NO_KERNEL, NO_QEMU, READABLE_KERNEL, XFS_PACKAGE
from imgkit.tools.guestfs_kvm import Kvm, KvmVerdict, find_qemu, judge_kvm
from imgkit.units import describe_bytes

DEFAULT_CACHE = Path("/var/tmp")  # noqa: S108  # libguestfs' own, where LIBGUESTFS_CACHEDIR and TMPDIR say nothing
BOOT, MODULES = Path("/boot"), Path("/lib/modules")
APPLIANCE_PARTS = tuple(
    Path(folder, "guestfs/supermin.d")
    for folder in (f"/usr/lib/{platform.machine()}-linux-gnu", "/usr/lib64", "/usr/lib")
)


def examine_guestfs(settings: ApplianceSettings) -> tuple[Finding, ...]:
    """Look at everything that is known to keep libguestfs from working, without launching it (under a second)."""
    return (
        examine_binding(settings.interpreter),
        examine_qemu(find_qemu()),
        examine_kernels(BOOT, MODULES),
        describe_kvm(judge_kvm(settings.state_folder)),
        examine_cache(settings.cache_folder or DEFAULT_CACHE),
        *(finding for folder in APPLIANCE_PARTS for finding in examine_parts(folder)),
    )


def examine_binding(chosen: Path | None) -> Finding:
    """Look for a Python that can import guestfs."""
    try:
        found = find_interpreter(chosen)
    except ToolMissing as error:
        return refuse(error, rule="libguestfs")
    return _held("libguestfs", f"{binding_version(found)}, through {found}")


def examine_qemu(program: Path | None) -> Finding:
    """Look for the emulator that libguestfs runs."""
    if program is None:
        return refuse(ToolMissing("the system emulator of qemu is not installed", hint=NO_QEMU), rule="qemu")
    return _held("qemu", str(program))


def examine_kernels(boot: Path, modules: Path) -> Finding:
    """Look for a kernel that this user may read and that has its modules: libguestfs boots one."""
    kernels = sorted([*boot.glob("vmlinu[xz]-*"), *modules.glob("*/vmlinuz")])
    readable = [kernel for kernel in kernels if os.access(kernel, os.R_OK)]
    if not kernels:
        return _no_kernel(ToolMissing(f"libguestfs finds no kernel in {boot} or {modules}", hint=NO_KERNEL))
    if not readable:
        words = f"libguestfs may not read {', '.join(map(str, kernels))}"
        return _no_kernel(CannotLookInside(words, hint=READABLE_KERNEL))
    usable = [kernel for kernel in readable if (modules / _release(kernel)).is_dir()]
    if not usable:
        words = f"{modules} has no modules for {', '.join(map(str, readable))}"
        return _no_kernel(ToolMissing(words, hint=NO_KERNEL))
    return _held("appliance kernel", str(usable[-1]))


def describe_kvm(verdict: KvmVerdict) -> Finding:
    """Say what was found of KVM; without it all works, and slower."""
    if verdict.state is Kvm.USABLE:
        return _held("KVM", "usable")
    return Finding(
        rule="KVM",
        severity=Severity.UNKNOWN if verdict.state is Kvm.UNTESTED else Severity.NOTE,
        words=f"KVM: {verdict.state}: {verdict.reason}; libguestfs runs by software emulation, about 10 s for a start",
    )


def examine_cache(folder: Path) -> Finding:
    """Look whether the appliance is built already, or fits into the folder of its cache."""
    built = folder / f".guestfs-{os.geteuid()}" / "appliance.d" / "root"
    if built.exists():
        return _held("appliance", f"built already, in {built.parent}")
    if not os.access(folder, os.W_OK | os.X_OK):
        return _no_cache(NotAccessible(f"libguestfs may not write to {folder}", hint=_ELSEWHERE))
    usage = os.statvfs(folder)
    free = usage.f_bavail * usage.f_frsize
    if free < APPLIANCE_BYTES:
        needed, there = describe_bytes(APPLIANCE_BYTES), describe_bytes(free)
        return _no_cache(NoRoom(f"libguestfs' appliance needs {needed} in {folder}, and has {there}", hint=_ELSEWHERE))
    return _held("appliance", f"will be built in {folder} at the first use, {describe_bytes(free)} free")


def examine_parts(folder: Path) -> Iterator[Finding]:
    """Look for the XFS programs, which Debian keeps in a package of their own: reading does not need them."""
    if folder.is_dir() and not any(folder.glob("*packages-xfs*")):
        yield Finding(
            rule="appliance XFS",
            severity=Severity.NOTE,
            words="appliance XFS: its programs are missing; XFS can be read, and not be checked or repaired",
            remedy=XFS_PACKAGE,
        )


_ELSEWHERE = "Make room there, or put the appliance elsewhere: LIBGUESTFS_CACHEDIR=/a/larger/folder"


def _held(rule: str, words: str) -> Finding:
    return Finding(rule=rule, severity=Severity.HELD, words=f"{rule}: {words}")


def _no_kernel(error: ImgkitError) -> Finding:
    return refuse(error, rule="appliance kernel")


def _no_cache(error: ImgkitError) -> Finding:
    return refuse(error, rule="appliance")


def _release(kernel: Path) -> str:
    return kernel.parent.name if kernel.name == "vmlinuz" else kernel.name.partition("-")[2]
