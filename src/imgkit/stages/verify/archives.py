"""Objects as the service gave them: its CRC-64 = the combined CRCs of the parts = the bytes here; and the inside."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from imgkit.archives.reading import ReadDisk, gzip_trailer, read_archive
from imgkit.disks.file_pieces import MeasuredPieces, measure_pieces
from imgkit.errors import ImgkitError
from imgkit.model.checking import LinkOutcome
from imgkit.model.manifest import DiskRecord, FileKind, FileRecord, UnpackRecord
from imgkit.model.unpacked import ArchiveKind
from imgkit.progress import Progress
from imgkit.stages.verify.links import (
    ARCHIVE_INSIDE,
    AS_RECORDED,
    PARTS_CRC,
    PARTS_FILE,
    SERVICE_CRC,
    UNPACKED_AGAIN,
    Job,
    failed,
    held,
    judged,
    looked,
    not_looked,
    unknown,
)
from imgkit.stages.verify.plain_files import NO_DIGEST, Known
from imgkit.transfer.parts_file import PartsRecord, parts_path_of, read_parts_file
from imgkit.units import MiB

_SHOWN_PARTS = 3
_PIECE_BYTES = 16 * MiB  # where no parts file says how large they are


def archive_jobs(folder: Path, disk: DiskRecord, record: FileRecord, known: Known, *, deep: bool) -> Iterator[Job]:
    """Return the work on one object, be it an archive or a bare disk image; with `deep` it is unpacked once more."""
    about = _Archive(folder=folder, disk=disk, record=record, known=known)
    yield Job(look=about.check_bytes, work_bytes=record.size, serial=True, disk=str(disk.role))
    if record.kind is not FileKind.ARCHIVE:
        return
    yield Job(look=about.check_inside, disk=str(disk.role))
    if deep:
        yield Job(look=about.unpack_again, work_bytes=record.size, serial=True, disk=str(disk.role))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Archive:
    folder: Path
    disk: DiskRecord
    record: FileRecord
    known: Known

    @property
    def path(self) -> Path:
        return self.folder / self.record.path

    @property
    def subject(self) -> str:
        return self.record.path.as_posix()

    def check_bytes(self, progress: Progress) -> Iterator[LinkOutcome]:
        """Read the file once, and hold it against the manifest, its parts file and the service's word."""
        parts, unusable = self._parts()
        try:
            piece_bytes = parts.part_bytes if parts else _PIECE_BYTES
            found = measure_pieces(self.path, piece_bytes, progress=progress, title=f"checking {self.path.name}")
        except (OSError, ImgkitError) as error:
            yield not_looked(self.subject, AS_RECORDED, error)
        else:
            yield self._against_manifest(found)
            if parts is not None:
                yield self._against_parts(found, parts)
            elif unusable:
                yield unknown(self.subject, PARTS_CRC, unusable)
        yield self._against_service()
        if parts is not None:
            yield self._parts_against_manifest(parts)

    def _parts(self) -> tuple[PartsRecord | None, str]:
        """Return what the parts file says, else why it cannot be used; nothing where there never was any."""
        path = parts_path_of(self.path)
        known = any(each.kind is FileKind.PARTS and each.path.name == path.name for each in self.disk.files)
        if not path.is_file():
            return None, f"{path.name} is missing" if known else ""
        try:
            return read_parts_file(path), ""
        except ImgkitError as error:
            return None, error.message

    def _against_manifest(self, found: MeasuredPieces) -> LinkOutcome:
        record = self.record
        if not record.sha256:
            return unknown(self.subject, AS_RECORDED, NO_DIGEST)
        whose = self.known.whose(found.sha256, record)
        if found.size != record.size:
            return failed(self.subject, AS_RECORDED, f"it has {found.size} bytes and not {record.size}{whose}")
        if record.crc64 not in {None, found.crc64}:
            return failed(self.subject, AS_RECORDED, f"its CRC-64 differs{whose}")
        holds = found.sha256 == record.sha256
        return judged(self.subject, AS_RECORDED, holds=holds, detail=f"its SHA-256 differs{whose}")

    def _against_parts(self, found: MeasuredPieces, parts: PartsRecord) -> LinkOutcome:
        """The CRCs of the parts were taken as they arrived; together they are that of the whole, or it is no record."""
        both = zip_longest(found.pieces, parts.parts)
        differing = [number for number, (here, told) in enumerate(both) if here != told]
        if not differing and found.crc64 == parts.crc64:
            return held(self.subject, PARTS_CRC)
        inside = [number for number in differing if number < len(parts.parts)]
        shown = ", ".join(str(parts.plan.part(number)) for number in inside[:_SHOWN_PARTS])
        more = ", …" if len(inside) > _SHOWN_PARTS else ""
        words = f"{len(differing)} of {len(parts.parts)} parts differ" + (f" ({shown}{more})" if shown else "")
        return failed(self.subject, PARTS_CRC, words)

    def _against_service(self) -> LinkOutcome:
        if self.disk.object is None:
            return held(self.subject, SERVICE_CRC, "began from a local file: no service named any")
        named = self.disk.object.crc64
        if named is None:
            return unknown(self.subject, SERVICE_CRC, "the service named none")
        return judged(self.subject, SERVICE_CRC, holds=self.record.crc64 == named, detail=f"the service said {named}")

    def _parts_against_manifest(self, parts: PartsRecord) -> LinkOutcome:
        subject = parts_path_of(Path(self.subject)).as_posix()
        told = [
            ("size", parts.size, self.record.size),
            ("CRC-64", parts.crc64, self.record.crc64),
            ("SHA-256", parts.sha256, self.record.sha256),
        ]
        if self.disk.object is not None:
            told += [
                ("ETag", parts.etag, self.disk.object.etag),
                ("CRC-64 of the service", parts.service_crc64, self.disk.object.crc64),
            ]
        differing = [
            f"its {what} is {here!r} and the manifest's {there!r}" for what, here, there in told if here != there
        ]
        return judged(subject, PARTS_FILE, holds=not differing, detail="; ".join(differing))

    def check_inside(self, _progress: Progress) -> Iterator[LinkOutcome]:
        """Hold what stood inside when it was unpacked against what stands there, without inflating it again."""
        unpacked = self.disk.unpacked
        if unpacked is not None:
            yield looked(self.subject, ARCHIVE_INSIDE, lambda: self._inside_differs(unpacked))

    def _inside_differs(self, unpacked: UnpackRecord) -> str:
        if unpacked.archive_kind is ArchiveKind.GZIP:
            trailer = gzip_trailer(self.path).hex()
            if trailer != unpacked.gzip_trailer:
                return f"its gzip trailer is {trailer}, and was {unpacked.gzip_trailer} when it was unpacked"
            if not unpacked.gzip_held:
                return "it did not hold when it was unpacked"
        image = next((each for each in self.disk.files if each.path == unpacked.image), None)
        if image is not None and image.size != unpacked.member_bytes:
            return f"the disk in it has {unpacked.member_bytes} bytes, and {image.path} {image.size}"
        return ""

    def unpack_again(self, progress: Progress) -> Iterator[LinkOutcome]:
        """Unpack it in memory, and hold the disk that comes out against the digests of the guest view."""
        try:
            found = read_archive(self.path, progress=progress, title=f"unpacking {self.path.name} in memory")
        except (OSError, ImgkitError) as error:
            yield not_looked(self.subject, UNPACKED_AGAIN, error)
        else:
            yield self._judge_again(found)

    def _judge_again(self, found: ReadDisk) -> LinkOutcome:
        guest = self.disk.guest
        if guest is None:
            return unknown(self.subject, UNPACKED_AGAIN, "the manifest has no digests of the disk")
        if self.disk.member and found.member_name != self.disk.member:
            return failed(self.subject, UNPACKED_AGAIN, f"the disk in it is called {found.member_name!r}")
        other = [each for each in self.disk.files if each.kind is FileKind.IMAGE and each.sha256 == found.sha256]
        holds = (found.chunks.root, found.sha256) == (guest.root, guest.sha256) or bool(other)
        return judged(
            self.subject, UNPACKED_AGAIN, holds=holds, detail="it is not the disk whose digests the manifest has"
        )
