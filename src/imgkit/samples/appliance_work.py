"""Disks that only a kernel can fill: many of them in one launch of libguestfs' appliance, by its shell.

This machine's own kernel has no part in it. A launch takes ten seconds under software emulation, so they are shared.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from imgkit.errors import ToolFailed
from imgkit.tools.guestfs import GuestfsRefused, GuestfsWorker
from imgkit.tools.guestfs_appliance import ApplianceSettings, Drive, open_appliance

_PATIENCE_SECONDS = 1200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """`lines` gives the shell's lines for the devices of `disks`, which are written to, and of `sources`."""

    name: str
    disks: tuple[Path, ...]
    lines: Callable[[Sequence[str]], Sequence[str]]
    sources: tuple[Path, ...] = field(default=())


def do_all(works: Sequence[Work], *, crash: Sequence[str] = (), settings: ApplianceSettings | None = None) -> None:
    """Do the work of all in one appliance. `crash` are names of works whose disks are left as a power cut leaves them.

    Raises ToolFailed naming the work that failed.
    """
    disks = [disk for work in works for disk in work.disks]
    sources = list(dict.fromkeys(source for work in works for source in work.sources))
    drives = [*(Drive(path=disk, writable=True) for disk in disks), *(Drive(path=source) for source in sources)]
    with open_appliance(drives, settings=settings) as appliance:
        worker = appliance.worker
        devices = dict(zip([*disks, *sources], worker.true_devices(), strict=False))
        for work in works:
            _do(worker, work, [devices[path] for path in (*work.disks, *work.sources)])
        if crash:
            _cut_power(worker)


def _do(worker: GuestfsWorker, work: Work, devices: Sequence[str]) -> None:
    script = "\n".join(["set -e", "exec 2>&1", *work.lines(devices)])
    try:
        worker.shell(script)
    except GuestfsRefused as refused:
        raise ToolFailed(f"the sample disk {work.name} could not be made: {refused.message}") from refused


def _cut_power(worker: GuestfsWorker) -> None:
    """Everything that was synced is on the disks, nothing is unmounted, and the machine is gone."""
    try:
        worker.shell("echo o > /proc/sysrq-trigger; sleep 30")
    except (GuestfsRefused, ToolFailed):  # nobody is left to answer
        return
    raise ToolFailed("the appliance survived its power cut")
