"""Time stamps of RFC 3161: asking for one over a statement, and judging what a server answered.

The certificates are judged at the time in the stamp: a server's certificate that has run out since then takes nothing
from what it stamped before.
"""

import hashlib
import re
import warnings
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)
from rfc3161_client.tsp import PKIStatus

from imgkit.errors import Differs, SettingsError, TransferError
from imgkit.evidence.der_sets import sort_certificates
from imgkit.model.signing import SignatureVerdict, Standing
from imgkit.units import format_utc

_REASON = re.compile(r'reason: "([^"]*)"|Verify error: ?([^"]*)"')
_UNKNOWN_ISSUERS = ("unable to get local issuer certificate", "self-signed certificate", "self signed certificate")
_UNREADABLE = (ValueError, KeyError, x509.InvalidVersion)  # what cryptography says of damaged certificates
_HASHES = {
    "2.16.840.1.101.3.4.2.1": hashlib.sha256,
    "2.16.840.1.101.3.4.2.2": hashlib.sha384,
    "2.16.840.1.101.3.4.2.3": hashlib.sha512,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a server is asked: the request as bytes, and the nonce that its answer must carry."""

    request: bytes
    nonce: int | None


def ask_for(statement: bytes) -> Question:
    """Make the request for a stamp over a statement: a SHA-256, a nonce, and the wish for the certificate."""
    made = TimestampRequestBuilder().data(statement).hash_algorithm(HashAlgorithm.SHA256).build()
    return Question(request=made.as_bytes(), nonce=made.nonce)


def require_answer(answer: bytes, statement: bytes, question: Question) -> datetime:
    """Return the time in an answer that fits the question.

    Raises TransferError where there is no stamp in it, Differs where it is one over something else. Whether the server
    can be trusted is judged later, against its certificate.
    """
    try:
        stamp = _decoded(answer)
        if stamp.status != PKIStatus.GRANTED:
            raise TransferError(
                f"the time stamp server refused ({_status(stamp)})", hint="Ask its operator, or use another one."
            )
        info = stamp.tst_info
        nonce, moment, has_certificate = info.nonce, info.gen_time, bool(stamp.signed_data.certificates)
    except _UNREADABLE as error:
        raise TransferError(
            f"the time stamp server's answer is no time stamp: {error}",
            hint="Is the address that of its RFC 3161 service, and not of its web page?",
        ) from error
    problem = _misfit(stamp, statement)
    if problem or nonce != question.nonce:
        raise Differs(
            f"the time stamp server stamped something else: {problem or 'its nonce is not the one that was sent'}",
            hint="It is broken, or somebody answers in its place. Nothing of it was kept.",
        )
    if not has_certificate:
        raise TransferError(
            "the time stamp server left its certificate out, so nobody could verify the stamp",
            hint="It was asked for it. Use another server.",
        )
    return moment


def judge(answer: bytes, statement: bytes, certificates: bytes | None) -> SignatureVerdict:
    """Judge a stamp; `certificates` are those of the authorities that are trusted, in PEM."""
    with warnings.catch_warnings():  # of what a damaged certificate has, the verdict speaks
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        return _judge(answer, statement, certificates)


def _judge(answer: bytes, statement: bytes, certificates: bytes | None) -> SignatureVerdict:
    try:
        stamp = _decoded(answer)
        problem = _misfit(stamp, statement)
        who = _describe(stamp)
    except _UNREADABLE as error:
        return SignatureVerdict(standing=Standing.BAD, detail=f"it is no time stamp that can be read: {error}")
    if problem:
        return SignatureVerdict(standing=Standing.BAD, who=who, detail=problem)
    if certificates is None:
        return SignatureVerdict(standing=Standing.FOREIGN, who=who)
    roots = _loaded(certificates)
    try:
        VerifierBuilder(roots=roots).build().verify_message(_decoded(answer), statement)
    except (VerificationError, *_UNREADABLE) as error:
        reason = _reason(str(error))
        standing = Standing.FOREIGN if any(word in reason for word in _UNKNOWN_ISSUERS) else Standing.BAD
        return SignatureVerdict(standing=standing, who=who, detail=reason)
    return SignatureVerdict(standing=Standing.GOOD, who=who)


def _loaded(certificates: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(certificates)
    except _UNREADABLE as error:
        raise SettingsError(
            f"the certificates that were named cannot be read: {error}", hint="--signer takes them in PEM."
        ) from error


def _decoded(answer: bytes) -> TimeStampResponse:
    """Decode an answer; servers that leave certificates unsorted, as OpenSSL's does, are read too."""
    return decode_timestamp_response(sort_certificates(answer))


def _misfit(stamp: TimeStampResponse, statement: bytes) -> str:
    imprint = stamp.tst_info.message_imprint
    take = _HASHES.get(imprint.hash_algorithm.dotted_string)
    if take is None:
        return f"it uses the hash {imprint.hash_algorithm.dotted_string}, which is not trusted here"
    return "" if take(statement).digest() == imprint.message else "it is over other bytes than the statement"


def _describe(stamp: TimeStampResponse) -> str:
    moment = format_utc(stamp.tst_info.gen_time).replace(".000000", "")
    return f"time stamp of {moment}{_server(stamp)}"


def _server(stamp: TimeStampResponse) -> str:
    signers = {(each.issuer, each.serial_number) for each in stamp.signed_data.signer_infos}
    for packed in stamp.signed_data.certificates:
        certificate = x509.load_der_x509_certificate(packed)
        if (certificate.issuer, certificate.serial_number) in signers:
            return f" by {certificate.subject.rfc4514_string()}"
    return ""


def _status(stamp: TimeStampResponse) -> str:
    try:
        word = PKIStatus(stamp.status).name.lower()
    except ValueError:
        word = f"status {stamp.status}"
    return ": ".join([word, *stamp.status_string])


def _reason(said: str) -> str:
    """OpenSSL says it inside a list of its own errors."""
    found = [word for pair in _REASON.findall(said) for word in pair if word]
    return found[-1] if found else said
