"""`SHA256SUMS`, as `sha256sum -c` reads it."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from imgkit.files.whole import write_bytes_durably
from imgkit.model.manifest import FileRecord


def write_sums(path: Path, records: Iterable[FileRecord]) -> None:
    """Write the digests of these files, sorted by name."""
    write_bytes_durably(path, sums_of(records))


def sums_of(records: Iterable[FileRecord]) -> bytes:
    """Return what the file of these records' digests holds."""
    lines = sorted(_line(record.sha256, record.path.as_posix()) for record in records if record.sha256)
    return "".join(lines).encode("utf-8", "surrogateescape")


def read_sums(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (digest, name). Raises ValueError at a line that is none."""
    text = path.read_bytes().decode("utf-8", "surrogateescape").removesuffix("\n")
    for line in text.split("\n") if text else ():  # splitlines() would break names at other characters too
        escaped = line.startswith("\\")
        digest, separator, name = line.removeprefix("\\").partition("  ")
        if not separator or len(digest) != 64:
            raise ValueError(f"{path} has a line that is no checksum: {line[:80]!r}")
        yield digest, _unescape(name) if escaped else name


def _line(digest: str, name: str) -> str:
    """A name with a backslash or a line break is escaped, and the line begins with a backslash, as coreutils does."""
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return ("\\" if escaped != name else "") + f"{digest}  {escaped}\n"


def _unescape(name: str) -> str:
    return name.replace("\\\\", "\0").replace("\\n", "\n").replace("\\r", "\r").replace("\0", "\\")
