"""Whether hardware virtualisation works here: tried with a machine that does one thing, and remembered.

In nested clouds /dev/kvm may be there and broken: qemu aborts on an MSR (`failed to set MSR 0x10a`), or the guest
hangs. libguestfs notices neither and has no limit on its launch.
"""

import json
import logging
import os
import platform
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from imgkit.errors import ToolError, ToolFailed
from imgkit.files.whole import write_bytes_durably
from imgkit.process import find_program, run
from imgkit.units import format_utc, parse_utc

log = logging.getLogger(__name__)

KVM_DEVICE = Path("/dev/kvm")
PROBE_TIMEOUT_SECONDS = 5.0
SCHEMA = "imgkit/kvm/1"
MEMORY_NAME = "kvm.json"
_PASSES_AFTER = timedelta(days=1)
_ROM_BYTES = 64 * 1024
_RESET_VECTOR = 0xFFF0
_EXIT_PORT = 0xF4
_EXIT_CODE = 33  # isa-debug-exit ends qemu with (value * 2 + 1), and the machine writes 16
_TELL_AND_HALT = bytes([0xB0, 0x10, 0xE6, _EXIT_PORT, 0xF4])  # mov al, 16; out 0xf4, al; hlt


class Kvm(StrEnum):
    """`untested`: no tiny machine exists for this architecture; only the launch itself can tell."""

    USABLE = "usable"
    BROKEN = "broken"
    ABSENT = "absent"
    UNTESTED = "untested"


@dataclass(frozen=True, slots=True, kw_only=True)
class KvmVerdict:
    """`reason` says why not; `checked` is when that was found, in UTC.

    One that is `passing` may have come from a moment in which the machine was busy: it holds for a day.
    """

    state: Kvm
    reason: str = ""
    checked: str = ""
    passing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a verdict holds for: with another kernel, qemu or processor it is found anew."""

    kernel: str
    qemu: str
    cpu: str


def judge_kvm(state_folder: Path | None, *, device: Path = KVM_DEVICE) -> KvmVerdict:
    """Return what is remembered of KVM in these surroundings, or find it out and remember it."""
    absent = _absence(device)
    if absent:
        return KvmVerdict(state=Kvm.ABSENT, reason=absent)
    qemu = find_qemu()
    if qemu is None:
        return KvmVerdict(state=Kvm.UNTESTED, reason="qemu's system emulator was not found on the PATH")
    here = surroundings(qemu)
    verdict = recall(state_folder, here)
    if verdict is None:
        verdict = probe_kvm(qemu)
        remember(state_folder, here, verdict)
    return verdict


def probe_kvm(qemu: Path, *, accelerator: str = "kvm", timeout_seconds: float = PROBE_TIMEOUT_SECONDS) -> KvmVerdict:
    """Run a machine whose only program tells qemu to exit with a certain code; takes about 0.1 s."""
    checked = format_utc(datetime.now(UTC))
    if "x86_64" not in qemu.name:
        return KvmVerdict(state=Kvm.UNTESTED, reason=f"no probe for {qemu.name}", checked=checked)
    with tempfile.TemporaryDirectory(prefix="imgkit-kvm-") as folder:
        rom = Path(folder) / "rom"
        rom.write_bytes(probe_rom())
        try:
            done = run(_probe_command(qemu, rom, accelerator), timeout_seconds=timeout_seconds, accept=range(-64, 256))
        except ToolFailed as error:  # only the timeout is left
            return KvmVerdict(state=Kvm.BROKEN, reason=f"a probe hung: {error.message}", checked=checked, passing=True)
    if done.returncode == _EXIT_CODE:
        return KvmVerdict(state=Kvm.USABLE, checked=checked)
    said = done.stderr_tail.splitlines()
    return KvmVerdict(state=Kvm.BROKEN, reason=said[0] if said else f"exit code {done.returncode}", checked=checked)


def probe_rom() -> bytes:
    """Return firmware that does nothing but end the machine, at the address where an x86 processor begins."""
    rom = bytearray(b"\xf4" * _ROM_BYTES)
    rom[_RESET_VECTOR : _RESET_VECTOR + len(_TELL_AND_HALT)] = _TELL_AND_HALT
    return bytes(rom)


def recall(state_folder: Path | None, here: Surroundings) -> KvmVerdict | None:
    """Return the remembered verdict, None when there is none for these surroundings."""
    if state_folder is None:
        return None
    try:
        known = json.loads((state_folder / MEMORY_NAME).read_bytes())
        found_in = Surroundings(kernel=known["kernel"], qemu=known["qemu"], cpu=known["cpu"])
        passing = known.get("passing") is True
        verdict = KvmVerdict(
            state=Kvm(known["state"]), reason=known["reason"], checked=known["checked"], passing=passing
        )
        is_over = passing and not timedelta(0) <= datetime.now(UTC) - parse_utc(verdict.checked) < _PASSES_AFTER
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return verdict if found_in == here and known["schema"] == SCHEMA and not is_over else None


def remember(state_folder: Path | None, here: Surroundings, verdict: KvmVerdict) -> None:
    """Write a verdict down; a folder that cannot be written costs a probe at the next run, nothing more."""
    if state_folder is None or verdict.state is Kvm.UNTESTED:
        return
    known = {
        "schema": SCHEMA,
        "state": verdict.state,
        "reason": verdict.reason,
        "checked": verdict.checked,
        "passing": verdict.passing,
        "kernel": here.kernel,
        "qemu": here.qemu,
        "cpu": here.cpu,
    }
    try:
        state_folder.mkdir(parents=True, exist_ok=True)
        write_bytes_durably(state_folder / MEMORY_NAME, json.dumps(known, sort_keys=True, indent=1).encode() + b"\n")
    except OSError as error:
        log.debug("the verdict on KVM could not be remembered in %s: %s", state_folder, error)


def remember_broken(state_folder: Path | None, reason: str) -> None:
    """Write down that the appliance started only without KVM, for whatever reason that was."""
    qemu = find_qemu()
    if qemu is not None:
        checked = format_utc(datetime.now(UTC))
        verdict = KvmVerdict(state=Kvm.BROKEN, reason=reason, checked=checked, passing=True)
        remember(state_folder, surroundings(qemu), verdict)


def find_qemu() -> Path | None:
    """Return the system emulator that libguestfs would use."""
    return find_program(f"qemu-system-{platform.machine()}", "qemu-kvm") or _rhel_qemu()


def surroundings(qemu: Path) -> Surroundings:
    try:
        version = run([qemu, "--version"], timeout_seconds=PROBE_TIMEOUT_SECONDS).stdout.decode(errors="replace")
    except ToolError:
        version = ""
    return Surroundings(kernel=platform.release(), qemu=version.partition("\n")[0], cpu=_cpu_model())


def _absence(device: Path) -> str:
    if not device.exists():
        return f"there is no {device}"
    if not os.access(device, os.R_OK | os.W_OK):
        return f"{device} may not be used by this user; to allow it: sudo usermod -aG kvm $USER, then log in again"
    return ""


def _probe_command(qemu: Path, rom: Path, accelerator: str) -> list[str | bytes | Path]:
    return [
        qemu,
        "-nodefaults",
        "-no-user-config",
        "-machine",
        f"q35,accel={accelerator}",
        "-cpu",
        "host" if accelerator == "kvm" else "max",  # what libguestfs asks for: `host` is what trips over MSRs
        "-m",
        "16",
        "-display",
        "none",
        "-bios",
        rom,
        "-device",
        f"isa-debug-exit,iobase={_EXIT_PORT:#x},iosize=0x4",
    ]


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _rhel_qemu() -> Path | None:
    path = Path("/usr/libexec/qemu-kvm")
    return path if path.exists() else None
