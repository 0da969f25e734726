"""Pack: a disk as `disk.raw` in a .tar.gz, filled up to whole GiB, as Google's importer asks for it."""

from contextlib import closing
from pathlib import Path

from imgkit.digests import ChunkDigests
from imgkit.disks.chunks import pad_with_zeroes
from imgkit.disks.comparing import compare
from imgkit.disks.file_digest import file_sha256
from imgkit.disks.guard import read_header
from imgkit.disks.guest_view import open_guarded
from imgkit.disks.padded_view import PaddedView
from imgkit.disks.room_bound import data_in_blocks
from imgkit.disks.source_files import refuse_target, require_unchanged, states_of
from imgkit.disks.sparse_copy import copy_sparsely
from imgkit.disks.writers.disk_archive import MEMBER, pack_disk, prove_disk
from imgkit.errors import Differs, NoRoom
from imgkit.files.abilities import probe_folder
from imgkit.files.whole import publish, sync_file
from imgkit.files.work_folder import work_folder
from imgkit.model.converted import ConvertedImage, ResultFile
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.model.profiles import Profile
from imgkit.ports import GuestView
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.tools.gnu_tar import require_gnu_tar
from imgkit.units import KiB, describe_bytes, round_up


def pack_archive(
    image: DiskImage,
    target: Path,
    *,
    profile: Profile,
    source_chunks: ChunkDigests | None = None,
    verify: bool = True,
    overwrite: bool = False,
    progress: Progress = NULL_PROGRESS,
    allow_backing: Path | None = None,
) -> ConvertedImage:
    """Write the disk in `image` into the archive `target`, and prove that it holds the same bytes.

    Beside it there must be room for the raw disk, as long as it is packed. Raises what opening a guest view raises,
    TargetExists, NoRoom, NotAccessible, ToolMissing, ToolFailed, and Differs when the result is not the source.
    """
    header = read_header(image.path, stated=image.format, allow_backing=allow_backing)
    refuse_target(target, header, overwrite=overwrite)
    require_gnu_tar()  # before hours of writing for it
    with closing(open_guarded(header)) as source, work_folder(target) as folder:
        before = states_of(header)
        size = round_up(source.size, profile.whole_bytes)
        _require_room(source, target)
        chunks = copy_sparsely(PaddedView(source, size), folder / MEMBER, progress=progress, title="Writing disk.raw")
        if source_chunks is not None:
            _require_same(image, pad_with_zeroes(source_chunks, source, size), chunks)
        partial = folder / "archive"
        version = pack_disk(folder, partial, progress=progress)
        (folder / MEMBER).unlink()
        sync_file(partial)
        if verify:
            prove_disk(partial, chunks, progress=progress)
        sha256 = file_sha256(partial, progress=progress, title="Hashing the archive") if verify else ""
        file_bytes = partial.stat().st_size
        require_unchanged(header, before)
        publish(partial, target, overwrite=overwrite)
    return ConvertedImage(
        path=target,
        format=DiskFormat.RAW,
        container="tar.gz",
        virtual_size=size,
        source_size=source.size,
        files=(ResultFile(path=target, size=file_bytes, sha256=sha256),),
        proven=verify,
        chunk_root=chunks.root if verify else "",
        tool="GNU tar",
        tool_version=version,
        notes=(*header.notes, *_notes(source.size, size, verify=verify)),
    )


def _require_room(source: GuestView, target: Path) -> None:
    """The raw disk and its archive lie side by side for a while."""
    needed = 2 * data_in_blocks(source.extents(), 4 * KiB)
    free = probe_folder(target.parent).free_bytes
    if needed > free:
        raise NoRoom(
            f"packing may take {describe_bytes(needed)} for a while, and {target.parent} has "
            f"{describe_bytes(free)} free",
            hint="Free some room, or choose another place with -o.",
        )


def _require_same(image: DiskImage, wanted: ChunkDigests, found: ChunkDigests) -> None:
    if wanted != found:
        raise Differs(
            f"{image.path} is not the disk whose digests were taken: {compare(wanted, found).describe()}",
            hint="The source has changed since. Check it before anything is made from it: imgkit check.",
        )


def _notes(source_size: int, size: int, *, verify: bool) -> list[str]:
    notes = []
    if size > source_size:
        notes.append(f"filled up to {describe_bytes(size)}: {size - source_size} zero bytes behind the disk's end")
    if not verify:
        notes.append("not proven, as asked: the result was not read back")
    return notes
