"""`SHA256SUMS`, as `sha256sum -c` reads it; `MD5SUMS` and `SHA1SUMS` beside it, where somebody asked for them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from imgkit.files.whole import read_evidence, write_bytes_durably
from imgkit.model.manifest import FileRecord

SHA256_SUMS = "SHA256SUMS"
# By the name of the file that md5sum and sha1sum take.
_DIGEST_OF: Mapping[str, Callable[[FileRecord], str]] = {
    SHA256_SUMS: lambda record: record.sha256,
    "SHA1SUMS": lambda record: record.sha1,
    "MD5SUMS": lambda record: record.md5,
}
ALL_SUMS = tuple(_DIGEST_OF)
_DIGITS = {SHA256_SUMS: 64, "SHA1SUMS": 40, "MD5SUMS": 32}


def write_sums(folder: Path, records: Iterable[FileRecord]) -> None:
    """Write the digests of a set's files, sorted by name; a file of digests that nobody has any more goes."""
    known = tuple(records)
    for name in ALL_SUMS:
        content = sums_of(known, name)
        if content or name == SHA256_SUMS:
            write_bytes_durably(folder / name, content)
        else:
            (folder / name).unlink(missing_ok=True)


def sums_of(records: Iterable[FileRecord], name: str = SHA256_SUMS) -> bytes:
    """Return what the file of this name holds for these records; nothing where none of them has such a digest."""
    digest = _DIGEST_OF[name]
    lines = sorted(_line(digest(record), record.path.as_posix()) for record in records if digest(record))
    return "".join(lines).encode("utf-8", "surrogateescape")


def read_sums(path: Path, *, kind: str = SHA256_SUMS) -> Iterator[tuple[str, str]]:
    """Yield (digest, name). Raises ValueError at a line that is none of this kind."""
    try:
        yield from parse_sums(read_evidence(path), kind)
    except ValueError as error:
        raise ValueError(f"{path} {error}") from error


def parse_sums(content: bytes, kind: str = SHA256_SUMS) -> Iterator[tuple[str, str]]:
    """Yield (digest, name) of what such a file holds. Raises ValueError."""
    text = content.decode("utf-8", "surrogateescape").removesuffix("\n")
    for line in text.split("\n") if text else ():  # splitlines() would break names at other characters too
        escaped = line.startswith("\\")
        digest, separator, name = line.removeprefix("\\").partition("  ")
        if not separator or len(digest) != _DIGITS[kind]:
            raise ValueError(f"has a line that is no checksum: {line[:80]!r}")
        yield digest, _unescape(name) if escaped else name


def _line(digest: str, name: str) -> str:
    """A name with a backslash or a line break is escaped, and the line begins with a backslash, as coreutils does."""
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return ("\\" if escaped != name else "") + f"{digest}  {escaped}\n"


def _unescape(name: str) -> str:
    return name.replace("\\\\", "\0").replace("\\n", "\n").replace("\\r", "\r").replace("\0", "\\")
