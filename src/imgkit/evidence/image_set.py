"""The one way to write an image set's record: under its lock, custody first, then the manifest, then the sums.

A crash between these leaves a custody line that the manifest does not know yet, which is sound: custody must extend
the manifest's head, not equal it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from imgkit.errors import Differs, NotAccessible, TargetExists
from imgkit.evidence.codec import from_json, to_json
from imgkit.evidence.custody import append_custody
from imgkit.evidence.sums import write_sums
from imgkit.files.lock import exclusive_lock
from imgkit.files.whole import write_bytes_durably
from imgkit.model.custodian import Custodian
from imgkit.model.manifest import DiskRecord, Manifest, Source, StepRecord
from imgkit.version import __version__

MANIFEST_NAME = "imgkit.json"
SUMS_NAME = "SHA256SUMS"
CUSTODY_NAME = "custody.jsonl"
WORKSPACE_NAME = ".imgkit"


@dataclass(slots=True, kw_only=True)
class ImageSet:
    """An image set that is open for writing."""

    folder: Path
    manifest: Manifest
    custodian: Custodian
    now: Callable[[], datetime]

    @property
    def workspace(self) -> Path:
        """Where journals and unfinished parts lie."""
        return self.folder / WORKSPACE_NAME

    def record(self, event: str, manifest: Manifest, *, subject: Mapping[str, Any] | None = None) -> None:
        """Make a new state of the manifest the set's record, with a custody line that says what happened."""
        head = append_custody(
            self.folder / CUSTODY_NAME, event, custodian=self.custodian, now=self.now(), subject=subject
        )
        self.manifest = replace(manifest, custody=head, imgkit_version=__version__)
        write_bytes_durably(self.folder / MANIFEST_NAME, to_json(self.manifest))
        write_sums(self.folder / SUMS_NAME, self.manifest.files())

    def record_step(self, step: StepRecord, *disks: DiskRecord, manifest: Manifest | None = None) -> None:
        """Record a finished step and the disks as they are after it."""
        changed = manifest or self.manifest
        for disk in disks:
            changed = changed.with_disk(disk)
        subject = {"role": step.role, "outcome": step.outcome.value} | ({"reason": step.reason} if step.reason else {})
        self.record(step.step, replace(changed, steps=(*changed.steps, step)), subject=subject)


def read_manifest(folder: Path) -> Manifest | None:
    """Read a set's manifest; None where there is none. Raises Differs when it is damaged, NotAccessible."""
    path = folder / MANIFEST_NAME
    try:
        return from_json(Manifest, path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as error:
        raise Differs(
            f"the manifest {path} cannot be read: {error}",
            hint="Restore it from a copy, or fetch into a new folder.",
        ) from error
    except OSError as error:
        raise NotAccessible(f"cannot read {path}: {error.strerror}", hint="Check the rights of the folder.") from error


@contextmanager
def open_image_set(
    folder: Path, source: Source, *, custodian: Custodian, now: Callable[[], datetime]
) -> Iterator[ImageSet]:
    """Open or begin the set in `folder` for writing, alone.

    Raises TargetExists when the folder holds another source's set or something else, AlreadyAtWork when another run
    holds it, NotAccessible when it cannot be written.
    """
    _refuse_foreign(folder)
    with ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held.enter_context(exclusive_lock(folder / WORKSPACE_NAME / "lock", what=f"the image set {folder}"))
        except OSError as error:
            raise NotAccessible(
                f"cannot write to {folder}: {error.strerror}", hint="Choose another with -o."
            ) from error
        yield _open_locked(folder, source, custodian, now)


def _open_locked(folder: Path, source: Source, custodian: Custodian, now: Callable[[], datetime]) -> ImageSet:
    manifest = read_manifest(folder)
    if manifest is None:
        fresh = Manifest(created=now(), imgkit_version=__version__, source=source)
        opened = ImageSet(folder=folder, manifest=fresh, custodian=custodian, now=now)
        opened.record("begin", fresh, subject={"source": source.kind.value})
        return opened
    if not manifest.source.is_same_as(source):
        raise TargetExists(
            f"{folder} holds the image set of {_describe(manifest.source)}, not of {_describe(source)}",
            hint="Give this one a folder of its own with -o.",
        )
    return ImageSet(folder=folder, manifest=manifest, custodian=custodian, now=now)


def _refuse_foreign(folder: Path) -> None:
    if folder.is_dir() and read_manifest(folder) is None:
        foreign = sorted(each.name for each in folder.iterdir() if each.name != WORKSPACE_NAME)
        if foreign and foreign != [CUSTODY_NAME]:
            raise TargetExists(
                f"{folder} is no image set and not empty (there is {foreign[0]!r})",
                hint="Choose an empty or new folder with -o.",
            )
    elif folder.exists() and not folder.is_dir():
        raise TargetExists(f"{folder} is a file", hint="Choose a folder with -o.")


def _describe(source: Source) -> str:
    where = f" in bucket {source.bucket}" if source.bucket else ""
    return f"{source.image_id}{where}" if source.image_id else ", ".join(source.locations) or source.kind.value
