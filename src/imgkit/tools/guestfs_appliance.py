"""An appliance with disks in it, launched whatever it takes: with KVM where that works, else by software emulation."""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from imgkit.errors import NotAccessible, ToolFailed
from imgkit.process import require_program, run
from imgkit.tools.guestfs import CALL_TIMEOUT_SECONDS, GuestfsRefused, GuestfsWorker, find_interpreter, start_worker
from imgkit.tools.guestfs_diagnosis import launch_failed
from imgkit.tools.guestfs_kvm import Kvm, judge_kvm, remember_broken

log = logging.getLogger(__name__)


class Acceleration(StrEnum):
    AUTO = "auto"
    KVM = "kvm"
    EMULATION = "emulation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """A raw disk image by path, or the UNIX socket of an NBD server that gives the disk of any other format.

    An NBD server must outlive its first client (`qemu-nbd --persistent`). `writable` is for making new disks alone.
    """

    path: Path
    nbd: bool = False
    writable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplianceSettings:
    """How to run libguestfs. Folders are given by the caller; None and 0 mean its own default, or nothing remembered.

    The first launch after an update of the system builds the appliance, which takes up to a minute by itself.
    """

    interpreter: Path | None = None
    acceleration: Acceleration = Acceleration.AUTO
    state_folder: Path | None = None
    cache_folder: Path | None = None
    scratch_folder: Path | None = None
    kvm_launch_seconds: float = 90.0
    launch_seconds: float = 600.0
    call_seconds: float = CALL_TIMEOUT_SECONDS
    memory_mib: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Appliance:
    """A launched appliance; `reason` says why it is emulated, where it is."""

    worker: GuestfsWorker
    interpreter: Path
    version: str
    emulated: bool
    reason: str = ""


@contextmanager
def open_appliance(drives: Sequence[Drive], *, settings: ApplianceSettings | None = None) -> Iterator[Appliance]:
    """Launch an appliance with these drives, in their order.

    Raises ToolMissing, CannotLookInside, NoRoom or ToolFailed with the remedy.
    """
    settings = settings or ApplianceSettings()
    for drive in drives:
        _require_readable(drive)
    interpreter = find_interpreter(settings.interpreter)
    emulated, reason = choose_emulation(settings)
    with ExitStack() as stack:
        try:
            worker = _launch_in(stack, interpreter, drives, settings, emulated=emulated)
        except ToolFailed as error:
            if emulated or settings.acceleration is not Acceleration.AUTO:
                raise
            emulated, reason = True, f"it failed with KVM: {error.message}"
            log.warning("trying again by software emulation, which is slower: %s", error.message)
            worker = _launch_in(stack, interpreter, drives, settings, emulated=True)
            remember_broken(settings.state_folder, error.message)
        version = worker.call("version")
        words = ".".join(str(version[name]) for name in ("major", "minor", "release"))
        yield Appliance(worker=worker, interpreter=interpreter, version=words, emulated=emulated, reason=reason)


def choose_emulation(settings: ApplianceSettings) -> tuple[bool, str]:
    """Return whether to emulate, and why."""
    if settings.acceleration is Acceleration.EMULATION:
        return True, "asked for"
    if settings.acceleration is Acceleration.KVM:
        return False, ""
    verdict = judge_kvm(settings.state_folder)
    emulate = verdict.state in {Kvm.BROKEN, Kvm.ABSENT}
    return emulate, f"KVM is {verdict.state}: {verdict.reason}" if emulate else ""


def _launch_in(
    stack: ExitStack, interpreter: Path, drives: Sequence[Drive], settings: ApplianceSettings, *, emulated: bool
) -> GuestfsWorker:
    """Launch; where libguestfs refuses, once more with its whole log: a talking appliance takes 2 s more to start."""
    try:
        return stack.enter_context(_launched(interpreter, drives, settings, emulated=emulated))
    except GuestfsRefused as refused:
        log.info("libguestfs did not start (%s); asking it why", refused.message)
    return stack.enter_context(_launched(interpreter, drives, settings, emulated=emulated, verbose=True))


@contextmanager
def _launched(
    interpreter: Path,
    drives: Sequence[Drive],
    settings: ApplianceSettings,
    *,
    emulated: bool,
    verbose: bool = False,
) -> Iterator[GuestfsWorker]:
    with start_worker(
        interpreter,
        writable=any(drive.writable for drive in drives),
        scratch=settings.scratch_folder,
        timeout_seconds=settings.call_seconds,
    ) as worker:
        cache = worker.settings(emulate=emulated, cache_folder=settings.cache_folder, verbose=verbose)
        if settings.memory_mib:
            worker.give_memory(settings.memory_mib)
        try:
            _add_drives(worker, drives)
            worker.launch(timeout_seconds=settings.launch_seconds if emulated else settings.kvm_launch_seconds)
        except GuestfsRefused as error:
            if not verbose:
                raise
            log.debug("libguestfs said: %s", worker.log_tail)
            raise launch_failed(error.message, worker.log_tail, cache_folder=cache) from error
        yield worker


def _add_drives(worker: GuestfsWorker, drives: Sequence[Drive]) -> None:
    for number, drive in enumerate(drives):
        if drive.writable:
            worker.add_writable(drive.path)
        else:
            worker.add_overlay(make_overlay(drive, worker.scratch, number))


def make_overlay(drive: Drive, folder: Path, number: int) -> Path:
    """Lay an overlay over a disk, both formats said aloud; journals are replayed into it and the disk stays untouched.

    A link with a plain name stands for the disk: its real name may hold what qemu or libguestfs would misread.
    """
    overlay = folder / f"overlay-{number}.qcow2"
    if drive.nbd:
        base = f"nbd+unix:///?socket={quote(os.fsencode(drive.path.absolute()))}"
    else:
        link = folder / f"disk-{number}"
        link.symlink_to(drive.path.absolute())
        base = str(link)
    qemu_img = require_program("qemu-img", package="Debian, Ubuntu: qemu-utils; Fedora: qemu-img")
    run([qemu_img, "create", "-q", "-f", "qcow2", "-F", "raw", "-b", base, overlay], timeout_seconds=60)
    return overlay


def _require_readable(drive: Drive) -> None:
    if drive.nbd:
        return
    try:
        with drive.path.open("rb"):
            pass
    except OSError as error:
        raise NotAccessible(
            f"cannot read the disk image {drive.path}: {error.strerror or error}",
            hint="Check the path, and that this user may read it.",
        ) from error
