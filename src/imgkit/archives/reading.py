"""An archive unpacked in memory: the digests of the disk in it, and nothing written anywhere."""

from dataclasses import dataclass
from pathlib import Path

from imgkit.archives.choice import DiskChoice
from imgkit.archives.disk_sink import DiskSink, Sunk
from imgkit.archives.layers import Layers
from imgkit.archives.source import open_source
from imgkit.archives.tar_reader import Member, TarReader
from imgkit.digests import ChunkDigests
from imgkit.files.whole import open_evidence
from imgkit.model.unpacked import ArchiveKind
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.safe_text import safe_name

GZIP_TRAILER_BYTES = 8
_EVERYTHING = 1 << 63


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDisk:
    """The one disk in an archive. `chunks` and `sha256` are over the bytes of its file, whatever its format.

    `gzip_held` says that every gzip member's CRC-32 and length fit.
    """

    kind: ArchiveKind
    gzip_held: bool
    member_name: str
    size: int
    chunks: ChunkDigests
    sha256: str


def read_archive(path: Path, *, progress: Progress = NULL_PROGRESS, title: str = "") -> ReadDisk:
    """Read all of an archive with imgkit's own reader.

    Raises ArchiveDamaged, ArchiveUnsafe, NoSingleDisk, NotAccessible.
    """
    with open_source(path) as source, progress.bar(title or path.name, total=source.total) as bar:
        source.on_read = bar.set_done
        layers = Layers(source)
        sunk, member = _sink(layers)
        return ReadDisk(
            kind=layers.kind,
            gzip_held=layers.gzip_held,
            member_name=safe_name(member.name) if member else "",
            size=sunk.size,
            chunks=sunk.chunks,
            sha256=sunk.sha256,
        )


def _sink(layers: Layers) -> tuple[Sunk, Member | None]:
    disk: Member | None = None
    with DiskSink(lambda _offset, _data: None) as sink:
        if layers.inner_kind is not ArchiveKind.TAR:
            for view in layers.stream.views(_EVERYTHING):
                sink.take(view)
            return sink.finish(), None
        reader, choice = TarReader(layers.stream), DiskChoice(None)
        for found in reader:
            if choice.takes(found):
                disk = found
                for run in reader.runs(found):
                    sink.take(run)
        choice.settle()
        return sink.finish(), disk


def gzip_trailer(path: Path) -> bytes:
    """Return the last 8 bytes of a gzip file: CRC-32 and length of what is in it, modulo 2^32 (RFC 1952).

    Raises OSError.
    """
    with open_evidence(path) as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - GZIP_TRAILER_BYTES))
        return file.read(GZIP_TRAILER_BYTES)
