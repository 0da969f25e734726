"""What blkid does not tell of a volume, from its own bytes: the cipher of LUKS, the level of a RAID's member."""

from dataclasses import dataclass

from imgkit.disks.guestfs_asking import Asking
from imgkit.disks.native.signatures import Signature, recognise
from imgkit.errors import CannotLookInside
from imgkit.tools.guestfs import GuestfsRefused, GuestfsWorker
from imgkit.units import MiB

_PART_BYTES = 1 * MiB  # libguestfs refuses reads whose answer does not fit into its messages


@dataclass(frozen=True, slots=True)
class DeviceBytes:
    """The bytes of a device of the appliance, by offset."""

    worker: GuestfsWorker
    device: str
    size: int

    def read(self, offset: int, length: int) -> bytes:
        """Return these bytes. Raises CannotLookInside."""
        try:
            return b"".join(
                self.worker.call("pread_device", self.device, min(_PART_BYTES, offset + length - at), at)
                for at in range(offset, offset + length, _PART_BYTES)
            )
        except GuestfsRefused as refused:
            raise CannotLookInside(f"{self.device} could not be read: {refused.message}") from refused


def recognised(asking: Asking, device: str, place: str) -> Signature | None:
    """Say what a device holds; what could not be read is noted."""
    size = asking.ask(f"the size of {place}", 0, "blockdev_getsize64", device)
    try:
        return recognise(DeviceBytes(asking.worker, device, size))
    except CannotLookInside as error:
        asking.note(f"the header of {place}", error.message)
        return None
