"""A raw disk as `disk.raw` in a .tar.gz of GNU tar's old format, as Google's importer asks for; holes stay holes."""

import hashlib
import shutil
import tarfile
from pathlib import Path

from isal import igzip_threaded

from imgkit.digests import CHUNK_BYTES, ChunkDigests, chunk_count, chunk_length
from imgkit.disks.chunks import usual_jobs
from imgkit.errors import Differs
from imgkit.files.sparse import local_error
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.tools.gnu_tar import packing, require_gnu_tar
from imgkit.units import MiB

MEMBER = "disk.raw"
_LEVEL = 2


def pack_disk(folder: Path, target: Path, *, progress: Progress = NULL_PROGRESS) -> str:
    """Pack `disk.raw` in `folder` into the new file `target`, and return GNU tar's version.

    Raises ToolMissing, ToolFailed, NoRoom and NotAccessible.
    """
    tar = require_gnu_tar()
    try:
        with (
            open(target, "xb") as out,
            igzip_threaded.open(out, "wb", compresslevel=_LEVEL, threads=usual_jobs(), block_size=MiB) as packed,  # type: ignore[no-untyped-call]  # its stub has no types
            progress.bar("Packing", total=None),
            packing(tar, folder, MEMBER) as running,
        ):
            shutil.copyfileobj(running.stdout, packed, MiB)
            running.require_success()
    except OSError as error:
        raise local_error(error, target) from error
    return tar.version


def prove_disk(archive: Path, wanted: ChunkDigests, *, progress: Progress = NULL_PROGRESS) -> None:
    """Read the disk out of the archive by Python's own tar reader, and compare. Raises Differs."""
    with (
        igzip_threaded.open(archive, "rb") as inflated,  # type: ignore[no-untyped-call]  # its stub has no types
        tarfile.open(fileobj=inflated, mode="r|") as members,
        progress.bar("Proving the tar.gz", total=wanted.size) as bar,
    ):
        member = members.next()
        if member is None or member.name != MEMBER or member.size != wanted.size:
            raise _differs(archive, "its first member is not the disk")
        content = members.extractfile(member)
        assert content is not None, "a regular file"
        for number in range(chunk_count(wanted.size)):
            piece = content.read(chunk_length(wanted.size, number))
            if hashlib.sha256(piece).digest() != wanted.digests[number]:
                raise _differs(archive, f"the chunk of 4 MiB at byte {number * CHUNK_BYTES} differs")
            bar.set_done(min((number + 1) * CHUNK_BYTES, wanted.size))
        if members.next() is not None:
            raise _differs(archive, "it has a second member")


def _differs(archive: Path, why: str) -> Differs:
    return Differs(
        f"{archive} does not hold the same disk: {why}",
        hint="Nothing was kept. This machine's memory, its disk or GNU tar is at fault.",
    )
