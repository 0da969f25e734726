"""One disk on its way from an archive into a file, read by our own reader or by GNU tar under its eyes."""

from collections.abc import Callable
from dataclasses import dataclass

from imgkit.archives.byte_stream import ByteStream
from imgkit.archives.choice import DiskChoice
from imgkit.archives.disk_sink import DiskSink, Sunk
from imgkit.archives.gnu_engine import GnuEngine, confirm_stored, extract_dense, extract_sparse
from imgkit.archives.tar_reader import Member, TarReader
from imgkit.digests import ChunkDigests
from imgkit.files.sparse import SparseFile

_EVERYTHING = 1 << 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What may be written. `check` refuses a size; `holes` says that a file may be given its full size at once."""

    check: Callable[[int], None]
    holes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """What came out. `member` is None where there was no tar."""

    sunk: Sunk
    member: Member | None = None
    companions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def extract_bare(stream: ByteStream, file: SparseFile, room: Room) -> Extracted:
    """Write all of a stream to `file`: a disk that was compressed without a tar around it."""
    with DiskSink(file.write_at, check_size=room.check) as sink:
        for view in stream.views(_EVERYTHING):
            sink.take(view)
        sunk = sink.finish()
        file.set_size(sunk.size)
    return Extracted(sunk=sunk)


def extract_from_tar(
    stream: ByteStream, file: SparseFile, room: Room, *, member: str | None, gnu: GnuEngine | None
) -> Extracted:
    """Write the one disk in a tar to `file`, having read all of the archive. `gnu` None means our own reader."""
    reader = TarReader(stream, keep_headers=gnu is not None)
    choice = DiskChoice(member)
    disk, remark, stored = None, "", None
    with DiskSink(file.write_at, check_size=room.check) as sink:
        for found in reader:
            if choice.takes(found):
                _prepare(file, found, room)
                disk, (remark, stored) = found, _extract(found, reader, file, sink, gnu)
        choice.settle()
        sunk = sink.finish()
        file.set_size(sunk.size)
    if gnu is not None and stored is not None:
        confirm_stored(file.path, stored, sunk.chunks, gnu.tar, remark)
    notes = (*reader.notes, *([f"GNU tar remarked: {remark}"] if remark else []))
    return Extracted(sunk=sunk, member=disk, companions=choice.companions, notes=notes)


def _prepare(file: SparseFile, member: Member, room: Room) -> None:
    """Refuse a size that cannot be had before anything is written."""
    room.check(member.size)
    if room.holes:
        file.set_size(member.size)


def _extract(
    member: Member, reader: TarReader, file: SparseFile, sink: DiskSink, gnu: GnuEngine | None
) -> tuple[str, ChunkDigests | None]:
    """Send one member on its way; return what GNU tar remarked, and the digests of what it wrote by itself."""
    if gnu is None:
        for run in reader.runs(member):
            sink.take(run)
        return "", None
    if member.sparse is None:
        return extract_dense(gnu, reader, member, sink), None
    return extract_sparse(gnu, reader, member, sink, file)
