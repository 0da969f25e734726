"""Why libguestfs' appliance did not start, and the command that mends it."""

import re
from dataclasses import dataclass
from pathlib import Path

from imgkit.errors import CannotLookInside, ImgkitError, NoRoom, ToolFailed, ToolMissing

APPLIANCE_BYTES = 600 * 1024 * 1024  # 370 MB were seen on Debian 12; it is built beside the old one
READABLE_KERNEL = (
    "Ubuntu keeps its kernels from ordinary users, and libguestfs boots one of them. Allow reading: "
    "sudo chmod 0644 /boot/vmlinuz-*   (to keep it so for this kernel: "
    "sudo dpkg-statoverride --update --add root root 0644 /boot/vmlinuz-$(uname -r))"
)
NO_KERNEL = (
    "libguestfs boots a kernel of this system, and there is none (usual in containers). Install one: "
    "Debian: apt install linux-image-amd64; Ubuntu: apt install linux-image-generic; Fedora: dnf install kernel-core"
)
NO_QEMU = "Install it. Debian, Ubuntu: apt install qemu-system-x86; Fedora: dnf install qemu-kvm"
XFS_PACKAGE = "Debian, Ubuntu: apt install libguestfs-xfs; Fedora: dnf install libguestfs-xfs"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCause:
    """`message` and `hint` may name the `{cache}` folder, and the `{found}` first group of the pattern."""

    pattern: re.Pattern[str]
    error: type[ImgkitError]
    message: str
    hint: str


_QEMU_SAID = re.compile(r"^(qemu-[\w-]+: (?!warning)[^\n]+)$", re.MULTILINE)

KNOWN_CAUSES = (
    KnownCause(
        pattern=re.compile(r"vmlinu[^\n]*(Permission denied)|Permission denied[^\n]*vmlinu"),
        error=CannotLookInside,
        message="libguestfs may not read the kernel in /boot",
        hint=READABLE_KERNEL,
    ),
    KnownCause(
        pattern=re.compile(r"failed to find a suitable kernel|could not find a kernel"),
        error=ToolMissing,
        message="libguestfs finds no kernel to boot",
        hint=NO_KERNEL,
    ),
    KnownCause(
        pattern=re.compile(r"cannot find any suitable libguestfs supermin, fixed or old-style appliance"),
        error=ToolMissing,
        message="libguestfs' own appliance is not installed",
        hint="Install it. Debian, Ubuntu: apt install libguestfs0 supermin; Fedora: dnf install libguestfs-appliance",
    ),
    KnownCause(
        pattern=re.compile(r"qemu-system-\S+: (?:command not found|No such file)|cannot find qemu"),
        error=ToolMissing,
        message="libguestfs finds no qemu",
        hint=NO_QEMU,
    ),
    KnownCause(
        pattern=re.compile(r"No space left on device|Disk quota exceeded"),
        error=NoRoom,
        message="no room for libguestfs' appliance in {cache}",
        hint="Free 600 MB there, or put it elsewhere: LIBGUESTFS_CACHEDIR=/a/larger/folder",
    ),
    KnownCause(
        pattern=re.compile(r"Could not open '([^'\n]*)': Permission denied"),
        error=CannotLookInside,
        message="libguestfs was denied the disk image {found}",
        hint="Give this user the right to read it.",
    ),
)


def explain_launch(message: str, log_tail: str, *, cache_folder: Path) -> ImgkitError | None:
    """Return the error that a failed launch really is, None where nothing known fits."""
    said = f"{message}\n{log_tail}"
    for cause in KNOWN_CAUSES:
        if match := cause.pattern.search(said):
            found = match[1] if match.re.groups else ""
            return cause.error(cause.message.format(cache=cache_folder, found=found), hint=cause.hint)
    return None


def launch_failed(message: str, log_tail: str, *, cache_folder: Path) -> ImgkitError:
    """Return the error of a launch that failed."""
    return explain_launch(message, log_tail, cache_folder=cache_folder) or ToolFailed(
        f"libguestfs' appliance did not start: {_reason(message, log_tail)}",
        hint="What it said is in the log (--log-file). `imgkit doctor` looks for known causes; "
        "`libguestfs-test-tool` tries it alone.",
        stderr_tail=log_tail,
    )


def _reason(message: str, log_tail: str) -> str:
    """Return qemu's own complaint where there is one: libguestfs' says only that it failed."""
    complaints = _QEMU_SAID.findall(log_tail)
    return complaints[0] if complaints else message.strip().partition("\n")[0]
