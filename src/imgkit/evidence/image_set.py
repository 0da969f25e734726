"""The one way to write an image set's record: under its lock, custody first, then the manifest, then the sums.

A crash between these leaves a custody line that the manifest does not know yet, which is sound: custody must extend
the manifest's head, not equal it. Sums that a crash left behind the manifest are written anew by the next writer, which
says so in custody. Each of a writer's custody lines carries the digest of the manifest that it stands for.
"""

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from imgkit.errors import AlreadyAtWork, Differs, NotAccessible, TargetExists
from imgkit.evidence.codec import canonical, decode, encode
from imgkit.evidence.custody import append_custody
from imgkit.evidence.sums import ALL_SUMS, SHA256_SUMS, sums_of, write_sums
from imgkit.evidence.whereabouts import refuse_bag
from imgkit.files.lock import exclusive_lock
from imgkit.files.sparse import local_error
from imgkit.files.whole import PARTIAL_SUFFIX, read_evidence, real_path, write_bytes_durably
from imgkit.model.custodian import Custodian
from imgkit.model.manifest import MANIFEST_SCHEMA, DiskRecord, FileState, Manifest, Source, StepRecord
from imgkit.version import __version__

MANIFEST_NAME = "imgkit.json"
SUMS_NAME = SHA256_SUMS
CUSTODY_NAME = "custody.jsonl"
WORKSPACE_NAME = ".imgkit"
MANIFEST_DIGEST = "manifest_sha256"

_FOLDERS = (WORKSPACE_NAME, "objects", "digests", "report")
_SCHEMA = re.compile(r"imgkit/manifest/([0-9]+)")


@dataclass(slots=True, kw_only=True)
class ImageSet:
    """An image set that is open for writing. Steps may end in several threads: each is recorded after the other."""

    folder: Path
    manifest: Manifest
    custodian: Custodian
    now: Callable[[], datetime]
    _recording: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)

    @property
    def workspace(self) -> Path:
        """Where journals and unfinished parts lie."""
        return self.folder / WORKSPACE_NAME

    def record(
        self,
        event: str,
        manifest: Manifest,
        *,
        subject: Mapping[str, Any] | None = None,
        tools: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Make a new state of the manifest the set's record, with a custody line that says what happened.

        Raises NoRoom, NotAccessible.
        """
        fresh = replace(manifest, imgkit_version=__version__)
        told = {**(subject or {}), MANIFEST_DIGEST: manifest_digest(encode(fresh))}
        with _local_errors(self.folder):
            head = append_custody(
                self.folder / CUSTODY_NAME,
                event,
                custodian=self.custodian,
                now=self.now(),
                subject=told,
                tools=tools,
            )
            self.manifest = replace(fresh, custody=head)
            write_bytes_durably(self.folder / MANIFEST_NAME, canonical(encode(self.manifest)))
            write_sums(self.folder, self.manifest.files())

    def record_step(self, step: StepRecord, *disks: DiskRecord, manifest: Manifest | None = None) -> None:
        """Record a finished step and the disks as they are after it."""
        subject = {"role": step.role, "outcome": step.outcome.value} | ({"reason": step.reason} if step.reason else {})
        if step.step == "repair":
            subject["file"] = step.arguments[0]
        with self._recording:
            changed = manifest or self.manifest
            for disk in disks:
                changed = changed.with_disk(disk)
            self.record(step.step, replace(changed, steps=(*changed.steps, step)), subject=subject, tools=step.tools)


def require_unchanged_record(folder: Path, before: bytes, *, doing: str) -> None:
    """Raise AlreadyAtWork where the manifest is not, byte for byte, what it was `before`."""
    if read_evidence(folder / MANIFEST_NAME) != before:
        raise AlreadyAtWork(
            f"another run changed the image set {folder} while it was {doing}",
            hint="Wait until that run has ended; then run the same command again.",
        )


def read_manifest(folder: Path) -> Manifest | None:
    """Read a set's manifest; None where there is none.

    Raises Differs when it is damaged or names files outside the set, NotAccessible, also when a newer imgkit wrote it.
    """
    path = folder / MANIFEST_NAME
    try:
        plain = json.loads(read_evidence(path))
        _require_known_schema(path, plain)
        manifest = decode(Manifest, plain)
        _require_inside(manifest)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, RecursionError) as error:
        raise Differs(
            f"the manifest {path} cannot be read: {error}",
            hint="Restore it from a copy, or fetch into a new folder.",
        ) from error
    except OSError as error:
        raise NotAccessible(
            f"cannot read {path}: {error.strerror}", hint="Look at what lies there, and at the rights of the folder."
        ) from error
    return manifest


def set_of(path: Path) -> Path | None:
    """Return the image set that a file or folder is, or is in, also behind a link; None for one that is in no set."""
    for whole in (path.absolute(), real_path(path)):
        for each in (whole, *whole.parents[:2]):
            if (each / MANIFEST_NAME).is_file():
                return each
    return None


def manifest_digest(plain: Mapping[str, Any]) -> str:
    """Return the digest of a manifest, given as plain JSON values, without its custody head: that comes after it."""
    return hashlib.sha256(canonical({**plain, "custody": None})).hexdigest()


def _require_known_schema(path: Path, plain: Any) -> None:
    schema = plain.get("schema") if isinstance(plain, Mapping) else None
    if schema == MANIFEST_SCHEMA:
        return
    found = _SCHEMA.fullmatch(str(schema))
    if found is None or int(found[1]) <= int(MANIFEST_SCHEMA.rpartition("/")[2]):
        raise ValueError(f"its schema is {schema!r} and not {MANIFEST_SCHEMA!r}")
    raise NotAccessible(
        f"the manifest {path} is of the newer schema {schema}, and this imgkit knows {MANIFEST_SCHEMA}",
        hint="Use the imgkit that wrote it, or a newer one. Nothing was changed.",
    )


def _require_inside(manifest: Manifest) -> None:
    """A manifest may come from somebody else: none of its names may lead out of the set."""
    for record in (*(each for disk in manifest.disks for each in disk.files), *manifest.reports):
        is_inside = not record.path.is_absolute() and ".." not in record.path.parts and record.path.parts
        if record.state is not FileState.OUTSIDE and not is_inside:
            raise ValueError(f"it names {record.path.as_posix()!r}, which is not in the set")


@contextmanager
def open_image_set(
    folder: Path, source: Source, *, custodian: Custodian, now: Callable[[], datetime]
) -> Iterator[ImageSet]:
    """Open or begin the set in `folder` for writing, alone.

    Raises TargetExists when the folder holds another source's set or something else, AlreadyAtWork when another run
    holds it, NotAccessible when it cannot be written, NoRoom.
    """
    with ExitStack() as held:
        with _local_errors(folder):
            refuse_bag(folder)
            _refuse_foreign(folder)
            _refuse_links(folder)
            folder.mkdir(parents=True, exist_ok=True)
            held.enter_context(exclusive_lock(folder / WORKSPACE_NAME / "lock", what=f"the image set {folder}"))
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
    opened = ImageSet(folder=folder, manifest=manifest, custodian=custodian, now=now)
    _mend_sums(opened)
    return opened


def _mend_sums(opened: ImageSet) -> None:
    """A crash may have come between manifest and sums; what was found is told in custody."""
    for name in ALL_SUMS:
        path = opened.folder / name
        with _local_errors(opened.folder):
            found = read_evidence(path) if path.is_file() else b""
        if found != sums_of(opened.manifest.files(), name) or (name == SUMS_NAME and not path.is_file()):
            subject = {"rewritten": name, "found_sha256": hashlib.sha256(found).hexdigest()}
            opened.record("mend", opened.manifest, subject=subject)


@contextmanager
def _local_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise local_error(error, Path(error.filename) if isinstance(error.filename, str) else folder) from error


def _refuse_links(folder: Path) -> None:
    """What is written or removed below a link would be outside the set."""
    for name in (*_FOLDERS, f"{WORKSPACE_NAME}/lock", MANIFEST_NAME, *ALL_SUMS, CUSTODY_NAME):
        if (folder / name).is_symlink():
            raise NotAccessible(
                f"{folder / name} is a symbolic link, and imgkit writes only into a set itself",
                hint="Put in its place what it points to. The whole set may lie behind a link.",
            )


def _refuse_foreign(folder: Path) -> None:
    if folder.is_dir() and read_manifest(folder) is None:
        begun = {WORKSPACE_NAME, CUSTODY_NAME, MANIFEST_NAME + PARTIAL_SUFFIX}  # by a run that was killed at once
        foreign = sorted(each.name for each in folder.iterdir() if each.name not in begun)
        if foreign:
            raise TargetExists(
                f"{folder} is no image set and not empty (there is {foreign[0]!r})",
                hint="Choose an empty or new folder with -o.",
            )
    elif folder.exists() and not folder.is_dir():
        raise TargetExists(f"{folder} is a file", hint="Choose a folder with -o.")


def _describe(source: Source) -> str:
    where = f" in bucket {source.bucket}" if source.bucket else ""
    return f"{source.image_id}{where}" if source.image_id else ", ".join(source.locations) or source.kind.value
