"""Reading a device's own bytes through libguestfs."""

from typing import cast

import pytest
from tests.unit.disks.guestfs_fake import FakeWorker

from imgkit.disks.guestfs_asking import Asking
from imgkit.disks.guestfs_signatures import DeviceBytes, recognised
from imgkit.errors import CannotLookInside
from imgkit.tools.guestfs import GuestfsRefused, GuestfsWorker
from imgkit.units import MiB


class Device(FakeWorker):
    """A device of these bytes, which gives at most 1 MiB at once."""

    content = b""

    def call(self, name: str, *args, **_):
        if name == "blockdev_getsize64":
            return len(self.content)
        _, count, offset = args
        assert count <= MiB
        if not self.content:
            raise GuestfsRefused("pread_device: Input/output error")
        return self.content[offset : offset + count]


def device(content: bytes) -> GuestfsWorker:
    worker = Device()
    worker.content = content
    return cast("GuestfsWorker", worker)


def test_long_reads_are_cut_into_parts():
    content = bytes(range(256)) * 12_000
    assert DeviceBytes(device(content), "/dev/sda", len(content)).read(100, 3_000_000) == content[100:3_000_100]


def test_a_luks_header_gives_its_cipher():
    header = b"LUKS\xba\xbe\0\1" + b"aes".ljust(32, b"\0") + b"xts-plain64".ljust(32, b"\0")
    seen = recognised(Asking(worker=device(header.ljust(MiB, b"\0"))), "/dev/sda", "system")
    assert seen is not None
    assert (seen.type, seen.detail) == ("luks1", "aes-xts-plain64")


def test_what_cannot_be_read_is_no_answer():
    with pytest.raises(CannotLookInside):
        DeviceBytes(device(b""), "/dev/sda", 512).read(0, 512)
