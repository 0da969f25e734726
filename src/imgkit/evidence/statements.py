"""The statements that were signed of a set, `imgkit.json.signed-N`, and their signatures, `.sig`, `.minisig`, `.tsr`.

A statement names the manifest, the sums and the head of custody as they stood when it was signed. Lines that are
appended to custody later extend that head and break nothing; a manifest that is written again is no longer the one
that was signed, and the statement then speaks of an earlier state.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from imgkit.errors import Differs, SettingsError
from imgkit.evidence.codec import from_json
from imgkit.evidence.custody import CustodyVerdict, read_custody
from imgkit.evidence.image_set import (
    CUSTODY_NAME,
    MANIFEST_DIGEST,
    MANIFEST_NAME,
    SUMS_NAME,
    manifest_digest,
    read_manifest,
)
from imgkit.evidence.sums import sums_of
from imgkit.files.whole import open_evidence, read_evidence
from imgkit.model.custodian import Custodian
from imgkit.model.manifest import Manifest
from imgkit.model.signing import STATEMENT_SCHEMA, SignatureKind, SignedFile, Statement
from imgkit.units import MiB
from imgkit.version import __version__

SIGN_EVENT = "sign"
_NAME = re.compile(rf"{re.escape(MANIFEST_NAME)}\.signed-([1-9][0-9]{{0,8}})")
_LARGEST_BYTES = MiB  # of a statement or a signature: they have some hundred bytes, or some KiB


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFile:
    """One signature over a statement, as it lies in the set; `unseen` says why it could not be read."""

    name: str
    kind: SignatureKind
    content: bytes
    unseen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedStatement:
    """A statement as it lies in the set; `statement` is None where it is none: `problem` or `unseen` says why."""

    name: str
    content: bytes
    statement: Statement | None
    signatures: tuple[SignatureFile, ...]
    problem: str = ""
    unseen: str = ""


def make_statement(folder: Path, *, custodian: Custodian, now: datetime) -> Statement:
    """Return what there is to sign, once manifest, sums and custody fit each other.

    Raises Differs where they do not: a signature would only lend them weight; SettingsError where this is no set.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise SettingsError(f"{folder} is no image set", hint="Name the folder that imgkit fetch made.")
    stored = read_evidence(folder / MANIFEST_NAME)
    sums = read_evidence(folder / SUMS_NAME)
    custody = read_custody(folder / CUSTODY_NAME)
    problem = next(_misfits(manifest, stored, sums, custody), "")
    if problem:
        raise Differs(
            f"{folder} is not signed, for its record does not hold: {problem}",
            hint=f"See all of it with: imgkit check {folder}",
        )
    return Statement(
        time=now,
        manifest=_signed_file(MANIFEST_NAME, stored),
        sums=_signed_file(SUMS_NAME, sums),
        custody=custody.head,
        custody_begin=custody.digests[0],
        image_id=manifest.source.image_id,
        examiner=custodian.examiner,
        case=custodian.case,
        reason=custodian.reason,
        host=custodian.host,
        imgkit_version=__version__,
    )


def _misfits(manifest: Manifest, stored: bytes, sums: bytes, custody: CustodyVerdict) -> Iterator[str]:
    yield from (f"{CUSTODY_NAME}: {problem}" for problem in custody.problems)
    if custody.torn:
        yield f"{CUSTODY_NAME}: its last line has no end"
    if manifest.custody is None or not custody.digests or not custody.extends(manifest.custody):
        yield f"{CUSTODY_NAME} does not run through the line that {MANIFEST_NAME} names"
    elif custody.subject_at(manifest.custody).get(MANIFEST_DIGEST) != manifest_digest(json.loads(stored)):
        yield f"{MANIFEST_NAME} is not the one that was written with its line of custody"
    if sums != sums_of(manifest.files()):
        yield f"{SUMS_NAME} does not agree with {MANIFEST_NAME}"


def next_name(folder: Path) -> str:
    """Return the name of the next statement: no number is used twice, whatever of it is left."""
    numbers = [int(found[1]) for each in folder.iterdir() if (found := _NAME.match(each.name))]
    told = [_NAME.fullmatch(str(name)) for name, _ in _names_told(read_custody(folder / CUSTODY_NAME))]
    numbers += [int(found[1]) for found in told if found]
    return f"{MANIFEST_NAME}.signed-{max(numbers, default=0) + 1}"


def statements_in(folder: Path) -> tuple[SignedStatement, ...]:
    """Return all statements of a set with their signatures, in the order of their numbers. Raises OSError."""
    found = [(int(match[1]), each.name) for each in folder.iterdir() if (match := _NAME.fullmatch(each.name))]
    return tuple(_statement(folder, name) for _, name in sorted(found))


def made_according_to(custody: CustodyVerdict) -> dict[str, str]:
    """Return name and SHA-256 of every statement and signature that custody says was made."""
    return {name: digest for name, digest in _names_told(custody) if digest}


def read_small(path: Path) -> bytes:
    """Return the content of a statement, a signature or a key. Raises OSError, ValueError where it is too large."""
    with open_evidence(path) as file:
        content = file.read(_LARGEST_BYTES + 1)
    if len(content) > _LARGEST_BYTES:
        raise ValueError(f"it has more than {_LARGEST_BYTES} bytes")
    return content


def _statement(folder: Path, name: str) -> SignedStatement:
    signatures = tuple(
        _signature(folder, f"{name}{kind.suffix}", kind)
        for kind in SignatureKind
        if os.path.lexists(folder / f"{name}{kind.suffix}")
    )
    content, problem, unseen = b"", "", ""
    statement: Statement | None = None
    try:
        content = read_small(folder / name)
        statement = _parsed(content)
    except (ValueError, RecursionError) as error:
        problem = f"it is no statement: {error}"
    except OSError as error:
        unseen = error.strerror or str(error)
    return SignedStatement(
        name=name, content=content, statement=statement, signatures=signatures, problem=problem, unseen=unseen
    )


def _signature(folder: Path, name: str, kind: SignatureKind) -> SignatureFile:
    content, unseen = b"", ""
    try:
        content = read_small(folder / name)
    except ValueError:
        pass  # no signature is that large: as an empty one it is named as bad
    except OSError as error:
        unseen = error.strerror or str(error)
    return SignatureFile(name=name, kind=kind, content=content, unseen=unseen)


def _parsed(content: bytes) -> Statement:
    statement = from_json(Statement, content)
    if statement.schema != STATEMENT_SCHEMA:
        raise ValueError(f"its schema is {statement.schema!r}, and this imgkit knows {STATEMENT_SCHEMA!r}")
    return statement


def _names_told(custody: CustodyVerdict) -> Iterator[tuple[str, str]]:
    for event, subject in zip(custody.events, custody.subjects, strict=True):
        made = subject.get("made") if event == SIGN_EVENT else None
        if isinstance(made, Mapping):
            yield from ((str(name), str(digest)) for name, digest in _plain(made))


def _plain(made: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((name, digest) for name, digest in made.items() if isinstance(digest, str))


def _signed_file(name: str, content: bytes) -> SignedFile:
    return SignedFile(name=name, size=len(content), sha256=hashlib.sha256(content).hexdigest())
