"""From an archive to one disk image: in one pass, sparse, with its digests, and only if everything in it holds."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from imgkit.archives.extraction import Extracted, Room, extract_bare, extract_from_tar
from imgkit.archives.gnu_engine import GnuEngine
from imgkit.archives.kinds import HEAD_BYTES, TAIL_BYTES, format_of
from imgkit.archives.layers import Layers
from imgkit.archives.second_reading import second_reading
from imgkit.archives.source import open_source
from imgkit.errors import (
    ArchiveDamaged,
    ArchiveError,
    ArchiveUnsafe,
    ImgkitError,
    NoRoom,
    NoSingleDisk,
    TargetExists,
    ToolMissing,
)
from imgkit.files.abilities import Abilities, probe_folder
from imgkit.files.flushing import flushed_meanwhile
from imgkit.files.sparse import SparseFile, local_error
from imgkit.files.whole import publish, refuse_existing, sync_file, unfinished
from imgkit.model.formats import DiskFormat
from imgkit.model.unpacked import ArchiveKind, TarEngine, UnpackedDisk
from imgkit.ports import Frontier
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.safe_text import safe_name
from imgkit.tools.gnu_tar import GnuTar, find_gnu_tar, require_gnu_tar
from imgkit.units import SECTOR_BYTES, MiB, TiB, describe_bytes

LARGEST_DISK_BYTES = 64 * TiB  # no disk of ECS is larger, and no format but raw holds more

_LARGE_FILES = "Choose a file system for large files (ext4, XFS, APFS, NTFS) with -o."
_LARGEST_EMPTY_BYTES = MiB
_HINTS: dict[type[ImgkitError], str] = {
    ArchiveDamaged: "Hold it against the checksum of its source, or fetch it again; nothing was written.",
    ArchiveUnsafe: "Whoever made the archive should look at it; nothing was written.",
    NoSingleDisk: "Look at what is in it; nothing was written.",
}


def unpack_archive(
    archive: Path,
    target: Path,
    *,
    engine: TarEngine = TarEngine.AUTO,
    member: str | None = None,
    frontier: Frontier | None = None,
    max_bytes: int | None = None,
    overwrite: bool = False,
    said_format: DiskFormat | None = None,
    name_by_format: bool = False,
    progress: Progress = NULL_PROGRESS,
) -> UnpackedDisk:
    """Unpack the one disk in `archive` to `target`, which appears only when all of the archive was read and held.

    With `name_by_format` the target's suffix becomes that of the format that was found. With `frontier` the archive is
    read while it is still being downloaded. `max_bytes` bounds the disk's size. Raises AlreadyAtWork, ArchiveDamaged
    (also for a saved error page and an empty file), ArchiveUnsafe, NoSingleDisk (also for a bare disk image, which
    needs no unpacking), NoRoom, TargetExists, NotAccessible, ToolMissing, ToolFailed, and whatever the writer of
    `frontier` gave up with.
    """
    _refuse_itself(archive, target)
    refuse_existing(target, overwrite=overwrite)
    tar = _choose(engine)
    room = _room(target, max_bytes)
    with (
        ExitStack() as until_published,
        _local_errors(target),
        unfinished(target) as partial,
        _naming(archive),
    ):
        file = until_published.enter_context(SparseFile(partial))
        with (
            open_source(archive, frontier=frontier) as source,
            progress.bar(f"unpacking {safe_name(archive.name)}", total=source.total) as bar,
            flushed_meanwhile(partial),
        ):
            source.on_read = bar.set_done
            layers = Layers(source)
            gnu = _gnu_engine(tar, archive, layers, frontier)
            extracted = _extract(layers, file, room, member=member, gnu=gnu)
        found = _format_of_file(partial)
        _judge(layers, extracted, found)
        final = target.with_suffix(found.suffix) if name_by_format else target
        _refuse_itself(archive, final)
        sync_file(partial)
        _require_kept(partial, extracted.sunk.size)
        publish(partial, final, overwrite=overwrite)
    disk, used_tar = extracted.member, tar if extracted.member else None
    return UnpackedDisk(
        path=final,
        format=said_format or found,
        size=extracted.sunk.size,
        chunks=extracted.sunk.chunks,
        sha256=extracted.sunk.sha256,
        member_name=safe_name(disk.name) if disk else "",
        data_bytes=extracted.sunk.data_bytes,
        engine=TarEngine.GNU if used_tar else TarEngine.BUILTIN,
        tool_version=used_tar.version if used_tar else "",
        archive_kind=layers.kind,
        gzip_crc32_held=layers.gzip_held,
        companions=extracted.companions,
        notes=(*layers.notes, *extracted.notes, *_notes(layers, extracted, found)),
    )


def _refuse_itself(archive: Path, target: Path) -> None:
    if target.exists() and archive.exists() and target.samefile(archive):
        raise TargetExists(f"{target} is the archive itself", hint="Choose another place with -o.")


def _choose(engine: TarEngine) -> GnuTar | None:
    """Return the GNU tar to use, None for our own reader."""
    if engine is TarEngine.BUILTIN:
        return None
    return require_gnu_tar() if engine is TarEngine.GNU else find_gnu_tar()


def _gnu_engine(tar: GnuTar | None, archive: Path, layers: Layers, frontier: Frontier | None) -> GnuEngine | None:
    """A download that still runs is slower than both: the archive is read once then."""
    if tar is None:
        return None
    return GnuEngine(tar=tar, again=second_reading(archive, layers.kind) if frontier is None else None)


def _room(target: Path, max_bytes: int | None) -> Room:
    """Return what may be written: to what the caller allows, and to what the target's file system can hold."""
    abilities = probe_folder(target.parent)

    def check(size: int) -> None:
        _refuse_absurd(size, max_bytes)
        _refuse_for_room(size, abilities)

    return Room(check=check, holes=abilities.holds_holes)


def _require_kept(path: Path, size: int) -> None:
    """Some drivers of FAT take a file of more than 4 GiB without a word, and forget its upper bits."""
    kept = path.stat().st_size
    if kept != size:
        raise NoRoom(
            f"the file system of {path.parent} kept {describe_bytes(kept)} of a file of {describe_bytes(size)}",
            hint=_LARGE_FILES,
        )


def _refuse_absurd(size: int, max_bytes: int | None) -> None:
    if size > (LARGEST_DISK_BYTES if max_bytes is None else max_bytes):
        raise ArchiveUnsafe(
            f"its disk is larger than the {describe_bytes(LARGEST_DISK_BYTES if max_bytes is None else max_bytes)} "
            f"that are allowed: {describe_bytes(size)} or more",
            hint="If that is its true size, allow it with --max-size.",
        )


def _refuse_for_room(size: int, abilities: Abilities) -> None:
    """Where the target holds no holes, ask for room for every byte, and for its largest file.

    Where it does, it is asked by giving the file its size.
    """
    if abilities.holds_holes:
        return
    if abilities.refuses_file_of(size):
        raise NoRoom(
            f"the file system of {abilities.folder} holds no file of {describe_bytes(size)}",
            hint=_LARGE_FILES,
        )
    if size > abilities.free_bytes:
        raise NoRoom(
            f"{abilities.folder} cannot store files sparsely, and the disk needs all of its {describe_bytes(size)}, "
            f"of which {describe_bytes(abilities.free_bytes)} are free",
            hint="Free some room, or choose a file system that can hold holes (ext4, XFS, APFS, NTFS) with -o.",
        )


@contextmanager
def _local_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise local_error(error, target) from error


@contextmanager
def _naming(archive: Path) -> Iterator[None]:
    """Say which archive it is that cannot be unpacked, and what to do."""
    try:
        yield
    except (ArchiveError, ToolMissing) as error:
        named = f"cannot unpack {safe_name(str(archive))}: {error.message}"
        raise type(error)(named, hint=error.hint or _HINTS[type(error)]) from error


def _extract(layers: Layers, file: SparseFile, room: Room, *, member: str | None, gnu: GnuEngine | None) -> Extracted:
    if layers.inner_kind is ArchiveKind.TAR:
        return extract_from_tar(layers.stream, file, room, member=member, gnu=gnu)
    if member is not None:
        raise NoSingleDisk("it is a compressed disk without a tar around it, so --member names nothing in it")
    return extract_bare(layers.stream, file, room)


def _format_of_file(path: Path) -> DiskFormat:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL_BYTES))
        return format_of(head, file.read(TAIL_BYTES))


def _judge(layers: Layers, extracted: Extracted, found: DiskFormat) -> None:
    """Refuse what came out without a tar and is no disk."""
    size = extracted.sunk.size
    if extracted.member is not None or found is not DiskFormat.RAW:
        return
    if extracted.sunk.data_bytes == 0 and size <= _LARGEST_EMPTY_BYTES:
        raise NoSingleDisk("there is nothing in it but a few zeroes, as in a tar without files")
    if size < SECTOR_BYTES:
        raise ArchiveDamaged(f"it is cut off inside its first {SECTOR_BYTES} bytes")
    if layers.inner_kind is not ArchiveKind.DISK and size % SECTOR_BYTES:
        raise NoSingleDisk(f"there is no disk in it but a file of {size} bytes of no known kind")


def _notes(layers: Layers, extracted: Extracted, found: DiskFormat) -> Iterator[str]:
    """Say what is odd about the disk and forbids nothing."""
    if found is DiskFormat.RAW and extracted.sunk.size % SECTOR_BYTES:
        yield f"The disk's size of {extracted.sunk.size} bytes is no multiple of {SECTOR_BYTES}: it may have been cut."
    if extracted.member is None and layers.inner_kind is ArchiveKind.UNKNOWN and found is DiskFormat.RAW:
        yield "Nothing at the start of the disk says what is on it; it is taken for a raw disk."
    if extracted.member is not None and extracted.member.name.endswith(b".raw") and found is not DiskFormat.RAW:
        yield (
            f"The disk is called raw and begins or ends like a {found} image. If a guest wrote that into its own raw "
            "disk, say that it is raw: anything else would let the guest choose how it is read."
        )
