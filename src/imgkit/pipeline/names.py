"""File names for objects: a key is somebody else's word, and only a plain last part becomes a name."""

import re
from collections.abc import Iterable

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+@=-]{0,199}")


def local_name(key: str, *, otherwise: str, taken: Iterable[str]) -> str:
    """Return a name for an object's file; `otherwise` stands for a key that is no plain name. None is used twice."""
    used = set(taken)
    last = key.rpartition("/")[2]
    name = last if _PLAIN_NAME.fullmatch(last) else otherwise
    if name not in used:
        return name
    return next(f"{number}-{name}" for number in range(2, len(used) + 3) if f"{number}-{name}" not in used)
