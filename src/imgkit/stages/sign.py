"""Signing a set: a statement over its manifest and the head of its custody, and one signature of each kind over that.

Nothing is left in the set unless every signature that was asked for was made. Custody is told last, with the digests of
what was made: its line comes after the head that is signed.
"""

import errno
import hashlib
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from imgkit.errors import NotAccessible
from imgkit.evidence.codec import to_json
from imgkit.evidence.custody import append_custody
from imgkit.evidence.image_set import CUSTODY_NAME, WORKSPACE_NAME
from imgkit.evidence.statements import SIGN_EVENT, make_statement, next_name
from imgkit.evidence.whereabouts import refuse_bag
from imgkit.files.lock import exclusive_lock
from imgkit.files.sparse import local_error
from imgkit.files.whole import refuse_existing, write_bytes_durably
from imgkit.model.custodian import Custodian
from imgkit.model.signing import SignatureKind, Statement
from imgkit.tools import minisign, ssh_keygen
from imgkit.tools.versions import versions_of_started

MakeSignature = Callable[[Path], Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningWish:
    """With what to sign; at least one of the three. `stamp` asks a time stamp server about these bytes."""

    ssh_key: Path | None = None
    minisign_key: Path | None = None
    stamp: Callable[[bytes], bytes] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedSet:
    """What was made: the statement's path, and the signatures' by their kinds."""

    path: Path
    statement: Statement
    signatures: tuple[tuple[SignatureKind, Path], ...]


def sign_set(folder: Path, wish: SigningWish, *, custodian: Custodian, now: Callable[[], datetime]) -> SignedSet:
    """Sign a set whose record holds; its disks are not read.

    Raises Differs where the record does not hold, AlreadyAtWork, ToolMissing, ToolFailed, TransferError, NotAccessible,
    NoRoom.
    """
    refuse_bag(folder)
    try:
        with exclusive_lock(folder / WORKSPACE_NAME / "lock", what=f"the image set {folder}"):
            return _sign_locked(folder, wish, custodian, now)
    except OSError as error:
        if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
            raise NotAccessible(
                f"{folder} may not be written ({error.strerror}), and signatures lie in the set",
                hint="Sign a copy of it, or sign its imgkit.json with the program of your choice.",
            ) from error
        raise local_error(error, Path(error.filename) if isinstance(error.filename, str) else folder) from error


def _sign_locked(folder: Path, wish: SigningWish, custodian: Custodian, now: Callable[[], datetime]) -> SignedSet:
    statement = make_statement(folder, custodian=custodian, now=now())
    content, name = to_json(statement), next_name(folder)
    with tempfile.TemporaryDirectory(prefix="imgkit-sign-") as scratch:
        draft = Path(scratch) / name
        draft.write_bytes(content)
        made = dict(_signed(draft, wish, statement))
    written = {name: content} | {f"{name}{kind.suffix}": signature for kind, signature in made.items()}
    _publish(folder, written)
    told = {each: hashlib.sha256(data).hexdigest() for each, data in written.items()}
    append_custody(
        folder / CUSTODY_NAME,
        SIGN_EVENT,
        custodian=custodian,
        now=now(),
        subject={"made": told, "over_line": statement.custody.lines},
        tools=versions_of_started(),
    )
    signatures = tuple((kind, folder / f"{name}{kind.suffix}") for kind in made)
    return SignedSet(path=folder / name, statement=statement, signatures=signatures)


def _signed(draft: Path, wish: SigningWish, statement: Statement) -> Iterable[tuple[SignatureKind, bytes]]:
    """The server comes last: it is asked for nothing where a key is missing or a passphrase wrong."""
    if wish.ssh_key is not None:
        yield SignatureKind.SSH, ssh_keygen.sign(draft, wish.ssh_key).read_bytes()
    if wish.minisign_key is not None:
        comment = f"imgkit {draft.name} manifest:{statement.manifest.sha256}"
        yield SignatureKind.MINISIGN, minisign.sign(draft, wish.minisign_key, comment=comment).read_bytes()
    if wish.stamp is not None:
        yield SignatureKind.TIMESTAMP, wish.stamp(draft.read_bytes())


def _publish(folder: Path, written: dict[str, bytes]) -> None:
    for name in written:
        refuse_existing(folder / name)
    done: list[Path] = []
    try:
        for name, content in written.items():
            write_bytes_durably(folder / name, content)
            done.append(folder / name)
    except BaseException:
        for path in done:
            path.unlink(missing_ok=True)
        raise
