"""Tables of what the walk over all files found, and a line of it for the summary."""

from collections.abc import Iterator, Sequence

from imgkit.model.fact import Fact, FactState
from imgkit.model.files import Files, NotedFile
from imgkit.render.titles import Table, decode, state_words
from imgkit.units import counted, describe_bytes, format_utc

_LISTS = (
    ("set_id", "PROGRAMS THAT CHANGE THEIR USER OR GROUP"),
    ("world_writable", "FILES THAT ANYBODY MAY WRITE"),
    ("open_folders", "FOLDERS THAT ANYBODY MAY WRITE, NOT STICKY"),
    ("hidden_programs", "HIDDEN PROGRAMS"),
    ("temporary_programs", "PROGRAMS IN TEMPORARY PLACES"),
    ("in_dev", "FILES IN /dev"),
    ("devices_elsewhere", "DEVICES OUTSIDE /dev"),
    ("odd_names", "ODD NAMES"),
    ("odd_times", "TIMES OF ZERO OR BEFORE 1980"),
    ("future_times", "TIMES AHEAD OF ANYTHING THE FILE SYSTEM NOTED"),
)
_SUMMARY = (
    ("hidden_programs", "hidden program", "hidden programs"),
    ("in_dev", "file in /dev", "files in /dev"),
    ("devices_elsewhere", "device outside /dev", "devices outside /dev"),
    ("future_times", "time ahead", "times ahead"),
    ("odd_names", "odd name", "odd names"),
)
_HEADS = ("mode", "owner", "size", "modified", "about", "path")


def files_tables(fact: Fact[Files] | None, of: str) -> Iterator[Table]:
    """Yield the tables that have something in them."""
    if fact is None:
        return
    found = fact.value
    if found is None:
        yield f"FILES{of}: {state_words(fact)}", (), ()
        return
    seen = "" if found.whole else ", as far as the walk went"
    for name, title in _LISTS:
        noted = getattr(found, name)
        if noted.total:
            shown = "" if noted.total == len(noted.first) else f", the first {len(noted.first)} are shown"
            yield f"{title}{of}: {noted.total}{shown}{seen}", _HEADS, [_row(one) for one in noted.first]
    if found.capable:
        rights = [
            (", ".join(one.permitted), "yes" if one.effective else "no", decode(one.path)) for one in found.capable
        ]
        yield f"PROGRAMS THAT BRING RIGHTS{of}: {len(rights)}{seen}", ("rights", "effective", "path"), rights
    if found.newest:
        yield f"NEWEST FILES{of}{seen}", _HEADS, [_row(one) for one in found.newest]
    if found.largest:
        yield f"LARGEST FILES{of}{seen}", _HEADS, [_row(one) for one in found.largest]


def files_words(fact: Fact[Files]) -> str:
    """Return the line of the summary: what is usual is only counted, what is not is named."""
    found = fact.value
    if found is None:
        return "could not be determined" if fact.state is FactState.UNDETERMINED else ""
    strangers = sum(not one.package for one in found.set_id.first)
    words = [f"{counted(found.entries, 'entry', 'entries')}{'' if found.whole else ' (cut)'}"]
    words.append(f"{found.set_id.total} set-id ({strangers} of no package)" if found.set_id.total else "no set-id")
    words += [f"{len(found.capable)} with rights"] if found.capable else []
    words += [
        counted(getattr(found, name).total, one, many) for name, one, many in _SUMMARY if getattr(found, name).total
    ]
    return ", ".join(words)


def _row(one: NotedFile) -> Sequence[str]:
    modified = format_utc(one.modified) if one.modified else ""
    return (
        one.mode,
        f"{one.uid}:{one.gid}",
        describe_bytes(one.size),
        modified,
        one.why or one.package,
        decode(one.path),
    )
