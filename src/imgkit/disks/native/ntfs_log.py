"""Whether NTFS' log was closed, from the bytes of the volume alone.

Layouts: "NTFS Documentation" of the Linux-NTFS project (boot sector, file records, runs, restart pages of $LogFile).
"""

from collections.abc import Iterator
from struct import unpack_from

from imgkit.disks.native.volume import Bytes
from imgkit.errors import CannotLookInside
from imgkit.model.storage import Journal
from imgkit.units import KiB

_LOG_FILE, _DATA, _END = 2, 0x80, 0xFFFFFFFF
_LARGEST_RECORD = 64 * KiB
_FIXED_BYTES = 512
_PAGES_BYTES = 8 * KiB
_NO_CLIENT, _CLEAN = 0xFFFF, 0x2


def read_log_state(volume: Bytes) -> Journal:
    """Judge the log by its restart pages; unknown where it is not found. Raises CannotLookInside, struct.error."""
    boot = volume.read(0, 512)
    sector, each = unpack_from("<Hb", boot, 11)
    cluster = _size(each, sector)
    start, record = unpack_from("<Q", boot, 48)[0] * cluster, _size(unpack_from("<b", boot, 64)[0], cluster)
    if boot[3:7] != b"NTFS" or not cluster or not _FIXED_BYTES <= record <= _LARGEST_RECORD:
        raise CannotLookInside("the boot sector of the NTFS is damaged")
    log = _fixed(volume.read(start + _LOG_FILE * record, record))
    pages = b""
    for place, length in _runs(log):
        pages += volume.read(place * cluster, min(length * cluster, _PAGES_BYTES - len(pages)))
        if len(pages) >= _PAGES_BYTES:
            break
    return log_state(pages)


def log_state(pages: bytes) -> Journal:
    """Judge NTFS' log by the newer of its two restart pages: nobody uses it, or it says that it is clean."""
    found: list[tuple[int, bool]] = []
    for start in (0, 4096):
        page = pages[start : start + 4096]
        at = unpack_from("<H", page, 24)[0] if page[:4] == b"RSTR" else 0
        if at and at + 16 <= len(page):
            newest, _, _, users, flags = unpack_from("<QHHHH", page, at)
            found.append((newest, users == _NO_CLIENT or bool(flags & _CLEAN)))
    if not found:
        return Journal.CLEAN if pages and not pages.strip(b"\xff") else Journal.UNKNOWN
    return Journal.CLEAN if max(found)[1] else Journal.PENDING


def _size(count: int, unit: int) -> int:
    """A size is so many units, or where it is negative a power of two of bytes."""
    return count * unit if count > 0 else 1 << min(-count, 31)


def _fixed(record: bytes) -> bytes:
    """Put back the last two bytes of each sector, which a record keeps in its head while it lies on a disk."""
    if record[:4] != b"FILE":
        raise CannotLookInside("the file record of NTFS' log is damaged")
    at, count = unpack_from("<HH", record, 4)
    made = bytearray(record)
    for number in range(1, min(count, len(record) // _FIXED_BYTES + 1)):
        made[number * _FIXED_BYTES - 2 : number * _FIXED_BYTES] = record[at + number * 2 : at + number * 2 + 2]
    return bytes(made)


def _runs(record: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the content of a file record lies, in clusters; nothing where the record does not say."""
    at = unpack_from("<H", record, 20)[0]
    while at + 16 <= len(record):
        kind, length = unpack_from("<II", record, at)
        if kind == _END or length < 16:
            return
        if kind == _DATA and record[at + 8]:
            yield from _mapped(record[at + unpack_from("<H", record, at + 32)[0] : at + length])
            return
        at += length


def _mapped(pairs: bytes) -> Iterator[tuple[int, int]]:
    at = place = 0
    while at < len(pairs) and (head := pairs[at]):
        wide, far = head & 0xF, head >> 4
        length = int.from_bytes(pairs[at + 1 : at + 1 + wide], "little")
        place += int.from_bytes(pairs[at + 1 + wide : at + 1 + wide + far], "little", signed=True)
        at += 1 + wide + far
        if not far or not length:  # a hole: a log has none
            return
        yield place, length
