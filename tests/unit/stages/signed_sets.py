"""Sets that are signed by a server that stamps whatever it gets; no program is asked."""

from datetime import UTC, datetime
from pathlib import Path

from imgkit.model.custodian import Custodian
from imgkit.model.signing import SignatureKind, SignatureVerdict, Standing
from imgkit.stages.sign import SignedSet, SigningWish, sign_set

WHO = Custodian(user="u", host="h", examiner="Ada", case="C")
WHEN = datetime(2026, 11, 28, tzinfo=UTC)
KEY = b"key of the server"


def stamp(statement: bytes) -> bytes:
    return b"stamped: " + statement


def signed(folder: Path) -> SignedSet:
    return sign_set(folder, SigningWish(stamp=stamp), custodian=WHO, now=lambda: WHEN)


def judge(signature: bytes, statement: bytes, key: bytes | None) -> SignatureVerdict:
    if signature != stamp(statement):
        return SignatureVerdict(standing=Standing.BAD, detail="it does not fit the statement")
    standing = Standing.GOOD if key == KEY else Standing.FOREIGN
    return SignatureVerdict(standing=standing, who="the server")


JUDGES = dict.fromkeys(SignatureKind, judge)
