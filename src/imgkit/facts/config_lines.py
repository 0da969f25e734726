"""Lines of configuration files, one after the other, as the readers of single subjects take them."""

from collections.abc import Callable, Iterable, Iterator

from imgkit.facts.gathering import Found, Gathering
from imgkit.facts.guest import as_text
from imgkit.facts.standing_out import describe_odd, odd_file, odd_habits
from imgkit.model.persistence import ConfigLine

MOST_LINES = 50_000


def whole_lines(look: Gathering, path: bytes, *, comments: str = "#") -> Iterator[tuple[int, str]]:
    """Yield the lines of a file that are neither empty nor comments; a backslash at the end takes in the next one."""
    content = look.read(path)
    begun, waiting = 0, ""
    for number, line in look.lines(content):
        if not waiting and (not line or line.startswith(tuple(comments))):
            continue
        begun = begun or number
        if line.endswith("\\") and len(waiting) < 256 * 1024:
            waiting += line[:-1] + " "
            continue
        yield begun, waiting + line
        begun, waiting = 0, ""
    if waiting:
        yield begun, waiting.rstrip()


def by_name(look: Gathering, folders: Iterable[bytes], *, suffix: bytes) -> list[Found]:
    """Return the files of several folders in the order of their names, which are to be read then.

    Of one name the first folder's holds.
    """
    files: dict[bytes, Found] = {}
    for folder in folders:
        for one in look.names(folder, suffix=suffix):
            files.setdefault(one.entry.name, one)
    found = [files[name] for name in sorted(files)]
    look.guest.will_read([one.path for one in found])
    return found


def config_lines(
    look: Gathering, paths: Iterable[bytes], kind_of: Callable[[bytes, str], str], *, comments: str = "#"
) -> Iterator[ConfigLine]:
    """Yield the lines that `kind_of` gives a kind; habits that stand out in them are remarks."""
    count = 0
    for path in paths:
        for number, line in whole_lines(look, path, comments=comments):
            kind = kind_of(path, line)
            if not kind:
                continue
            if count >= MOST_LINES:
                look.lack(f"only the first {MOST_LINES} lines are given")
                return
            count += 1
            for habit in odd_habits(line):
                look.remark(f"{as_text(path)} line {number} {habit}: {look.brief(line)}")
            yield ConfigLine(path=path, line=number, kind=kind, text=look.guest.quote(line))


def remark_odd_files(look: Gathering, what: str, files: Iterable[Found]) -> None:
    """Name files that others than root may change, and hidden ones."""
    for found in files:
        reasons = odd_file(found.path, found.entry)
        if reasons:
            look.remark(describe_odd(what, found.path, reasons))
