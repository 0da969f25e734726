"""An archive, opened as far as its compression goes: what it is, and the stream of what is in it."""

from collections.abc import Iterable

from imgkit.archives.byte_stream import ByteStream
from imgkit.archives.inflate import Bunzip2, Gunzip, Unxz, gather
from imgkit.archives.kinds import HEAD_BYTES, describe_markup, describe_stranger, kind_of
from imgkit.archives.unzstd import Unzstd
from imgkit.errors import ArchiveDamaged, NoSingleDisk
from imgkit.model.unpacked import ArchiveKind

_NESTED = {ArchiveKind.GZIP, ArchiveKind.XZ, ArchiveKind.BZIP2, ArchiveKind.ZSTD}


class Layers:
    """`kind` is what the file is, `inner_kind` what its compression holds: a tar, a disk, or something unknown.

    `head` are the first bytes of the inner stream. `notes` and `gzip_held` are known once `stream` is read to its end.
    """

    def __init__(self, blocks: Iterable[bytes]) -> None:
        outer = ByteStream(blocks)
        head = outer.peek(HEAD_BYTES)
        self.kind = kind_of(head)
        _refuse_useless(self.kind, head)
        self._inflater = _inflater(self.kind, outer)
        self.stream = ByteStream(gather(self._inflater))
        self.head = self.stream.peek(HEAD_BYTES)
        self.inner_kind = kind_of(self.head)
        _refuse_useless_inside(self.inner_kind, self.head)

    @property
    def gzip_held(self) -> bool:
        return isinstance(self._inflater, Gunzip) and self._inflater.held

    @property
    def notes(self) -> tuple[str, ...]:
        if isinstance(self._inflater, Unxz | Unzstd) and self._inflater.unchecked:
            return (f"The {self.kind} stream carries no checksum: damage in it would go unnoticed.",)
        return ()


def _inflater(kind: ArchiveKind, outer: ByteStream) -> Iterable[bytes]:
    if kind is ArchiveKind.GZIP:
        return Gunzip(outer)
    if kind is ArchiveKind.XZ:
        return Unxz(outer)
    if kind is ArchiveKind.BZIP2:
        return Bunzip2(outer)
    if kind is ArchiveKind.ZSTD:
        return Unzstd(outer)
    return (bytes(view) for view in outer.views(1 << 63))


def _refuse_useless(kind: ArchiveKind, head: bytes) -> None:
    """Refuse what is no archive, each by its name."""
    if kind is ArchiveKind.EMPTY:
        raise ArchiveDamaged("the file is empty")
    if kind is ArchiveKind.MARKUP:
        raise ArchiveDamaged(
            f"it is no archive but {describe_markup(head)}, saved under an archive's name",
            hint="The server answered the download with this page. Open it, see what it says, and download again.",
        )
    if kind is ArchiveKind.DISK:
        raise NoSingleDisk(
            "it is no archive but a bare disk image", hint="There is nothing to unpack: use it as it is."
        )
    if kind is ArchiveKind.UNKNOWN:
        _refuse_stranger(head, what="it is", hint="Unpack it with its own program, and look at what comes out.")
        raise ArchiveDamaged(
            "it is no archive: neither gzip, xz, bzip2, zstd nor tar",
            hint="If it is a raw disk image there is nothing to unpack; otherwise download it again.",
        )


def _refuse_useless_inside(kind: ArchiveKind, head: bytes) -> None:
    if kind is ArchiveKind.EMPTY:
        raise NoSingleDisk("there is nothing in it")
    if kind is ArchiveKind.MARKUP:
        raise ArchiveDamaged(f"there is no disk in it but {describe_markup(head)}")
    if kind in _NESTED:
        raise NoSingleDisk(
            f"it is compressed twice: there is a {kind} file in it", hint="Decompress the outer layer first."
        )
    if kind is ArchiveKind.UNKNOWN:
        _refuse_stranger(head, what="there is no disk in it but", hint="Decompress it, and look at what is in there.")


def _refuse_stranger(head: bytes, *, what: str, hint: str) -> None:
    """Refuse by its name an archive of a kind that imgkit does not open."""
    name = describe_stranger(head)
    if name:
        raise NoSingleDisk(f"{what} {name}, which imgkit does not open", hint=hint)
