"""What one walk over all files of a system finds worth a look: rights, places, names and times."""

import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from imgkit.facts.capabilities import find_capable
from imgkit.facts.guest import Guest, as_text, mode_words, moment_ns
from imgkit.facts.owners import find_owners
from imgkit.facts.ranking import Ranking
from imgkit.facts.walk import Walked
from imgkit.model.fact import Fact
from imgkit.model.files import Files, NotedFile, NotedFiles
from imgkit.model.tree import Entry, EntryKind
from imgkit.units import counted

MOST_LISTED = 200
MOST_ASKED_FOR_RIGHTS = 50_000
_MOST_RANKED = 20
_MOST_NAMED = 5
_DAY_NS = 86_400 * 10**9
_YEAR_1980_NS = 315_532_800 * 10**9
_TEMPORARY = (b"/tmp/", b"/var/tmp/", b"/dev/shm/", b"/run/", b"/var/run/", b"/run/shm/", b"/var/lock/")
_SYSTEM = (
    b"/bin/", b"/sbin/", b"/lib/", b"/lib64/", b"/usr/", b"/etc/", b"/boot/", b"/opt/", b"/var/", b"/dev/", b"/srv/",
)  # fmt: skip
_USUAL_FOLDERS = (
    b"/.git/", b"/.build-id/", b"/.bin/", b"/.github/", b"/.husky/", b"/.venv/", b"/.cargo/", b"/.dotnet/",
)  # fmt: skip
_LAYERS = (b"/var/lib/docker/", b"/var/lib/containers/", b"/var/lib/containerd/")
_STANDARD_IN_DEV = {EntryKind.LINK, EntryKind.FOLDER}
_EXECUTABLE = 0o111


@dataclass(slots=True)
class _List:
    """The first of its kind, in the order of the walk, and how many there are."""

    total: int = 0
    first: list[tuple[bytes, Entry, str]] = field(default_factory=list)

    def add(self, path: bytes, entry: Entry, why: str = "") -> None:
        self.total += 1
        if len(self.first) < MOST_LISTED:
            self.first.append((path, entry, why))

    def noted(self) -> NotedFiles:
        listed = sorted(self.first, key=lambda one: one[0])
        return NotedFiles(total=self.total, first=tuple(noted_file(*one) for one in listed))


class FilesVisitor:
    """Takes note of files on a walk; `describe` says what they were."""

    def __init__(self) -> None:
        self.set_id = _List()
        self.world_writable = _List()
        self.open_folders = _List()
        self.hidden_programs = _List()
        self.temporary_programs = _List()
        self.in_dev = _List()
        self.devices_elsewhere = _List()
        self.odd_names = _List()
        self.odd_times = _List()
        self.programs: list[bytes] = []
        self.programs_left_out = 0
        self.newest = Ranking(MOST_LISTED)
        self.largest = Ranking(_MOST_RANKED)
        self.last_change_ns = 0

    def see(self, path: bytes, entry: Entry) -> None:
        self._see_name(path, entry)
        self.last_change_ns = max(self.last_change_ns, entry.changed_ns)
        match entry.kind:
            case EntryKind.FILE:
                self._see_file(path, entry)
            case EntryKind.FOLDER:
                if entry.mode & 0o002 and not entry.mode & stat.S_ISVTX:
                    self.open_folders.add(path, entry)
            case EntryKind.OTHER:
                if (stat.S_ISCHR(entry.mode) or stat.S_ISBLK(entry.mode)) and not path.startswith((b"/dev/", *_LAYERS)):
                    self.devices_elsewhere.add(path, entry, _device_words(entry))
            case _:
                pass

    def _see_name(self, path: bytes, entry: Entry) -> None:
        if not entry.name.isascii() or not entry.name.isalnum():
            why = describe_name(entry.name)
            if why:
                self.odd_names.add(path, entry, why)

    def _see_file(self, path: bytes, entry: Entry) -> None:
        if entry.mode & (stat.S_ISUID | stat.S_ISGID):
            self.set_id.add(path, entry)
        if entry.mode & 0o002:
            self.world_writable.add(path, entry)
        if entry.mode & _EXECUTABLE:
            self._see_program(path, entry)
        if path.startswith(b"/dev/") and entry.kind not in _STANDARD_IN_DEV and not path.startswith(b"/dev/shm/"):
            self.in_dev.add(path, entry)
        if entry.modified_ns < _YEAR_1980_NS:
            self.odd_times.add(path, entry, _early_words(entry.modified_ns))
        self.newest.add(entry.modified_ns, path, entry)
        self.largest.add(entry.size, path, entry)

    def _see_program(self, path: bytes, entry: Entry) -> None:
        if len(self.programs) < MOST_ASKED_FOR_RIGHTS:
            self.programs.append(path)
        else:
            self.programs_left_out += 1
        temporary = path.startswith(_TEMPORARY)
        if temporary:
            self.temporary_programs.add(path, entry)
        if b"/." in path and not path.startswith(_LAYERS) and _is_hidden(path, entry, temporary=temporary):
            self.hidden_programs.add(path, entry)


def _is_hidden(path: bytes, entry: Entry, *, temporary: bool) -> bool:
    """Folders of tools with a dot are usual in homes, and some in places of the system; a program's own dot is not."""
    if temporary:
        return True
    if entry.name.startswith(b"."):
        return path.startswith((*_SYSTEM, b"/root/")) or path.count(b"/") == 1
    return path.startswith(_SYSTEM) and not any(folder in path for folder in _USUAL_FOLDERS)


def describe_files(guest: Guest, seen: FilesVisitor, walked: Walked) -> Fact[Files]:
    """Return what the walk found; programs that bring rights are asked for only now, a folder at a time."""
    capable, rights_notes = find_capable(guest, seen.programs)
    owners, owner_notes = find_owners(guest, [path for path, _, _ in seen.set_id.first])
    set_id = seen.set_id.noted()
    future, newest = _split_future(seen)
    beyond = f"{seen.programs_left_out} programs more were not asked for rights of their own"
    found = Files(
        whole=walked.whole,
        entries=walked.entries,
        last_change=moment_ns(seen.last_change_ns) if seen.last_change_ns else None,
        set_id=replace(set_id, first=tuple(replace(one, package=owners.get(one.path, "")) for one in set_id.first)),
        capable=capable,
        world_writable=seen.world_writable.noted(),
        open_folders=seen.open_folders.noted(),
        hidden_programs=seen.hidden_programs.noted(),
        temporary_programs=seen.temporary_programs.noted(),
        in_dev=seen.in_dev.noted(),
        devices_elsewhere=seen.devices_elsewhere.noted(),
        odd_names=seen.odd_names.noted(),
        odd_times=seen.odd_times.noted(),
        future_times=future,
        newest=newest,
        largest=tuple(noted_file(path, entry) for path, entry in seen.largest.ranked() if entry.size),
    )
    return Fact.present(
        found,
        partial=bool(walked.unlisted or rights_notes),
        remarks=tuple(_standing_out(found, packages_known=bool(owners))),
        notes=(*walked.notes, *rights_notes, *owner_notes, *((beyond,) if seen.programs_left_out else ())),
        sources=(),
    )


def _standing_out(found: Files, *, packages_known: bool) -> Iterator[str]:
    """Say what an examiner will want to see first; a set-id program without a package only where packages are known."""
    strangers = [one for one in found.set_id.first if not one.package] if packages_known else []
    if strangers:
        yield f"{counted(len(strangers), 'set-id program')} that no package brings: {_paths(strangers)}"
    for noted, what, where in (
        (found.hidden_programs, "hidden program", ""),
        (found.in_dev, "plain file", " in /dev"),
        (found.devices_elsewhere, "device", " outside /dev"),
        (found.future_times, "file", " with a time after anything that the file system noted"),
    ):
        if noted.total:
            yield f"{counted(noted.total, what)}{where}: {_paths(noted.first)}"


def _paths(noted: Sequence[NotedFile]) -> str:
    shown = ", ".join(as_text(one.path) for one in noted[:_MOST_NAMED])
    return f"{shown} …" if len(noted) > _MOST_NAMED else shown


def noted_file(path: bytes, entry: Entry, why: str = "") -> NotedFile:
    """Return an entry as a report has it."""
    return NotedFile(
        path=path,
        kind=entry.kind,
        mode=mode_words(entry),
        uid=entry.uid,
        gid=entry.gid,
        size=entry.size,
        modified=moment_ns(entry.modified_ns),
        changed=moment_ns(entry.changed_ns) if entry.changed_ns else None,
        why=why,
    )


def describe_name(name: bytes) -> str:
    """Say what is odd about a file's name, empty where nothing is."""
    found = []
    try:
        text = name.decode()
    except UnicodeDecodeError:
        found.append("is no UTF-8")
        text = name.decode("latin-1")
        shown = "".join(sign for sign in text if ord(sign) < 0x80)
    else:
        shown = text
    if not shown.isprintable():
        has_controls = any(ord(sign) < 0x20 or ord(sign) == 0x7F for sign in shown)
        found.append("holds control signs" if has_controls else "holds signs that do not show")
    if shown != shown.strip(" "):
        found.append("begins or ends with a blank")
    if name and not name.strip(b"."):
        found.append("is nothing but dots")
    return ", ".join(found)


def _split_future(seen: FilesVisitor) -> tuple[NotedFiles, tuple[NotedFile, ...]]:
    """Tell files that claim to be newer than anything the file system noted from the newest that can be true."""
    latest = seen.last_change_ns + _DAY_NS if seen.last_change_ns else None
    ranked = seen.newest.ranked()
    ahead = [one for one in ranked if latest is not None and one[1].modified_ns > latest]
    rest = ranked[len(ahead) :]
    first = tuple(noted_file(*one) for one in sorted(ahead, key=lambda one: one[0]))
    return NotedFiles(total=len(ahead), first=first), _noted(rest[:_MOST_RANKED])


def _noted(ranked: Iterable[tuple[bytes, Entry]]) -> tuple[NotedFile, ...]:
    return tuple(noted_file(path, entry) for path, entry in ranked)


def _early_words(modified_ns: int) -> str:
    if modified_ns == 0:
        return "the time is zero"
    return "before 1970" if modified_ns < 0 else "before 1980"


def _device_words(entry: Entry) -> str:
    return "block device" if stat.S_ISBLK(entry.mode) else "character device"
