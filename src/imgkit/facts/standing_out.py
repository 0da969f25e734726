"""What an examiner will want to see first: ways of starting something that ordinary software seldom uses.

Each is a fact about a text or a file, never a verdict: plenty of honest administrators do any one of these.
"""

import re
import stat

from imgkit.facts.guest import as_text
from imgkit.model.tree import Entry, EntryKind

_WORLD_FOLDERS = re.compile(r"(?<![\w.-])/(?:tmp|var/tmp|dev/shm|run/shm|dev/mqueue)/[^\s\"';&|:]")
_HIDDEN = re.compile(r"(?<!~)(?<!\$HOME)(?<!\$\{HOME\})/\.(?!\.?(?:/|[\s\"';]|$))[^\s/\"';&|*?+$()\[\]\\]")
_HARMLESS_HIDDEN = re.compile(
    r"/\.(?:config|local|cache|ssh|gnupg|profile|bash\w*|zsh\w*|nvm|cargo|rbenv|pyenv|npm\w*|rvm|ICE-unix|X11-unix|"
    r"XIM-unix|font-unix|Xauthority|autorelabel|autofsck|updated|readahead|dockerenv|kube|m2|gem|vimrc|inputrc|hushlogin)"
    r"(?![\w-])"
)
_PIPED = r"\b(?:curl|wget)\b[^|\n]{0,400}\|\s{0,8}(?:sudo\s{1,8})?\S{0,40}(?:sh|python\d?|perl)\b"
_INLINE = r"\b(?:python\d?(?:\.\d+)?|perl|ruby|php)\s{1,8}-[cer]\b[^\n]{0,400}\b(?:socket|exec|eval|base64)\b"
_GIVEN_AWAY = r"\b(?:nc|ncat|netcat)\b[^|;&\n]{0,200}?\s-(?:[a-z]{0,8}e|c)\b|\bsocat\b[^|;&\n]{0,200}?\b(?i:exec):"
_HABITS = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (_PIPED, "pipes a download into an interpreter"),
        (r"\bbase64\s{1,8}(?:-d|-D|--decode)\b", "decodes base64"),
        (r"/dev/(?:tcp|udp)/", "opens a network connection from the shell"),
        (_GIVEN_AWAY, "gives a program to a network connection"),
        (_INLINE, "runs a program from its command line"),
        (r"\bchattr\s{1,8}\+i\b", "makes files immutable"),
        (r"\bLD_PRELOAD=", "preloads a library"),
        (r"\b(?:xmrig|kinsing|kdevtmpfsi|minerd|cryptonight|stratum\+tcp)\b", "names a coin miner"),
    )
)


def odd_habits(command: str) -> tuple[str, ...]:
    """Return what stands out in a command line, as verbs: `names something in /tmp, /var/tmp or /dev/shm`.

    All that stands out in one line is one phrase, so that no line is remarked twice.
    """
    found = []
    if _WORLD_FOLDERS.search(command):
        found.append("names something in /tmp, /var/tmp or /dev/shm")
    if _HIDDEN.search(_HARMLESS_HIDDEN.sub("", command)):
        found.append("names a hidden file")
    found += [words for pattern, words in _HABITS if pattern.search(command)]
    return (" and ".join(dict.fromkeys(found)),) if found else ()


def odd_file(path: bytes, entry: Entry) -> tuple[str, ...]:
    """Return what stands out in a file that the system runs or obeys by itself."""
    found = []
    if entry.kind is not EntryKind.LINK:
        if stat.S_IMODE(entry.mode) & stat.S_IWOTH:
            found.append("everyone may write it")
        if entry.uid != 0:
            found.append(f"its owner is the user id {entry.uid}")
    if path.rpartition(b"/")[2].startswith(b"."):
        found.append("its name is hidden")
    return tuple(found)


def describe_odd(what: str, path: bytes, reasons: tuple[str, ...]) -> str:
    """Return a remark: what it is, where, and why it stands out."""
    return f"{what} {as_text(path)}: {', '.join(reasons)}"
