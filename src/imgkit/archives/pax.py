"""Extended headers of POSIX.1-2001 (pax): records of `length key=value`."""

from imgkit.errors import ArchiveDamaged, ArchiveUnsafe

SPARSE_OFFSET = b"GNU.sparse.offset"
SPARSE_LENGTH = b"GNU.sparse.numbytes"

MOST_KEYS = 1000

_LENGTH_DIGITS = 10
_NUMBER_DIGITS = 20
_REPEATED = {SPARSE_OFFSET, SPARSE_LENGTH}
_NOT_GLOBAL = (b"path", b"size", b"linkpath", b"GNU.sparse.")

Records = dict[bytes, bytes]


def parse_records(data: bytes) -> tuple[Records, list[bytes]]:
    """Return the records, and apart from them the offsets and lengths of sparse format 0.0 in their order.

    A key said twice with two values is refused: readers differ in which one they believe.
    """
    records: Records = {}
    sparse: list[bytes] = []
    position = 0
    while position < len(data):
        key, value, position = _record(data, position)
        if key in _REPEATED:
            _append_sparse(sparse, key, value)
        elif records.setdefault(key, value) != value:
            raise ArchiveUnsafe("an extended header says the same thing twice, and differently")
        elif len(records) > MOST_KEYS:
            raise ArchiveUnsafe(f"an extended header says more than {MOST_KEYS} things")
    if len(sparse) % 2:
        raise ArchiveDamaged("the sparse map of an extended header lacks its last length")
    return records, sparse


def refuse_global(records: Records, sparse: list[bytes]) -> None:
    """Refuse a global header that would give every member a name, a size or a sparse map."""
    if sparse or any(key.startswith(_NOT_GLOBAL) for key in records):
        raise ArchiveUnsafe("a global extended header sets names, sizes or sparse maps for all members")


def decimal(text: bytes, *, what: str) -> int:
    """Read a decimal number. Raises ArchiveDamaged, and ArchiveUnsafe beyond 63 bits."""
    if not text.isdigit() or len(text) > _NUMBER_DIGITS:
        if text.isdigit():
            raise ArchiveUnsafe(f"{what} is absurd: a number of {len(text)} digits")
        raise ArchiveDamaged(f"{what} is no number")
    value = int(text)
    if value >> 63:
        raise ArchiveUnsafe(f"{what} is absurd: {value} bytes")
    return value


def _record(data: bytes, position: int) -> tuple[bytes, bytes, int]:
    """Return key and value of the record at `position`, and where the next one begins."""
    space = data.find(b" ", position, position + _LENGTH_DIGITS + 1)
    length = data[position:space] if space > 0 else b""
    if not length.isdigit():
        raise ArchiveDamaged("an extended header is damaged: a record does not begin with its length")
    end = position + int(length)
    key, equals, value = data[space + 1 : end - 1].partition(b"=")
    if end > len(data) or end <= space + 1 or data[end - 1 : end] != b"\n" or not equals or not key:
        raise ArchiveDamaged("an extended header is damaged: a record does not end where it says")
    if b"\0" in key or key[:1] in {
        b" ",
        b"\t",
    }:  # GNU tar drops the rest, or reads over it
        raise ArchiveDamaged("an extended header is damaged: a key begins with a blank, or holds a NUL byte")
    return key, value, end


def _append_sparse(sparse: list[bytes], key: bytes, value: bytes) -> None:
    """Keep offset and length in turn."""
    wanted = SPARSE_LENGTH if len(sparse) % 2 else SPARSE_OFFSET
    if key != wanted:
        raise ArchiveDamaged("the sparse map of an extended header does not name offset and length in turn")
    sparse.append(value)
