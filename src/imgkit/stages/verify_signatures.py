"""Do a set's signatures hold, who made them, and do manifest and custody still go on from what was signed?

Three questions, never mixed. Does a signature fit its statement: else it is bad, whoever made it. Is it by somebody
whom the user named: else it is foreign, and proves nothing to him. Does the statement fit the set as it stands: else it
is a good signature over an earlier state. What could not be looked at, for want of a program, is undetermined.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from imgkit.errors import ToolError
from imgkit.evidence.custody import CustodyVerdict, read_custody
from imgkit.evidence.image_set import CUSTODY_NAME, MANIFEST_DIGEST, MANIFEST_NAME
from imgkit.evidence.statements import (
    SignatureFile,
    SignedStatement,
    made_according_to,
    read_small,
    statements_in,
)
from imgkit.files.whole import read_evidence
from imgkit.model.checking import CheckResult, LinkOutcome
from imgkit.model.manifest import Outcome
from imgkit.model.signing import JudgeSignature, SignatureKind, SignatureVerdict, Signer, Standing, Statement

FITS = "fits what was signed"
_MOST = 256  # statements that are looked at: each costs some starts of programs
_WHOM = "nobody said whom to trust (--signer)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """One signature against one signer (None: nobody was named). `covers` is empty where it covers the set as it is."""

    signed: SignedStatement
    file: SignatureFile
    signer: Signer | None
    verdict: SignatureVerdict | None
    unseen: str = ""
    covers: str = ""


def check_signatures(
    folder: Path, signers: Sequence[Signer], judges: Mapping[SignatureKind, JudgeSignature]
) -> CheckResult:
    """Return a link for each signature that can be judged, for each signer, and for what custody says of both."""
    try:
        statements, custody = statements_in(folder), read_custody(folder / CUSTODY_NAME)
        manifest = hashlib.sha256(read_evidence(folder / MANIFEST_NAME)).hexdigest()
    except OSError as error:
        unseen = LinkOutcome(
            subject=MANIFEST_NAME,
            link="signatures",
            outcome=Outcome.UNDETERMINED,
            detail=error.strerror or str(error),
        )
        return CheckResult(links=(unseen,))
    links = [*_too_many(statements), *_as_made(folder, custody)]
    judged: list[_Judged] = []
    for each in statements[-_MOST:]:
        links += _statement_links(each, custody)
        covers = "" if each.statement is None else _earlier(each.statement, manifest, custody)
        if covers is None:
            detail = f"{MANIFEST_NAME} is another one, and custody knows of no step that wrote it since"
            links.append(_failed(each.name, f"{MANIFEST_NAME} {FITS}", detail))
        judged += _judge_all(each, signers, judges, covers)
    links += _signature_links(judged)
    links += [_signer_link(signer, judged) for signer in signers]
    notes = (*_strangers(folder, statements), *_untold(statements, custody), *_notes(judged, signers))
    return CheckResult(links=tuple(links), notes=notes)


def _too_many(statements: Sequence[SignedStatement]) -> Iterator[LinkOutcome]:
    if len(statements) > _MOST:
        detail = f"there are {len(statements)}, and only the newest {_MOST} were looked at"
        yield LinkOutcome(subject=MANIFEST_NAME, link="signatures", outcome=Outcome.UNDETERMINED, detail=detail)


def _strangers(folder: Path, statements: Sequence[SignedStatement]) -> Iterator[str]:
    """Name what looks like a signature and is none of ours; imgkit check passes over such names elsewhere."""
    known = {each.name for each in statements} | {file.name for each in statements for file in each.signatures}
    for path in sorted(folder.glob(f"{MANIFEST_NAME}.*")):
        if path.name not in known:
            yield f"{path.name!r} is no signature that imgkit made, and was not looked at"


def _as_made(folder: Path, custody: CustodyVerdict) -> Iterator[LinkOutcome]:
    """Hold statements and signatures against the digests that custody took when they were made."""
    for name, digest in made_according_to(custody).items():
        link = "as custody says that it was made"
        if "/" in name or not name.startswith(f"{MANIFEST_NAME}."):
            yield _failed(CUSTODY_NAME, link, f"it names {name!r} as a signature")
            continue
        try:
            found = hashlib.sha256(read_small(folder / name)).hexdigest()
        except FileNotFoundError:
            yield _failed(name, link, "it is missing")
        except OSError as error:
            yield LinkOutcome(subject=name, link=link, outcome=Outcome.UNDETERMINED, detail=error.strerror or "")
        except ValueError as error:
            yield _failed(name, link, str(error))
        else:
            yield _judged_link(name, link, found == digest, "it is not the one that was made")


def _untold(statements: Sequence[SignedStatement], custody: CustodyVerdict) -> Iterator[str]:
    told = made_according_to(custody)
    for each in statements:
        if each.name not in told:
            why = "lines were cut off its end, or the run that signed was killed"
            yield f"{CUSTODY_NAME} has no line that says who made {each.name}: {why}"


def _statement_links(signed: SignedStatement, custody: CustodyVerdict) -> Iterator[LinkOutcome]:
    if signed.unseen:
        yield LinkOutcome(
            subject=signed.name, link="is a statement", outcome=Outcome.UNDETERMINED, detail=signed.unseen
        )
        return
    if signed.statement is None:
        yield _failed(signed.name, "is a statement", signed.problem)
        return
    begun = custody.digests[:1] == (signed.statement.custody_begin,)
    extends = begun and custody.extends(signed.statement.custody)
    lost = f"line {signed.statement.custody.lines}, which was signed, is not in it: lines were cut off or rewritten"
    yield _judged_link(CUSTODY_NAME, f"runs on from {signed.name}", extends, lost if begun else "it is another set's")


def _earlier(statement: Statement, manifest: str, custody: CustodyVerdict) -> str | None:
    """Say since when the manifest is another one: empty where it is not, None where nothing in custody explains it."""
    if statement.manifest.sha256 == manifest:
        return ""
    since = zip(custody.events, custody.subjects, strict=True)
    for number, (event, subject) in enumerate(since, start=1):
        if number > statement.custody.lines and MANIFEST_DIGEST in subject:
            return f"written again since by {event!r}, line {number} of custody"
    return None


def _judge_all(
    signed: SignedStatement,
    signers: Sequence[Signer],
    judges: Mapping[SignatureKind, JudgeSignature],
    covers: str | None,
) -> Iterator[_Judged]:
    covered = "changed since, which custody does not explain" if covers is None else covers
    for file in signed.signatures:
        asked = [signer for signer in signers if signer.kind is file.kind]
        for signer in asked or (None,):
            verdict, unseen = None, file.unseen or signed.unseen
            try:
                if not unseen:
                    verdict = judges[file.kind](file.content, signed.content, signer.content if signer else None)
            except ToolError as error:
                unseen = error.message
            yield _Judged(signed=signed, file=file, signer=signer, verdict=verdict, unseen=unseen, covers=covered)


def _signature_links(judged: Sequence[_Judged]) -> Iterator[LinkOutcome]:
    """One link a signature: bad whoever is asked, good by one who was named, or not to be looked at."""
    for name in dict.fromkeys(each.file.name for each in judged):
        mine = [each for each in judged if each.file.name == name]
        verdicts = [each.verdict for each in mine if each.verdict is not None]
        good = next((each for each in verdicts if each.standing is Standing.GOOD), None)
        bad = next((each for each in verdicts if each.standing is Standing.BAD), None)
        link = f"signature over {mine[0].signed.name}"
        if good is not None:
            yield LinkOutcome(subject=name, link=link, outcome=Outcome.HELD, detail=f"by {good.who}")
        elif bad is not None:
            yield _failed(name, link, bad.detail or "it does not fit")
        elif not verdicts and (mine[0].file.unseen or any(each.signer for each in mine)):
            yield LinkOutcome(subject=name, link=link, outcome=Outcome.UNDETERMINED, detail=mine[0].unseen)


def _signer_link(signer: Signer, judged: Sequence[_Judged]) -> LinkOutcome:
    """Whether the set as it stands is signed by this signer; the newest statement speaks first.

    A time stamp says when and not who: everybody can have his own set stamped.
    """
    link = f"{'stamped under' if signer.kind is SignatureKind.TIMESTAMP else 'signed by'} {signer.path.name}"
    mine = [each for each in reversed(judged) if each.signer is signer]
    good = [each for each in mine if each.verdict is not None and each.verdict.standing is Standing.GOOD]
    whole = next((each for each in good if not each.covers), None)
    if whole is not None:
        assert whole.verdict is not None
        detail = f"{whole.verdict.who}, in {whole.file.name}"
        return LinkOutcome(subject=MANIFEST_NAME, link=link, outcome=Outcome.HELD, detail=detail)
    unseen = next((each.unseen for each in mine if each.unseen), "")
    if unseen:
        return LinkOutcome(subject=MANIFEST_NAME, link=link, outcome=Outcome.UNDETERMINED, detail=unseen)
    if good:
        detail = f"{good[0].file.name} is good, and over an earlier manifest ({good[0].covers})"
        return _failed(MANIFEST_NAME, link, detail)
    return _failed(MANIFEST_NAME, link, _no_signature(mine, judged))


def _no_signature(mine: Sequence[_Judged], judged: Sequence[_Judged]) -> str:
    if not judged:
        return "the set has no signature"
    bad = next((each for each in mine if each.verdict and each.verdict.standing is Standing.BAD), None)
    if bad is not None and bad.verdict is not None:
        return f"{bad.file.name} does not hold: {bad.verdict.detail}"
    others = {each.verdict.who for each in mine if each.verdict}
    return "no signature is theirs" + (f", but of {', '.join(sorted(others))}" if others else "")


def _notes(judged: Sequence[_Judged], signers: Sequence[Signer]) -> Iterator[str]:
    """Tell of what nobody was named for, and of good signatures over earlier states."""
    for name in dict.fromkeys(each.file.name for each in judged):
        mine = [each for each in judged if each.file.name == name]
        standings = {each.verdict.standing for each in mine if each.verdict is not None}
        about = mine[0]
        over = f"an earlier manifest ({about.covers})" if about.covers else "the set as it stands"
        who = about.verdict.who if about.verdict else about.file.kind.value
        if standings & {Standing.GOOD}:
            if about.covers:
                yield f"{name} is good, and over {over}"
        elif standings == {Standing.FOREIGN}:
            untold = "by none of those named with --signer" if signers else _WHOM
            yield f"{name} ({who}) is over {over}; {untold}"
        elif not standings and not signers and not about.file.unseen:
            yield f"{name} ({who}) is over {over}; {_WHOM}, and {about.unseen}"


def _judged_link(subject: str, link: str, held: bool, detail: str) -> LinkOutcome:
    if held:
        return LinkOutcome(subject=subject, link=link, outcome=Outcome.HELD)
    return _failed(subject, link, detail)


def _failed(subject: str, link: str, detail: str) -> LinkOutcome:
    return LinkOutcome(subject=subject, link=link, outcome=Outcome.FAILED, detail=detail)
