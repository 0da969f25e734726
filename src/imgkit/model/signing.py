"""What `imgkit sign` signs, who may have signed, and what looking at a signature gave."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from imgkit.model.manifest import CustodyHead

STATEMENT_SCHEMA = "imgkit/statement/1"
NAMESPACE = "statement@imgkit"  # of SSH signatures: one made for anything else does not count here


class SignatureKind(StrEnum):
    """The three kinds; each has the file name's ending that its own program gives it."""

    SSH = "ssh"
    MINISIGN = "minisign"
    TIMESTAMP = "timestamp"

    @property
    def suffix(self) -> str:
        return {"ssh": ".sig", "minisign": ".minisig", "timestamp": ".tsr"}[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedFile:
    """A file of the record as it was signed."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What is signed: the manifest, the sums and the head of custody at one moment.

    `custody_begin` is the digest of custody's first line, which no other set has. `time` is this machine's clock.
    """

    time: datetime
    manifest: SignedFile
    sums: SignedFile
    custody: CustodyHead
    custody_begin: str
    image_id: str = ""
    examiner: str = ""
    case: str = ""
    reason: str = ""
    host: str = ""
    imgkit_version: str = ""
    schema: str = STATEMENT_SCHEMA


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Whom the user trusts: SSH keys or a list of allowed signers, a minisign key, a time stamp server's authority."""

    kind: SignatureKind
    path: Path
    content: bytes


class Standing(StrEnum):
    """`FOREIGN`: it fits what was signed, as far as can be told without its key, and is by nobody who was named."""

    GOOD = "good"
    FOREIGN = "foreign"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureVerdict:
    """`who` made it, in words: a name or a key; `detail` is why it is bad, or what else is to be known."""

    standing: Standing
    who: str = ""
    detail: str = ""


# Judges a signature over a statement, given as bytes; with the third, a Signer's content, against that signer.
# Raises ToolMissing, ToolFailed where it could not be looked at.
JudgeSignature = Callable[[bytes, bytes, bytes | None], SignatureVerdict]
