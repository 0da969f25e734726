"""Which package brings a file: dpkg's lists, and the names of files in rpm's headers and apk's database."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from imgkit.errors import CannotLookInside, NoSuchPathInside
from imgkit.facts.guest import Guest, as_text
from imgkit.facts.rpm import read_blobs
from imgkit.facts.rpm_database import BadDatabase
from imgkit.facts.rpm_header import BadHeader, parse_files
from imgkit.units import MiB

_DPKG_LISTS = b"/var/lib/dpkg/info"
_APK_DATABASES = (b"/lib/apk/db/installed", b"/usr/lib/apk/db/installed")
_LIST_BYTES = 16 * MiB
_ALL_LISTS_BYTES = 256 * MiB
_FEW = 50
_MERGED = (b"/bin/", b"/sbin/", b"/lib")

Wanted = Mapping[bytes, Sequence[bytes]]  # paths without /usr, to the paths that were asked for


def find_owners(guest: Guest, paths: Sequence[bytes]) -> tuple[dict[bytes, str], tuple[str, ...]]:
    """Return the package of each path that has one, and what kept us from knowing more.

    Where /usr was merged a package may still list /bin/su for /usr/bin/su: both count as the same.
    """
    wanted: dict[bytes, list[bytes]] = {}
    for path in paths:
        wanted.setdefault(_plain(path), []).append(path)
    if not wanted:
        return {}, ()
    found: dict[bytes, str] = {}
    notes: list[str] = []
    for files in (_dpkg_files, _rpm_files, _apk_files):
        try:
            for package, path in files(guest, wanted):
                found.update({one: package for one in wanted[path] if one not in found})
        except (CannotLookInside, BadDatabase) as error:
            words = error.message if isinstance(error, CannotLookInside) else str(error)
            notes.append(f"which package brings a file is not known of all: {words}")
    return found, tuple(notes)


def _plain(path: bytes) -> bytes:
    without = path.removeprefix(b"/usr")
    return without if without.startswith(_MERGED) else path


def _dpkg_files(guest: Guest, wanted: Wanted) -> Iterator[tuple[str, bytes]]:
    left = _ALL_LISTS_BYTES
    lists = [entry.name for entry in guest.folder(_DPKG_LISTS) or () if entry.name.endswith(b".list")]
    guest.will_read([_DPKG_LISTS + b"/" + name for name in lists])
    for name in lists:
        if left <= 0:
            return
        with contextlib.suppress(NoSuchPathInside):
            data = guest.tree.read_file(_DPKG_LISTS + b"/" + name, limit=min(_LIST_BYTES, left))
            left -= len(data)
            package = as_text(name.removesuffix(b".list"))
            yield from ((package, path) for path in _among(data.split(b"\n"), wanted))


def _rpm_files(guest: Guest, wanted: Wanted) -> Iterator[tuple[str, bytes]]:
    names = [b"\0" + path.rpartition(b"/")[2] + b"\0" for path in wanted]
    for blob in read_blobs(guest):
        # Most packages hold none: for a few names a look is cheaper than parsing.
        if len(names) < _FEW and not any(name in blob for name in names):
            continue
        with contextlib.suppress(BadHeader):
            package, files = parse_files(blob)
            yield from ((package, path) for path in _among(files, wanted))


def _apk_files(guest: Guest, wanted: Wanted) -> Iterator[tuple[str, bytes]]:
    content = guest.read_first(*_APK_DATABASES, limit=64 * MiB)
    package, folder = "", b"/"
    for line in content.data.split(b"\n") if content else ():
        letter, value = line[:2], line[2:].strip()
        if letter == b"P:":
            package = as_text(value)
        elif letter == b"F:":
            folder = b"/" + value + b"/" if value else b"/"
        elif letter == b"R:":
            yield from ((package, path) for path in _among([folder + value], wanted))


def _among(paths: Iterable[bytes], wanted: Wanted) -> Iterator[bytes]:
    for path in paths:
        plain = _plain(path)
        if plain in wanted:
            yield plain
