"""Acquire: a disk into an E01 with case fields, through libewf, verified by it and proven by reading it back."""

import contextlib
import errno
import hashlib
import os
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from imgkit.digests import CHUNK_BYTES, ZERO_CHUNK, ChunkDigests, chunk_count, chunk_length, zero_digest
from imgkit.disks.ahead import work_ahead
from imgkit.disks.chunks import chunks_with_data, usual_jobs
from imgkit.disks.comparing import compare
from imgkit.disks.file_digest import file_sha256
from imgkit.disks.guard import read_header
from imgkit.disks.guest_view import open_guarded
from imgkit.disks.room_bound import data_in_blocks
from imgkit.disks.source_files import refuse_target, require_unchanged, states_of
from imgkit.errors import Differs, FormatCannotHold, NoRoom, ToolFailed
from imgkit.files.abilities import probe_folder
from imgkit.files.sparse import local_error
from imgkit.files.whole import publish, sync_file
from imgkit.files.work_folder import work_folder
from imgkit.model.converted import ConvertedImage, ResultFile
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.ports import GuestView
from imgkit.process import Running
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.tools import ewf
from imgkit.units import SECTOR_BYTES, KiB, describe_bytes

_BLOCK_BYTES = 32 * KiB
_AHEAD = 6


def acquire_e01(
    image: DiskImage,
    target: Path,
    *,
    fields: ewf.CaseFields,
    source_chunks: ChunkDigests | None = None,
    compress: bool = True,
    verify: bool = True,
    overwrite: bool = False,
    progress: Progress = NULL_PROGRESS,
    allow_backing: Path | None = None,
) -> ConvertedImage:
    """Write the disk in `image` to `target`, an E01 in one file, and prove that it holds the same bytes.

    Raises what opening a guest view raises, FormatCannotHold for a size off whole sectors, TargetExists, NoRoom,
    NotAccessible, ToolMissing, ToolFailed, and Differs when the result is not the source.
    """
    header = read_header(image.path, stated=image.format, allow_backing=allow_backing)
    refuse_target(target, header, overwrite=overwrite)
    ewf.require_all()
    with closing(open_guarded(header)) as source, work_folder(target) as folder:
        before = states_of(header)
        partial = folder / f"disk{ewf.SUFFIX}"
        _require_possible(source, target)
        chunks = _write(source, partial, fields, compress, progress)
        if source_chunks is not None and source_chunks != chunks:
            raise Differs(
                f"{image.path} is not the disk whose digests were taken: {compare(source_chunks, chunks).describe()}",
                hint="The source has changed since. Check it before anything is made from it: imgkit check.",
            )
        if verify:
            _prove(partial, chunks, progress)
        sha256 = file_sha256(partial, progress=progress, title="Hashing the e01 file") if verify else ""
        size = partial.stat().st_size
        require_unchanged(header, before)
        publish(partial, target, overwrite=overwrite)
    return ConvertedImage(
        path=target,
        format=DiskFormat.RAW,
        container="e01",
        virtual_size=chunks.size,
        source_size=chunks.size,
        files=(ResultFile(path=target, size=size, sha256=sha256),),
        proven=verify,
        chunk_root=chunks.root if verify else "",
        tool="ewfacquirestream",
        tool_version=ewf.version(),
        notes=header.notes if verify else (*header.notes, "not proven, as asked: the result was not read back"),
    )


def _require_possible(source: GuestView, target: Path) -> None:
    if source.size % SECTOR_BYTES:
        raise FormatCannotHold(
            f"an E01 holds whole sectors, and this disk has {source.size} bytes", hint="Choose --to raw."
        )
    needed = data_in_blocks(source.extents(), _BLOCK_BYTES) + source.size // 256
    free = probe_folder(target.parent).free_bytes
    if needed > free:
        raise NoRoom(
            f"the E01 may take {describe_bytes(needed)}, and {target.parent} has {describe_bytes(free)} free",
            hint="Free some room, or choose another place with -o.",
        )


def _write(
    source: GuestView, partial: Path, fields: ewf.CaseFields, compress: bool, progress: Progress
) -> ChunkDigests:
    digests: list[bytes] = []
    level = "fast" if compress else "empty-block"
    with (
        progress.bar("Converting to e01", total=source.size) as bar,
        ewf.acquiring(partial, fields, compression=level) as child,
        closing(_chunks(source)) as chunks,
    ):
        for number, digest, content in chunks:
            digests.append(digest)
            if not _fed(child, content):
                break
            bar.set_done(min((number + 1) * CHUNK_BYTES, source.size))
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()
        _require_success(child, partial)
    try:
        sync_file(partial)
    except OSError as error:
        raise local_error(error, partial) from error
    return ChunkDigests(size=source.size, digests=tuple(digests))


def _require_success(child: Running, partial: Path) -> None:
    try:
        child.require_success()
    except ToolFailed as error:
        if os.strerror(errno.ENOSPC) not in error.stderr_tail:
            raise
        raise local_error(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), partial) from error


def _chunks(source: GuestView) -> Generator[tuple[int, bytes, memoryview], None, None]:
    """Yield number, digest and content of every chunk in order; the reading goes ahead."""

    def read(chunk: tuple[int, bool]) -> tuple[bytes, memoryview]:
        number, has_data = chunk
        length = chunk_length(source.size, number)
        if not has_data:
            return zero_digest(length), memoryview(ZERO_CHUNK)[:length]
        content = source.read(number * CHUNK_BYTES, length)
        return hashlib.sha256(content).digest(), memoryview(content)

    chunks = (((number, has_data), has_data) for number, has_data in enumerate(chunks_with_data(source)))
    with closing(work_ahead(chunks, read, jobs=usual_jobs(), ahead=_AHEAD, name="read")) as reading:
        for (number, _), (digest, content) in reading:
            yield number, digest, content


def _fed(child: Running, content: memoryview) -> bool:
    """Hand bytes to the program; when it has ended early, its exit code says why."""
    try:
        child.stdin.write(content)
    except BrokenPipeError:
        return False
    return True


def _prove(partial: Path, wanted: ChunkDigests, progress: Progress) -> None:
    """Verify by libewf's own checksums and MD5, then read the disk out of the file and compare. Raises Differs."""
    ewf.verify(partial, size=wanted.size)
    with progress.bar("Proving the e01", total=wanted.size) as bar, ewf.exporting(partial) as child:
        for number in range(chunk_count(wanted.size)):
            content = child.stdout.read(chunk_length(wanted.size, number))
            if hashlib.sha256(content).digest() != wanted.digests[number]:
                raise Differs(
                    f"the e01 is not the same disk: the chunk of 4 MiB at byte {number * CHUNK_BYTES} differs",
                    hint="Nothing was kept. This machine's memory, its disk or libewf is at fault.",
                )
            bar.set_done(min((number + 1) * CHUNK_BYTES, wanted.size))
        child.stdout.read()  # the program's words behind the disk's bytes
        child.require_success()
