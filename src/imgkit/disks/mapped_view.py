"""The guest view of formats that keep a disk in blocks, read by imgkit itself: qcow2, dynamic VHD, VDI, sparse VMDK.

No program stands between the file and its digest: that is several times as fast, leaves nothing behind after a
`kill -9`, and what QEMU wrote is proven by a reader that shares no code with it.
"""

from collections.abc import Iterator
from functools import lru_cache

from imgkit.disks.file_extents import FileMap, join_extents
from imgkit.disks.headers.block_map import ZERO, BlockMap, Run
from imgkit.disks.headers.header import ImageHeader
from imgkit.disks.headers.image_bytes import ImageBytes
from imgkit.disks.raw_view import open_synced, read_exactly, require_inside
from imgkit.errors import Differs, NotADiskImage
from imgkit.files.closing import Closing
from imgkit.model.disk import Extent, ExtentKind

_BLOCKS_REMEMBERED = 4  # a compressed block of up to 2 MiB is read piece by piece


class MappedView(Closing):
    """Reads with pread, so from any number of threads."""

    def __init__(self, header: ImageHeader) -> None:
        assert header.blocks is not None
        self._path = header.path
        self._size = header.virtual_size
        self._layout = header.blocks
        self._file = open_synced(header.path)
        self._source = ImageBytes(self._file, header.path)
        self._map = BlockMap(self._source, header.blocks)
        self._unpacked = lru_cache(maxsize=_BLOCKS_REMEMBERED)(lambda place: self._layout.unpack(self._source, place))

    @property
    def size(self) -> int:
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly these bytes. Raises ValueError beyond the end, Differs where the image is damaged."""
        require_inside(offset, length, self._size)
        try:
            pieces = [piece for run in self._map.runs(offset, offset + length) for piece in self._bytes_of(run)]
        except NotADiskImage as error:
            raise Differs(error.message, hint="The image is damaged there, or is being written to.") from error
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def extents(self) -> Iterator[Extent]:
        """Yield data and zeroes as the image's own tables know them, and the file system of what they point to."""
        return join_extents(self._parts())

    def close(self) -> None:
        self._file.close()

    def _parts(self) -> Iterator[Extent]:
        file_map = FileMap(self._file.fileno())
        for run in self._map.runs(0, self._size):
            if run.place == ZERO:
                yield Extent(run.start, run.length, ExtentKind.ZERO)
            elif run.place < ZERO:
                yield Extent(run.start, run.length, ExtentKind.DATA)
            else:  # blocks that were set aside and never written are holes in the file
                for extent in file_map.parts(run.place, run.length):
                    yield Extent(run.start + extent.start, extent.length, extent.kind)

    def _bytes_of(self, run: Run) -> Iterator[bytes]:
        if run.place == ZERO:
            yield bytes(run.length)
        elif run.place > ZERO:
            yield read_exactly(self._file.fileno(), run.place, run.length, self._path)
        else:
            yield from self._unpack(run)

    def _unpack(self, run: Run) -> Iterator[bytes]:
        """A run may be several packed blocks that share their bytes; each is cut at its own bounds."""
        each = self._layout.packed_bytes
        place, end = run.start, run.start + run.length
        while place < end:
            stop = min(end, (place // each + 1) * each)
            inside = self._unpacked(run.place)[place % each : place % each + stop - place]
            if len(inside) != stop - place:
                raise self._source.malformed(f"the compressed block at byte {place // each * each} is too short")
            yield inside
            place = stop
