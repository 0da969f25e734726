"""One disk image into another form, with its record beside it; what is finished and still holds is not made again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from imgkit.disks.chunks import pad_with_zeroes, take_chunk_digests
from imgkit.disks.comparing import compare_views
from imgkit.disks.file_digest import file_sha256
from imgkit.disks.format_rules import held_size, writing_options
from imgkit.disks.guest_view import open_guest_view
from imgkit.disks.padded_view import PaddedView
from imgkit.errors import ImgkitError, SettingsError, TargetExists
from imgkit.evidence.lone import read_lone_record, record_path, write_lone_record
from imgkit.files.sparse import local_error
from imgkit.files.whole import refuse_existing
from imgkit.interruptions import completing
from imgkit.model.converted import ConvertedImage, ResultFile
from imgkit.model.disk import DiskImage
from imgkit.model.lone import LoneRecord
from imgkit.model.manifest import Outcome
from imgkit.model.targets import Target
from imgkit.pipeline.lone_records import image_record
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.stages.acquire_e01 import acquire_e01
from imgkit.stages.convert import convert_image
from imgkit.stages.pack_archive import pack_archive
from imgkit.tools.ewf import CaseFields
from imgkit.units import format_utc, round_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What `imgkit convert` was asked for one result. `options` are qemu-img's, for the formats that it writes."""

    image: DiskImage
    path: Path
    target: Target
    options: Mapping[str, str] = field(default_factory=dict)
    compress: bool = False
    salvage: bool = False
    verify: bool = True
    overwrite: bool = False
    allow_backing: Path | None = None
    fields: CaseFields = field(default_factory=CaseFields)

    @property
    def words(self) -> tuple[str, ...]:
        """What was asked for, as the record has it; the same words make the same file."""
        words = ["--for" if self.target.profile else "--to", self.target.name]
        words += ["--compress"] if self.compress else []
        words += ["--salvage"] if self.salvage else []
        for key, value in sorted(self.options.items()):
            words += ["--option", f"{key}={value}"]
        for key, value in self.fields.given().items() if self.target.is_e01 else ():
            words += [f"--{key}", value]
        return tuple(words)


def convert_recorded(
    asked: Conversion, *, now: Callable[[], datetime], progress: Progress = NULL_PROGRESS
) -> ConvertedImage:
    """Make the result and write its record, or return what is there already, if it is that and still holds.

    Raises what the stages raise.
    """
    require_possible(asked)
    finished = None if asked.overwrite else _finished(asked, progress)
    if finished is not None:
        return finished
    started = now()
    with completing():
        done = replace(_make(asked, progress), path=asked.path)  # as it was named, and not as the stage names it
        record = image_record(done, asked.image.path, started, now(), words=asked.words)
        try:
            write_lone_record(done.path, record)
        except OSError as error:
            for file in done.files:  # what has no record would be somebody else's to the next run
                file.path.unlink(missing_ok=True)
            raise local_error(error, record_path(done.path)) from error
    return done


def require_possible(asked: Conversion) -> None:
    """Judge the words and the place before any disk is read. Raises SettingsError, FormatCannotHold, TargetExists."""
    plain = asked.target.is_e01 or (asked.target.profile is not None and asked.target.profile.is_archive)
    if plain and asked.options:
        raise SettingsError(
            f"{asked.target.name} takes no --option", hint="Options are those of a disk image's format."
        )
    if plain and asked.salvage:
        raise SettingsError(
            f"{asked.target.name} cannot be salvaged into", hint="Salvage into raw first, and convert that."
        )
    if asked.salvage and asked.allow_backing is not None:
        raise SettingsError(
            "an overlay cannot be salvaged",
            hint="Salvage the files that it stands on one by one, or flatten it.",
        )
    if asked.target.is_e01:
        asked.fields.require_lines()
    if not plain:
        profile = asked.target.profile
        options = {**(profile.options if profile else {}), **asked.options}
        writing_options(asked.target.format, options, compress=asked.compress)
    if not asked.overwrite and _record_of(asked) is None:
        refuse_existing(asked.path)


def _make(asked: Conversion, progress: Progress) -> ConvertedImage:
    if asked.target.is_e01:
        return acquire_e01(
            asked.image,
            asked.path,
            fields=asked.fields,
            verify=asked.verify,
            overwrite=asked.overwrite,
            allow_backing=asked.allow_backing,
            progress=progress,
        )
    profile = asked.target.profile
    if profile is not None and profile.is_archive:
        return pack_archive(
            asked.image,
            asked.path,
            profile=profile,
            verify=asked.verify,
            overwrite=asked.overwrite,
            allow_backing=asked.allow_backing,
            progress=progress,
        )
    return convert_image(
        asked.image,
        asked.path,
        to=asked.target.format,
        profile=profile,
        options=asked.options,
        compress=asked.compress,
        salvage=asked.salvage,
        verify=asked.verify,
        hash_files=asked.verify,  # what shall not be read back is not read for its digest either
        overwrite=asked.overwrite,
        allow_backing=asked.allow_backing,
        progress=progress,
    )


def _finished(asked: Conversion, progress: Progress) -> ConvertedImage | None:
    """Return the result that an earlier run left, when it was proven, asked for alike, and still is that disk."""
    record = _record_of(asked)
    if record is None:
        return None
    try:
        root = _root_if_same(asked, record, progress)
    except ImgkitError as error:
        raise _is_other(asked, error.message) from error
    if root is None:
        raise _is_other(asked, "it is not the disk that the source is now")
    return ConvertedImage(
        path=asked.path,
        format=asked.target.format,
        container=record.container,
        virtual_size=record.file.virtual_size or 0,
        source_size=record.file.virtual_size or 0,
        files=(ResultFile(path=asked.path, size=record.file.size, sha256=record.file.sha256),),
        proven=True,
        chunk_root=root,
        notes=(f"it was finished on {format_utc(record.created)} and still holds: not made again",),
    )


def _record_of(asked: Conversion) -> LoneRecord | None:
    """Return the record beside the result, if it speaks of this very work and the result is there."""
    try:
        record = read_lone_record(asked.path)
        size = asked.path.stat().st_size
    except (OSError, ValueError):
        return None
    fits = (
        record is not None
        and record.step.outcome is Outcome.HELD
        and record.step.arguments == asked.words
        and Path(record.source).name == asked.image.path.name  # however it was spelt; its bytes are compared below
        and record.file.size == size
    )
    return record if fits and not asked.salvage else None


def _root_if_same(asked: Conversion, record: LoneRecord, progress: Progress) -> str | None:
    """Read source and result once more; return the root of the disk if both still are it."""
    with open_guest_view(asked.image, allow_backing=asked.allow_backing) as source:
        size = _result_size(asked, source.size)
        if size != record.file.virtual_size:
            return None
        if record.container:
            chunks = pad_with_zeroes(take_chunk_digests(source, progress=progress), source, size)
            same = file_sha256(asked.path, progress=progress) == record.file.sha256
            return chunks.root if same and chunks.root == record.file.guest_root else None
        with open_guest_view(DiskImage(path=asked.path, format=asked.target.format)) as result:
            found = compare_views(PaddedView(source, size), result, progress=progress)
    return found.first.root if found.comparison.is_equal else None


def _result_size(asked: Conversion, source_size: int) -> int:
    whole = asked.target.profile.whole_bytes if asked.target.profile else 1
    return held_size(round_up(source_size, whole), asked.target.format)


def _is_other(asked: Conversion, why: str) -> TargetExists:
    return TargetExists(
        f"{asked.path} exists already, and {why}",
        hint="Choose another place with -o, or overwrite it with --force.",
    )
