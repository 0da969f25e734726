"""Every way in which imgkit refuses or fails, each with its own exit code.

    ImgkitError                              1   a bug, where nothing more precise is raised
    ├── DoneInPart                           3
    ├── SettingsError                        4
    ├── FindingsAtThreshold                  5
    ├── CloudError                          10
    │   ├── AccessDenied                    11
    │   ├── NotExportable                   12
    │   ├── ExportFailed                    13
    │   ├── ExportCancelled                 14
    │   ├── NoSuchImageOrTask               15
    │   └── NoSuchBucketOrObject            16
    ├── TransferError                       20
    │   ├── RetriesExhausted                21
    │   ├── ObjectChanged                   22
    │   ├── AlreadyAtWork                   23
    │   └── UrlExpired                      24
    ├── ArchiveError                        30
    │   ├── ArchiveDamaged                  31
    │   ├── ArchiveUnsafe                   32
    │   └── NoSingleDisk                    33
    ├── ToolError                           40
    │   ├── ToolMissing                     41
    │   ├── ToolTooOld                      42
    │   └── ToolFailed                      43
    ├── DiskImageError                      50
    │   ├── NotADiskImage                   51
    │   ├── DiskImageUnsafe                 52
    │   └── FormatCannotHold                53
    ├── Differs                             60   looked, and it differs
    ├── CannotLookInside                    70
    │   ├── NeedsKey                        71
    │   └── NoSuchPathInside                72
    └── LocalError                          80
        ├── TargetExists                    81
        ├── NoRoom                          82
        └── NotAccessible                   83

Code 2 is Typer's (wrong words on the command line), 130 and 143 are an interruption. A message says what was being
done, to what, and why it failed; `hint` says what to try next. Raising has no side effect; only `cli` prints.
"""

from typing import ClassVar


class ImgkitError(Exception):
    """A failure that a person can understand: one sentence, and in `hint` what to do next."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class DoneInPart(ImgkitError):
    """Something could not be determined, or some of the jobs failed; the result says which."""

    exit_code = 3


class SettingsError(ImgkitError):
    """A setting or the credentials are missing, contradictory or malformed."""

    exit_code = 4


class FindingsAtThreshold(ImgkitError):
    """Findings at or above the threshold that the user named."""

    exit_code = 5


class CloudError(ImgkitError):
    """The cloud refused or failed; `code` and `request_id` are the service's own, empty where it gave none."""

    exit_code = 10

    def __init__(self, message: str, *, hint: str = "", code: str = "", request_id: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.request_id = request_id


class AccessDenied(CloudError):
    """These credentials, or the service role, may not do that."""

    exit_code = 11


class NotExportable(CloudError):
    """The image, the bucket or the region rules an export out."""

    exit_code = 12


class ExportFailed(CloudError):
    """The export task ended without all of its objects."""

    exit_code = 13


class ExportCancelled(CloudError):
    """Somebody cancelled the export task."""

    exit_code = 14


class NoSuchImageOrTask(CloudError):
    """No image or task of that id in this account and region."""

    exit_code = 15


class NoSuchBucketOrObject(CloudError):
    """No bucket or object of that name."""

    exit_code = 16


class TransferError(ImgkitError):
    """Bytes did not arrive."""

    exit_code = 20


class RetriesExhausted(TransferError):
    """The same range failed too often in a row."""

    exit_code = 21


class ObjectChanged(TransferError):
    """The object is no longer the one whose first bytes were fetched."""

    exit_code = 22


class AlreadyAtWork(TransferError):
    """Another run holds the lock of this target."""

    exit_code = 23


class UrlExpired(TransferError):
    """The presigned URL or the security token has expired."""

    exit_code = 24


class ArchiveError(ImgkitError):
    """The archive cannot be unpacked."""

    exit_code = 30


class ArchiveDamaged(ArchiveError):
    """Truncated, or a checksum or a length does not fit."""

    exit_code = 31


class ArchiveUnsafe(ArchiveError):
    """It would reach outside its place or claims absurd sizes."""

    exit_code = 32


class NoSingleDisk(ArchiveError):
    """There is no disk in it, or several."""

    exit_code = 33


class ToolError(ImgkitError):
    """A program could not do its work."""

    exit_code = 40


class ToolMissing(ToolError):
    """The program is not installed."""

    exit_code = 41


class ToolTooOld(ToolError):
    """The program lacks what imgkit needs of it."""

    exit_code = 42


class ToolFailed(ToolError):
    """The program ran and failed; `stderr_tail` is the end of what it said."""

    exit_code = 43

    def __init__(self, message: str, *, hint: str = "", returncode: int = 0, stderr_tail: str = "") -> None:
        super().__init__(message, hint=hint)
        self.returncode = returncode
        self.stderr_tail = stderr_tail


class DiskImageError(ImgkitError):
    """A disk image cannot be used."""

    exit_code = 50


class NotADiskImage(DiskImageError):
    """Not a disk image, or not of the format said."""

    exit_code = 51


class DiskImageUnsafe(DiskImageError):
    """It reaches for other files, or claims absurd sizes."""

    exit_code = 52


class FormatCannotHold(DiskImageError):
    """The target format cannot hold this disk."""

    exit_code = 53


class Differs(ImgkitError):
    """Looked, and it differs: a digest, a CRC, a size or a structure does not hold."""

    exit_code = 60


class CannotLookInside(ImgkitError):
    """The content of a disk could not be read."""

    exit_code = 70


class NeedsKey(CannotLookInside):
    """It is encrypted, and no key was given."""

    exit_code = 71


class NoSuchPathInside(CannotLookInside):
    """No such path inside the disk."""

    exit_code = 72


class LocalError(ImgkitError):
    """This machine's own disk is in the way."""

    exit_code = 80


class TargetExists(LocalError):
    """The target is there already, and nothing is overwritten unasked."""

    exit_code = 81


class NoRoom(LocalError):
    """The target's file system lacks the room."""

    exit_code = 82


class NotAccessible(LocalError):
    """A local file or folder cannot be read or written."""

    exit_code = 83
