"""The guest view of every format that needs knowledge to read: through qemu-nbd on a private socket."""

import os
import queue
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from imgkit.disks.file_extents import join_extents
from imgkit.disks.headers.header import ImageHeader
from imgkit.disks.nbd_client import MAX_READ_BYTES, MAX_STATUS_BYTES, NbdClient
from imgkit.disks.nodes import build_node, private_folder
from imgkit.disks.raw_view import require_inside
from imgkit.errors import ToolFailed
from imgkit.files.closing import Closing
from imgkit.model.disk import Extent, ExtentKind
from imgkit.process import Running
from imgkit.tools import qemu_nbd
from imgkit.units import SECTOR_BYTES, round_up

_CLIENTS = 4  # one reads while the answers of the others are hashed
_MAX_SERVERS = 4  # qemu-nbd works in one thread, in which it also inflates compressed blocks: one for each core


class NbdView(Closing):
    """May be read from several threads; opened and closed by one thread that outlives it.

    All connections are made at once and the private folder is removed then: after a `kill -9` nothing is left, neither
    the server, whose clients are gone, nor a folder.
    """

    def __init__(self, header: ImageHeader) -> None:
        self._clients: queue.SimpleQueue[tuple[NbdClient, Running]] = queue.SimpleQueue()
        self._size = header.virtual_size
        servers = min(os.cpu_count() or 1, _MAX_SERVERS)
        with ExitStack() as opened:
            # Where one fails, all end before the folder is removed: another may be about to put its socket there.
            with private_folder() as folder, ExitStack() as opening:
                node = build_node(header, folder)
                each = _CLIENTS // servers
                paths = [folder / f"nbd{number}" for number in range(servers)]
                running = [opening.enter_context(qemu_nbd.serve(node, path, clients=each)) for path in paths]
                # In turns: whoever takes the next client shall find another server.
                for path, server in [*zip(paths, running, strict=True)] * each:
                    client = self._connect(server, path)
                    opening.callback(client.close)
                    self._require_size(header, client)
                    self._clients.put((client, server))
                opened.enter_context(opening.pop_all())
            self._opened = opened.pop_all()

    @property
    def size(self) -> int:
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly these bytes. Raises ValueError beyond the end, Differs or ToolFailed where they cannot be."""
        require_inside(offset, length, self._size)
        with self._client() as client:
            pieces = [
                client.read(start, min(MAX_READ_BYTES, offset + length - start))
                for start in range(offset, offset + length, MAX_READ_BYTES)
            ]
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def extents(self) -> Iterator[Extent]:
        """Yield data and zeroes as the image's own tables know them; neighbours of one kind are joined."""
        return join_extents(self._parts())

    def close(self) -> None:
        self._opened.close()

    def _parts(self) -> Iterator[Extent]:
        place = 0
        while place < self._size:
            with self._client() as client:
                parts = list(client.status(place, min(MAX_STATUS_BYTES, self._size - place)))
            for part in parts:
                length = min(part.length, self._size - place)
                yield Extent(place, length, ExtentKind.ZERO if part.is_zero else ExtentKind.DATA)
                place += length

    def _connect(self, server: Running, socket_path: Path) -> NbdClient:
        connection = qemu_nbd.connect(server, socket_path)
        try:
            return NbdClient(connection)
        except ToolFailed as error:
            connection.close()
            raise qemu_nbd.explain(server, error) from error

    def _require_size(self, header: ImageHeader, client: NbdClient) -> None:
        if client.size != round_up(self._size, SECTOR_BYTES):  # QEMU fills the last sector of a raw file up
            raise ToolFailed(
                f"qemu-nbd sees {client.size} bytes in {header.path}, and its header says {header.virtual_size}",
                hint="Report this: imgkit and QEMU read the header differently.",
            )

    @contextmanager
    def _client(self) -> Iterator[NbdClient]:
        client, server = self._clients.get()
        try:
            yield client
        except ToolFailed as error:
            raise qemu_nbd.explain(server, error) from error
        finally:
            self._clients.put((client, server))
