"""Compare: are two disk images the same disk, or is one the disk whose chunk digests were kept?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from imgkit.digests import ChunkDigests, read_chunk_digests
from imgkit.disks.chunks import pad_with_zeroes, take_chunk_digests
from imgkit.disks.comparing import Comparison, compare, compare_views
from imgkit.disks.guest_view import open_guest_view
from imgkit.errors import NotAccessible, SettingsError
from imgkit.model.disk import DiskImage, Reader
from imgkit.ports import GuestView
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.units import SECTOR_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagesCompared:
    """Where two disks differ, the roots of both, and how many zeroes were only added to fill the last sector."""

    comparison: Comparison
    roots: tuple[str, str]
    padding_bytes: int = 0

    @property
    def is_equal(self) -> bool:
        return self.comparison.is_equal

    def describe(self) -> str:
        """Return in words what differs."""
        words = self.comparison.describe()
        if not self.padding_bytes:
            return words
        return f"{words}, and the longer goes on with {self.padding_bytes} zeroes to the end of its last sector"


def compare_images(
    first: DiskImage,
    second: DiskImage,
    *,
    allow_backing: Path | None = None,
    reader: Reader = Reader.IMGKIT,
    progress: Progress = NULL_PROGRESS,
) -> ImagesCompared:
    """Read both disks side by side. Raises what opening and reading a guest view raise."""
    with (
        open_guest_view(first, allow_backing=allow_backing, reader=reader) as one,
        open_guest_view(second, allow_backing=allow_backing, reader=reader) as other,
    ):
        found = compare_views(one, other, progress=progress)
        padding = _padding((one, other), (found.first, found.second))
    return ImagesCompared(
        comparison=found.comparison, roots=(found.first.root, found.second.root), padding_bytes=padding
    )


def compare_with_chunks(
    image: DiskImage,
    chunks: Path,
    *,
    allow_backing: Path | None = None,
    reader: Reader = Reader.IMGKIT,
    progress: Progress = NULL_PROGRESS,
) -> ImagesCompared:
    """Hold a disk against the chunk digests in a file. Raises SettingsError where that holds none."""
    try:
        wanted = read_chunk_digests(chunks)
    except OSError as error:
        raise NotAccessible(f"cannot read {chunks}: {error.strerror or error}") from error
    except ValueError as error:
        raise SettingsError(
            f"{chunks} holds no chunk digests that can be used: {error}",
            hint="imgkit hash --guest --chunks writes them.",
        ) from error
    with open_guest_view(image, allow_backing=allow_backing, reader=reader) as view:
        found = take_chunk_digests(view, progress=progress, title="Comparing")
    return ImagesCompared(comparison=compare(found, wanted), roots=(found.root, wanted.root))


def _padding(views: Sequence[GuestView], chunks: Sequence[ChunkDigests]) -> int:
    """Return by how much the longer disk is longer, where that is nothing but zeroes up to the next whole sector."""
    short, long = sorted((0, 1), key=lambda number: chunks[number].size)
    padding = chunks[long].size - chunks[short].size
    if not 0 < padding < SECTOR_BYTES or chunks[long].size % SECTOR_BYTES:
        return 0
    padded = pad_with_zeroes(chunks[short], views[short], chunks[long].size)
    return padding if padded == chunks[long] else 0
