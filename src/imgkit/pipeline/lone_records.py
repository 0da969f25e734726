"""The record that single steps leave beside their result."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from imgkit.model.converted import ConvertedImage
from imgkit.model.download import DownloadedObject
from imgkit.model.formats import DiskFormat
from imgkit.model.lone import LoneRecord
from imgkit.model.manifest import FileKind, FileRecord, Outcome, StepRecord
from imgkit.model.unpacked import UnpackedDisk
from imgkit.version import __version__


def image_record(
    done: ConvertedImage, source: Path, started: datetime, ended: datetime, *, words: tuple[str, ...] = ()
) -> LoneRecord:
    """Describe a converted image. `words` are what was asked for."""
    file = FileRecord(
        path=PurePosixPath(done.path.name),
        kind=FileKind.ARCHIVE if done.container else FileKind.IMAGE,
        size=done.path.stat().st_size,
        sha256=done.sha256,
        format=None if done.container else done.format,
        virtual_size=done.virtual_size,
        guest_root=done.chunk_root,
    )
    held = done.proven and not done.lost
    outcome = Outcome.HELD if held else Outcome.UNDETERMINED
    lost = tuple(f"could not be read, and is zeroes: {each.length} bytes at {each.start}" for each in done.lost)
    step = _step(
        "convert", started, ended, tools=((done.tool, done.tool_version),), outcome=outcome, notes=(*done.notes, *lost)
    )
    return replace(_record(str(source), file, replace(step, arguments=words)), container=done.container)


def unpacked_record(done: UnpackedDisk, archive: Path, started: datetime, ended: datetime) -> LoneRecord:
    """Describe an unpacked disk. Its guest view is that of the file for raw alone."""
    raw_root = done.chunks.root if done.format is DiskFormat.RAW else ""
    file = FileRecord(
        path=PurePosixPath(done.path.name),
        kind=FileKind.IMAGE,
        size=done.size,
        sha256=done.sha256,
        format=done.format,
        guest_root=raw_root,
    )
    tools = ((f"tar ({done.engine.value})", done.tool_version),)
    return _record(str(archive), file, _step("unpack", started, ended, tools=tools, notes=done.notes))


def download_record(done: DownloadedObject, started: datetime, ended: datetime) -> LoneRecord:
    """Describe a downloaded object."""
    file = FileRecord(
        path=PurePosixPath(done.path.name),
        kind=FileKind.ARCHIVE,
        size=done.size,
        sha256=done.sha256,
        crc64=done.crc64,
    )
    proven = Outcome.HELD if done.crc_proven else Outcome.UNDETERMINED
    step = _step("download", started, ended, tools=(("imgkit", __version__),), outcome=proven, notes=done.notes)
    return _record(done.info.url, file, step)


def _record(source: str, file: FileRecord, step: StepRecord) -> LoneRecord:
    return LoneRecord(created=step.ended, imgkit_version=__version__, source=source, file=file, step=step)


def _step(
    name: str,
    started: datetime,
    ended: datetime,
    *,
    tools: tuple[tuple[str, str], ...],
    outcome: Outcome = Outcome.HELD,
    notes: tuple[str, ...] = (),
) -> StepRecord:
    return StepRecord(step=name, started=started, ended=ended, outcome=outcome, tools=tools, notes=notes)
