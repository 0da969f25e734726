"""The guest view over NBD, with clients that need no server."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from imgkit.disks import nbd_view
from imgkit.disks.headers.header import ImageHeader
from imgkit.disks.nbd_client import Status
from imgkit.disks.nbd_view import NbdView
from imgkit.errors import ToolFailed
from imgkit.model.disk import Extent, ExtentKind
from imgkit.model.formats import DiskFormat
from imgkit.units import MiB

SIZE = 40 * MiB


class FakeClient:
    """Knows 1 MiB of data after every 3 MiB of zeroes, and tells it in small parts."""

    opened = 0
    closed = 0

    def __init__(self, connection: socket.socket) -> None:
        FakeClient.opened += 1
        self.connection = connection
        self.size = SIZE

    def read(self, offset: int, length: int) -> bytes:
        assert length <= 16 * MiB
        return bytes([offset // MiB]) * length

    def status(self, offset: int, length: int) -> Iterator[Status]:
        for place in range(offset, min(offset + 2 * MiB, SIZE), MiB):
            yield Status(MiB, place // MiB % 4 != 3)

    def close(self) -> None:
        FakeClient.closed += 1
        self.connection.close()


@pytest.fixture
def header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ImageHeader:
    @contextmanager
    def serve(*_: object, **__: object) -> Iterator[None]:
        yield

    monkeypatch.setattr("imgkit.tools.qemu_nbd.serve", serve)
    monkeypatch.setattr("imgkit.tools.qemu_nbd.connect", lambda *_: socket.socket(socket.AF_UNIX))
    monkeypatch.setattr(nbd_view, "NbdClient", FakeClient)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr(FakeClient, "opened", 0)
    monkeypatch.setattr(FakeClient, "closed", 0)
    path = tmp_path / "disk"
    return ImageHeader(format=DiskFormat.QCOW2, virtual_size=SIZE, file_size=1, path=path, files=(path,))


def test_joins_neighbours_and_leaves_no_gap(header: ImageHeader) -> None:
    with NbdView(header) as view:
        extents = list(view.extents())
    assert extents[:3] == [
        Extent(0, 3 * MiB, ExtentKind.ZERO),
        Extent(3 * MiB, MiB, ExtentKind.DATA),
        Extent(4 * MiB, 3 * MiB, ExtentKind.ZERO),
    ]
    assert sum(extent.length for extent in extents) == SIZE


def test_cuts_large_reads(header: ImageHeader) -> None:
    with NbdView(header) as view:
        found = view.read(0, 20 * MiB)
    assert len(found) == 20 * MiB
    assert (found[0], found[-1]) == (0, 16)


def test_closes_every_connection(header: ImageHeader) -> None:
    NbdView(header).close()
    assert FakeClient.closed == 4


def test_a_size_that_qemu_sees_otherwise_is_an_error_and_nothing_stays_open(
    header: ImageHeader, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ImageHeader(
        format=DiskFormat.QCOW2, virtual_size=SIZE - 512, file_size=1, path=header.path, files=header.files
    )
    with pytest.raises(ToolFailed, match="header says"):
        NbdView(other)
    assert FakeClient.closed == FakeClient.opened == 1


def test_where_one_server_fails_all_end_before_their_folder_is_removed(
    header: ImageHeader, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[Path] = []

    @contextmanager
    def serve(_: object, path: Path, **__: object) -> Iterator[None]:
        try:
            yield
        finally:
            path.touch()  # a slow server puts its socket there just before it is ended
            ended.append(path)

    def fail(*_: object) -> socket.socket:
        raise ToolFailed("qemu-nbd could not open the disk image")

    monkeypatch.setattr("imgkit.tools.qemu_nbd.serve", serve)
    monkeypatch.setattr("imgkit.tools.qemu_nbd.connect", fail)
    with pytest.raises(ToolFailed, match="could not open"):
        NbdView(header)
    assert len(ended) == 2


@pytest.mark.parametrize(("cores", "servers"), [(1, 1), (2, 2), (3, 3), (64, 4)])
def test_each_core_has_a_server_and_neighbours_in_the_queue_have_different_ones(
    header: ImageHeader, monkeypatch: pytest.MonkeyPatch, cores: int, servers: int
) -> None:
    asked: list[Path] = []

    def connect(server: object, path: Path) -> socket.socket:
        asked.append(path)
        return socket.socket(socket.AF_UNIX)

    monkeypatch.setattr("os.cpu_count", lambda: cores)
    monkeypatch.setattr("imgkit.tools.qemu_nbd.connect", connect)
    NbdView(header).close()
    assert len(set(asked)) == servers
    assert all(one != other for one, other in pairwise(asked)) or servers == 1
    assert len(asked) == FakeClient.closed <= 4


def test_a_last_sector_that_qemu_fills_up_is_no_part_of_the_disk(header: ImageHeader) -> None:
    odd = ImageHeader(format=DiskFormat.RAW, virtual_size=SIZE - 100, file_size=1, path=header.path, files=header.files)
    with NbdView(odd) as view:
        assert view.size == SIZE - 100
        assert sum(extent.length for extent in view.extents()) == SIZE - 100
