"""Opening a machine's disks by the engine that was asked for, and saying which one it became, and why."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from imgkit.disks.engine_choice import reason_line, reasons_for_guestfs, require_opened
from imgkit.disks.machine_native import open_native_machine
from imgkit.disks.mixed_machine import MixedMachine
from imgkit.disks.nbd_export import export_by_nbd
from imgkit.disks.tree_guestfs import GuestfsMachine, open_guestfs_machine
from imgkit.errors import CannotLookInside, DiskImageError, ImgkitError, NeedsKey, SettingsError, ToolError
from imgkit.model.disk import DiskImage
from imgkit.model.engine import Engine
from imgkit.model.formats import DiskFormat
from imgkit.model.report import Diagnostic, DiagnosticLevel, ToolVersion
from imgkit.model.role import DiskRole
from imgkit.model.volume_key import VolumeKey
from imgkit.ports import Machine
from imgkit.tools.guestfs_appliance import ApplianceSettings, Drive

log = logging.getLogger(__name__)

NATIVE, GUESTFS, MIXED = "native", "guestfs", "native and guestfs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An opened machine; `second` is what another engine sees of it, where both were asked for."""

    machine: Machine
    engine: str
    reason: str = ""
    tools: tuple[ToolVersion, ...] = ()
    lacking: tuple[Diagnostic, ...] = ()
    second: Machine | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRequest:
    """What was asked for, and how libguestfs is run where it comes to that."""

    engine: Engine = Engine.AUTO
    keys: tuple[VolumeKey, ...] = ()
    appliance: ApplianceSettings = field(default_factory=ApplianceSettings)


@contextmanager
def open_machine(images: Sequence[DiskImage], request: EngineRequest) -> Iterator[Opened]:
    """Open all disks together. Raises ToolMissing, CannotLookInside and their like; NeedsKey where no key opens it."""
    if request.engine is Engine.NATIVE and request.keys:
        raise SettingsError(
            "imgkit itself opens no encrypted volumes", hint="Leave out --engine native: libguestfs does it."
        )
    with ExitStack() as stack:
        if request.engine is Engine.GUESTFS:
            yield _by_guestfs(stack, images, request)
        elif request.engine is Engine.NATIVE:
            yield Opened(machine=stack.enter_context(open_native_machine(images)), engine=NATIVE, reason="asked for")
        else:
            yield _by_what_it_takes(stack, images, request)


def _by_what_it_takes(stack: ExitStack, images: Sequence[DiskImage], request: EngineRequest) -> Opened:
    """Read natively, and call libguestfs only where that changes the answer, or to compare."""
    native = stack.enter_context(open_native_machine(images))
    both = request.engine is Engine.BOTH
    try:
        reasons = reasons_for_guestfs(native.storage, request.keys)
    except CannotLookInside as error:
        log.warning("imgkit itself could not read the disks: %s", error.message)
        return _by_guestfs(stack, images, request, reason=f"imgkit itself could not read the disks: {error.message}")
    if not reasons and not both:
        return Opened(machine=native, engine=NATIVE, reason=_why_native(request))
    try:
        guestfs = _open_guestfs(stack, images, request)
        guestfs.storage  # noqa: B018  # asked now: what it cannot say is no reason to lose the rest
    except (NeedsKey, DiskImageError, SettingsError):
        raise
    except (ToolError, CannotLookInside) as error:
        if both:
            raise
        return Opened(machine=native, engine=NATIVE, reason=error.message, lacking=tuple(_lacks(reasons, error)))
    mixed = MixedMachine(native, guestfs, reasons)
    line = reason_line(reasons) if reasons else ""
    return Opened(
        machine=mixed if reasons else native,
        engine=MIXED if reasons else NATIVE,
        reason="; ".join(words for words in ("both were asked for" if both else "", line) if words),
        tools=_tools(guestfs),
        second=guestfs if both else None,
    )


def _by_guestfs(
    stack: ExitStack, images: Sequence[DiskImage], request: EngineRequest, *, reason: str = "asked for"
) -> Opened:
    machine = _open_guestfs(stack, images, request)
    why = f"{reason}; {machine.appliance.reason}" if machine.appliance.reason else reason
    return Opened(machine=machine, engine=GUESTFS, reason=why, tools=_tools(machine))


def _open_guestfs(stack: ExitStack, images: Sequence[DiskImage], request: EngineRequest) -> GuestfsMachine:
    drives = [(image.role or DiskRole(), stack.enter_context(_drive(image))) for image in images]
    machine = stack.enter_context(open_guestfs_machine(drives, settings=request.appliance, keys=request.keys))
    if request.keys:
        require_opened(machine.storage, request.keys)
    return machine


@contextmanager
def _drive(image: DiskImage) -> Iterator[Drive]:
    if image.format is DiskFormat.RAW:
        yield Drive(path=image.path.absolute())
        return
    with export_by_nbd(image) as socket_path:
        yield Drive(path=socket_path, nbd=True)


def _tools(machine: GuestfsMachine) -> tuple[ToolVersion, ...]:
    return (ToolVersion(name="libguestfs", version=machine.appliance.version),)


def _why_native(request: EngineRequest) -> str:
    return "no key fits an encrypted volume of these disks" if request.keys else "libguestfs would add nothing"


def _lacks(reasons: Mapping[str, str], error: ImgkitError) -> Iterator[Diagnostic]:
    """Say for each place what libguestfs would have seen, and why it could not."""
    for place, why in reasons.items():
        message = f"{why}, and libguestfs could not be asked: {error.message}" + (
            f" ({error.hint})" if error.hint else ""
        )
        yield Diagnostic(subject=f"storage/{place}", level=DiagnosticLevel.UNDETERMINED, message=message)
