"""Conditions in the headers of GET and HEAD."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from imgkit.simulator.messages import Request


def judge_conditions(request: Request, *, etag: str, modified: datetime) -> int:
    """Return 200 where all conditions hold, else 304 or 412. ETags count with and without their quotes."""
    if_match = request.header("if-match")
    if if_match and not _names(if_match, etag):
        return 412
    unmodified_since = _moment(request.header("if-unmodified-since"))
    if unmodified_since is not None and modified > unmodified_since:
        return 412
    if_none_match = request.header("if-none-match")
    if if_none_match and _names(if_none_match, etag):
        return 304
    modified_since = _moment(request.header("if-modified-since"))
    if modified_since is not None and not if_none_match and modified <= modified_since:
        return 304
    return 200


def _names(header: str, etag: str) -> bool:
    words = (word.strip().strip('"') for word in header.split(","))
    return any(word in {"*", etag} for word in words)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
