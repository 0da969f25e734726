"""The authority on what a tar holds: v7, ustar, old GNU and pax, dense and sparse, read strictly and in one pass.

Where tar programs are known to differ in what they make of an archive, it is refused: an archive that two programs
unpack to two different disks proves nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from imgkit.archives import pax
from imgkit.archives.byte_stream import ByteStream
from imgkit.archives.inflate import refuse_trailing
from imgkit.archives.sparse_map import ReadBlock, SparseMap, old_gnu_map, pax_0_map, pax_1_map
from imgkit.archives.tar_block import BLOCK_BYTES, ZERO_BLOCK, Dialect, HeaderBlock, parse_header
from imgkit.errors import ArchiveDamaged, ArchiveUnsafe
from imgkit.safe_text import safe_name
from imgkit.units import KiB, MiB

LARGEST_NAME_BYTES = 4 * KiB
LARGEST_RECORDS_BYTES = 16 * MiB
MOST_MEMBERS = 100_000

_FILE_TYPES = {b"0", b"\0", b"7"}
_SPARSE_TYPE = b"S"
_FOLDER_TYPES = {b"5", b"D"}
_LONG_NAME, _LONG_LINK, _PAX, _PAX_SUN, _PAX_GLOBAL, _VOLUME = b"L", b"K", b"x", b"X", b"g", b"V"
_EXTENDING = {_LONG_NAME, _LONG_LINK, _PAX, _PAX_SUN}
_REFUSED = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"6": "a FIFO",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """A run of zeroes that is not stored."""

    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file or a folder in a tar. `size` is the file's own, `stored_bytes` what follows here.

    `content_at` is where that begins in the tar.
    `header` are all the blocks that describe it as they stood in the archive, sparse map included, where they are kept.
    """

    name: bytes
    size: int
    stored_bytes: int
    content_at: int = 0
    is_folder: bool = False
    sparse: SparseMap | None = None
    header: bytes = b""

    @property
    def shown(self) -> str:
        return safe_name(self.name, limit=120)


@dataclass(slots=True)
class _Extension:
    """What the extended headers before a member say about it."""

    long_name: bytes = b""
    records: pax.Records = field(default_factory=dict)
    sparse: list[bytes] = field(default_factory=list)
    seen: set[bytes] = field(default_factory=set)


class TarReader:
    """Reads a tar from a stream. `notes` are things that a user should know and that forbid nothing."""

    def __init__(self, stream: ByteStream, *, keep_headers: bool = False) -> None:
        self._stream = stream
        self._keep_headers = keep_headers
        self._kept: list[bytes] = []
        self._left = 0  # stored bytes of the current member that nobody has taken
        self._padding = 0
        self.notes: list[str] = []

    def __iter__(self) -> Iterator[Member]:
        """Yield the members in order; what is not taken of one is skipped. Reads to the very end."""
        members = 0
        while (block := self._next_header()) is not None:
            members += 1
            if members > MOST_MEMBERS:
                raise ArchiveUnsafe(f"the archive holds more than {MOST_MEMBERS} files")
            member = self._member(block)
            self._left, self._padding = member.stored_bytes, -member.stored_bytes % BLOCK_BYTES
            yield member
            self._skip_rest()

    def runs(self, member: Member) -> Iterator[memoryview | Hole]:
        """Yield the content of the current member: data as stored, and the holes between."""
        if member.sparse is None:
            yield from self._stored(member.stored_bytes)
            return
        position = 0
        for offset, length in member.sparse:
            if offset > position:
                yield Hole(length=offset - position)
            yield from self._stored(length)
            position = offset + length
        if member.size > position:
            yield Hole(length=member.size - position)

    def _stored(self, length: int) -> Iterator[memoryview]:
        for piece in self._stream.views(length):
            length -= len(piece)
            self._left -= len(piece)
            yield piece
        if length:
            raise ArchiveDamaged("the archive is cut off in the middle of a file")

    def _skip_rest(self) -> None:
        for _ in self._stored(self._left):
            pass
        if len(self._stream.read(self._padding)) < self._padding:
            raise ArchiveDamaged("the archive is cut off in the padding behind a file")

    def _next_header(self) -> bytes | None:
        """Return the next header block, None at the end of the archive, having looked at all that follows it."""
        self._kept.clear()
        block = self._stream.read(BLOCK_BYTES)
        if block.strip(b"\0"):
            return self._keep(self._whole(block))
        if len(block) == BLOCK_BYTES:
            block = self._stream.peek(BLOCK_BYTES)
        if len(block) < BLOCK_BYTES:
            self.notes.append("The archive lacks the blocks that mark its end; all checksums and sizes in it hold.")
        refuse_trailing(self._stream, after="the end of the tar")
        return None

    def _whole(self, block: bytes) -> bytes:
        if len(block) < BLOCK_BYTES:
            raise ArchiveDamaged("the archive is cut off inside a tar header")
        return block

    def _keep(self, block: bytes) -> bytes:
        if self._keep_headers:
            self._kept.append(block)
        return block

    def _read_block(self) -> bytes:
        return self._keep(self._whole(self._stream.read(BLOCK_BYTES)))

    def _member(self, block: bytes) -> Member:
        """Read on from a first header block to the header of a file or folder, past all that extends it."""
        extension = _Extension()
        header = parse_header(block)
        while header.type in _EXTENDING or header.type in {_PAX_GLOBAL, _VOLUME}:
            self._extend(extension, header)
            header = parse_header(self._extended_header())
        return self._describe(header, extension)

    def _extended_header(self) -> bytes:
        block = self._read_block()
        if block == ZERO_BLOCK:
            raise ArchiveDamaged("the archive ends behind an extended header, without the file that it describes")
        return block

    def _extend(self, extension: _Extension, header: HeaderBlock) -> None:
        kind = _PAX if header.type == _PAX_SUN else header.type
        if kind in extension.seen:
            raise ArchiveUnsafe("a file in the archive has two extended headers of the same kind")
        if kind in _EXTENDING:
            extension.seen.add(kind)
        content = self._extended_content(header)
        if kind == _LONG_NAME:
            extension.long_name = content.split(b"\0", 1)[0]
        elif kind == _PAX:
            extension.records, extension.sparse = pax.parse_records(content)
        elif kind == _PAX_GLOBAL:
            pax.refuse_global(*pax.parse_records(content))

    def _extended_content(self, header: HeaderBlock) -> bytes:
        limit = LARGEST_RECORDS_BYTES if header.type in {_PAX, _PAX_SUN, _PAX_GLOBAL} else 16 * LARGEST_NAME_BYTES
        if header.size > limit:
            raise ArchiveUnsafe(f"an extended header claims {header.size} bytes, more than {limit}")
        stored = header.size + -header.size % BLOCK_BYTES
        content = self._stream.read(stored)
        if len(content) < stored:
            raise ArchiveDamaged("the archive is cut off inside an extended header")
        self._keep(content)
        return content[: header.size]

    def _describe(self, header: HeaderBlock, extension: _Extension) -> Member:
        name = _name(header, extension)
        if header.type in _REFUSED:
            raise ArchiveUnsafe(f"the archive holds {_REFUSED[header.type]}, {safe_name(name, limit=120)}")
        stored = header.size
        if b"size" in extension.records:
            stored = pax.decimal(extension.records[b"size"], what="the size in an extended header")
        if header.type in _FOLDER_TYPES or (header.type in _FILE_TYPES and name.endswith(b"/")):
            return _folder(name, stored, header, content_at=self._stream.position)
        if header.type == _SPARSE_TYPE or _says_sparse(extension):
            return self._sparse_member(header, extension, name, stored)
        if header.type not in _FILE_TYPES:
            raise ArchiveUnsafe(
                f"the archive holds an entry of a kind that imgkit does not know, {safe_name(header.type)}: "
                f"{safe_name(name, limit=120)}"
            )
        return Member(
            name=name,
            size=stored,
            stored_bytes=stored,
            content_at=self._stream.position,
            header=b"".join(self._kept),
        )

    def _sparse_member(self, header: HeaderBlock, extension: _Extension, name: bytes, stored: int) -> Member:
        mapped, map_bytes = self._sparse_map(header, extension)
        if mapped.stored_bytes + map_bytes != stored:
            raise ArchiveDamaged(
                f"the sparse map of {safe_name(name, limit=120)} needs {mapped.stored_bytes + map_bytes} bytes, "
                f"and the header says {stored}"
            )
        return Member(
            name=name,
            size=mapped.size,
            stored_bytes=mapped.stored_bytes,
            content_at=self._stream.position,
            sparse=mapped,
            header=b"".join(self._kept),
        )

    def _sparse_map(self, header: HeaderBlock, extension: _Extension) -> tuple[SparseMap, int]:
        """Return the map, and how many bytes of it stand in the member's data."""
        says_pax = _says_sparse(extension)
        if header.type == _SPARSE_TYPE:
            if says_pax or header.dialect is not Dialect.OLD_GNU:
                raise ArchiveUnsafe("a file in the archive mixes two kinds of sparse maps")
            return old_gnu_map(header.raw, self._read_block), 0
        if header.dialect is not Dialect.USTAR:
            raise ArchiveUnsafe("a file in the archive has a sparse map in a dialect that has none")
        begin = self._stream.position
        mapped = _pax_map(extension, self._read_block)
        return mapped, self._stream.position - begin


def _name(header: HeaderBlock, extension: _Extension) -> bytes:
    """Return the name that counts. Raises ArchiveUnsafe where two headers say one, or it is absurdly long."""
    records = extension.records
    if extension.long_name and b"path" in records:
        raise ArchiveUnsafe("a file in the archive has two long names")
    name = records.get(b"GNU.sparse.name") or records.get(b"path") or extension.long_name or header.name
    if len(name) > LARGEST_NAME_BYTES:
        raise ArchiveUnsafe(f"a name in the archive has {len(name)} bytes, more than {LARGEST_NAME_BYTES}")
    if b"\0" in name:
        raise ArchiveDamaged("a name in the archive holds a NUL byte")
    if b".." in name.split(b"/"):  # no name is ever a path here, but GNU tar skips such a file
        raise ArchiveUnsafe(f"a name in the archive climbs out of its folder: {safe_name(name, limit=120)}")
    return name


def _folder(name: bytes, stored: int, header: HeaderBlock, *, content_at: int) -> Member:
    """A folder with content is read in two ways by the tar programs; only GNU's list of names (D) is no doubt."""
    if stored and header.type != b"D":
        raise ArchiveUnsafe(f"the folder {safe_name(name, limit=120)} claims to have {stored} bytes of content")
    return Member(name=name, size=0, stored_bytes=stored, content_at=content_at, is_folder=True)


def _says_sparse(extension: _Extension) -> bool:
    return bool(extension.sparse) or any(key.startswith(b"GNU.sparse.") for key in extension.records)


def _pax_map(extension: _Extension, read_block: ReadBlock) -> SparseMap:
    records = extension.records
    version = (records.get(b"GNU.sparse.major", b"0"), records.get(b"GNU.sparse.minor", b""))
    has_map = b"GNU.sparse.map" in records
    if version == (b"1", b"0") and not has_map and not extension.sparse:
        return pax_1_map(_real_size(records, b"GNU.sparse.realsize"), read_block)
    if version[0] != b"0" or version[1] not in {b"", b"0", b"1"} or (has_map and extension.sparse):
        raise ArchiveUnsafe("a file in the archive has a sparse map of an unknown kind")
    numbers = records[b"GNU.sparse.map"] if has_map else extension.sparse
    said = records.get(b"GNU.sparse.numblocks", b"")
    return pax_0_map(_real_size(records, b"GNU.sparse.size"), numbers, said_segments=said)


def _real_size(records: pax.Records, key: bytes) -> int:
    return pax.decimal(records.get(key, b""), what="the real size of a sparse file")
