"""File names for objects: a key is somebody else's word, and only a plain last part becomes a name."""

import re
from collections.abc import Iterable

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+@=-]{0,199}")

_OURS = (".parts.json", ".imgkit.json")  # what imgkit itself writes beside an object, perhaps beside the very next one


def local_name(key: str, *, otherwise: str, taken: Iterable[str]) -> str:
    """Return a name for an object's file; `otherwise` stands for a key that is no plain name. None is used twice."""
    used = set(taken)
    last = key.rpartition("/")[2]
    is_plain = _PLAIN_NAME.fullmatch(last) and not last.endswith(_OURS)
    name = last if is_plain else otherwise
    if name not in used:
        return name
    return next(f"{number}-{name}" for number in range(2, len(used) + 3) if f"{number}-{name}" not in used)
