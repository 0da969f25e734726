"""Sizes in bytes and times in UTC, as numbers and as words."""

from datetime import UTC, datetime

KiB = 1024
MiB = 1024 * KiB
GiB = 1024 * MiB
TiB = 1024 * GiB

SECTOR_BYTES = 512


def describe_bytes(count: int) -> str:
    """Return `count` in the largest binary unit that fits: `0 B`, `1.5 KiB`, `20 GiB`."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB", "PiB"):
        if abs(value) < 1024 or unit == "PiB":
            break
        value /= 1024
    return f"{value:.1f}".removesuffix(".0") + f" {unit}"


def counted(count: int, word: str, plural: str = "") -> str:
    """Return a number of things: `1 log`, `2 logs`, `0 entries`."""
    return f"{count} {word if count == 1 else plural or word + 's'}"


def round_up(count: int, multiple: int) -> int:
    """Return the smallest multiple of `multiple` that is not below `count`."""
    return -(-count // multiple) * multiple


def format_utc(moment: datetime) -> str:
    """Return a moment as RFC 3339 in UTC with microseconds: `2026-11-22T18:05:09.120000Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_utc(text: str) -> datetime:
    """Read what `format_utc` wrote, and the service's `2015-11-23T02:13Z` without seconds.

    Raises ValueError when it is no such time.
    """
    moment = datetime.fromisoformat(text.strip())
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
