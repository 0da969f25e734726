from pathlib import Path

import pytest

from imgkit.errors import CannotLookInside, ImgkitError, NoRoom, ToolFailed, ToolMissing
from imgkit.tools.guestfs_diagnosis import launch_failed

CACHE = Path("/var/tmp")
REFUSED = "guestfs_launch failed, see earlier error messages"


@pytest.mark.parametrize(
    ("log", "error", "words", "remedy"),
    [
        (
            "cp: cannot open '/boot/vmlinuz-6.8.0-45-generic' for reading: Permission denied\nsupermin: command failed",
            CannotLookInside,
            "may not read the kernel",
            "sudo chmod 0644 /boot/vmlinuz-*",
        ),
        (
            "supermin: failed to find a suitable kernel (host_cpu=x86_64).",
            ToolMissing,
            "no kernel",
            "linux-image-amd64",
        ),
        ("supermin: open: /var/tmp/x: No space left on device", NoRoom, "/var/tmp", "LIBGUESTFS_CACHEDIR"),
        (
            "libguestfs: error: cannot find any suitable libguestfs supermin, fixed or old-style appliance on x",
            ToolMissing,
            "appliance is not installed",
            "libguestfs0",
        ),
        (
            "qemu-system-x86_64: -drive file=x: Could not open '/evidence/system.raw': Permission denied",
            CannotLookInside,
            "/evidence/system.raw",
            "right to read",
        ),
    ],
    ids=["Ubuntu's kernel", "no kernel", "no room", "no appliance", "unreadable disk"],
)
def test_a_known_cause_has_its_own_error_and_the_command_that_mends_it(
    log: str, error: type[ImgkitError], words: str, remedy: str
):
    found = launch_failed(REFUSED, log, cache_folder=CACHE)
    assert type(found) is error
    assert words in found.message
    assert remedy in found.hint


def test_the_permanent_remedy_for_ubuntu_is_named_too():
    found = launch_failed(REFUSED, "cp: cannot open '/boot/vmlinuz-1': Permission denied", cache_folder=CACHE)
    assert "dpkg-statoverride --update --add root root 0644" in found.hint


def test_qemus_own_complaint_is_the_reason_and_not_its_warnings():
    log = "qemu-system-x86_64: warning: old\nqemu-system-x86_64: error: failed to set MSR 0x10a to 0x69\nchild died"
    found = launch_failed(REFUSED, log, cache_folder=CACHE)
    assert isinstance(found, ToolFailed)
    assert found.message.endswith("qemu-system-x86_64: error: failed to set MSR 0x10a to 0x69")
    assert found.stderr_tail == log


def test_without_any_complaint_libguestfs_own_words_stay():
    assert REFUSED in launch_failed(REFUSED, "", cache_folder=CACHE).message
