"""Proof that looking changed nothing: the files of the disk images before and after."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from imgkit.errors import Differs, NotAccessible
from imgkit.evidence.measuring import measure_file
from imgkit.facts.guest import moment_ns
from imgkit.model.disk import DiskImage
from imgkit.model.report import ImageState, Report
from imgkit.model.role import DiskRole
from imgkit.progress import NULL_PROGRESS, Progress


@dataclass(frozen=True, slots=True)
class _Seen:
    size: int
    modified_ns: int
    inode: str
    sha256: str


class Watch:
    """What the images were; `states` looks again. With `digests`, all their bytes are read both times."""

    def __init__(
        self, images: Sequence[DiskImage], *, digests: bool = False, progress: Progress = NULL_PROGRESS
    ) -> None:
        self._images = images
        self._digests = digests
        self._progress = progress
        self._before = [self._look(image.path) for image in images]

    def states(self) -> tuple[ImageState, ...]:
        """Return every image as it was, with what is otherwise now. Raises NotAccessible."""
        return tuple(
            _state(image, before, self._look(image.path))
            for image, before in zip(self._images, self._before, strict=True)
        )

    def _look(self, path: Path) -> _Seen:
        try:
            digest = measure_file(path, progress=self._progress).sha256 if self._digests else ""
            found = path.stat()
        except OSError as error:
            raise NotAccessible(f"cannot read {path}: {error.strerror or error}", hint="Check the path.") from error
        return _Seen(found.st_size, found.st_mtime_ns, f"{found.st_dev}:{found.st_ino}", digest)


def require_untouched(report: Report) -> None:
    """Raise Differs where an image is not what it was."""
    for image in report.run.images:
        if image.changed:
            raise Differs(
                f"{os.fsdecode(image.path)} changed while it was looked into: {', '.join(image.changed)}",
                hint="imgkit only reads; find out who writes to this file, and do not rely on this report.",
            )


def _state(image: DiskImage, before: _Seen, after: _Seen) -> ImageState:
    names = {"size": "size", "modified_ns": "time of change", "inode": "inode", "sha256": "SHA-256"}
    changed = [
        f"{words} was {getattr(before, name)}, is {getattr(after, name)}"
        for name, words in names.items()
        if getattr(before, name) != getattr(after, name)
    ]
    return ImageState(
        role=image.role or DiskRole(),
        path=os.fsencode(image.path),
        format=image.format.value,
        size_bytes=before.size,
        modified=moment_ns(before.modified_ns) or datetime(1970, 1, 1, tzinfo=UTC),
        inode=before.inode,
        sha256=before.sha256,
        changed=tuple(changed),
    )
