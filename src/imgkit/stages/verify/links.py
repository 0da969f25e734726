"""How a link is judged: held, differs, or could not be looked at; and a piece of work that gives some of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from imgkit.errors import ArchiveError, Differs, DiskImageError, ImgkitError
from imgkit.model.checking import LinkOutcome
from imgkit.model.manifest import Outcome
from imgkit.progress import Progress

CUSTODY_CHAIN = "chain of lines"
AS_RECORDED = "size and digests as recorded"
THERE = "is there"
SERVICE_CRC = "CRC-64 as the service named it"
PARTS_CRC = "CRC-64 of its parts, combined"
PARTS_FILE = "is the parts file of this object"
ARCHIVE_INSIDE = "gzip CRC-32 and length, tar size"
UNPACKED_AGAIN = "the disk in it, unpacked again"
STRUCTURE = "structure (qemu-img check)"
GUEST_VIEW = "guest view"
FLAT = "SHA-256 of all its bytes"
ROOT = "root of the chunk digests"

# What says of a file that it is or is not the very file that was made.
BYTES_OF_A_FILE = frozenset({AS_RECORDED, THERE, STRUCTURE, GUEST_VIEW, FLAT, ROOT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A piece of work on one file. `serial` says that it keeps one processor busy, however many there are."""

    look: Callable[[Progress], Iterable[LinkOutcome]]
    work_bytes: int = 0
    serial: bool = False
    disk: str = ""


def held(subject: str, link: str, detail: str = "") -> LinkOutcome:
    return LinkOutcome(subject=subject, link=link, outcome=Outcome.HELD, detail=detail)


def failed(subject: str, link: str, detail: str) -> LinkOutcome:
    return LinkOutcome(subject=subject, link=link, outcome=Outcome.FAILED, detail=detail)


def unknown(subject: str, link: str, detail: str) -> LinkOutcome:
    return LinkOutcome(subject=subject, link=link, outcome=Outcome.UNDETERMINED, detail=detail)


def judged(subject: str, link: str, *, holds: bool, detail: str) -> LinkOutcome:
    """Return that it held, or that it differs, in these words."""
    return held(subject, link) if holds else failed(subject, link, detail)


def looked(subject: str, link: str, look: Callable[[], str]) -> LinkOutcome:
    """Look at a link: no words hold, words say what differs, and what could not be looked at is undetermined."""
    try:
        detail = look()
    except (OSError, ImgkitError) as error:
        return not_looked(subject, link, error)
    return judged(subject, link, holds=not detail, detail=detail)


def not_looked(subject: str, link: str, error: OSError | ImgkitError) -> LinkOutcome:
    """Return what an error says about a link: that it differs, or that nobody could look."""
    if isinstance(error, FileNotFoundError):
        return failed(subject, link, "it is missing")
    if isinstance(error, OSError):
        return unknown(subject, link, error.strerror or str(error))
    differs = isinstance(error, Differs | ArchiveError | DiskImageError)
    return failed(subject, link, error.message) if differs else unknown(subject, link, error.message)
