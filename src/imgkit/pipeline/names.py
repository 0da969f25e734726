"""File names for objects: a key is somebody else's word, and only a plain last part becomes a name."""

import re
from collections.abc import Iterable

_LONGEST_NAME = 200
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+@=-]{0,199}")

_OURS = (".parts.json", ".imgkit.json")  # what imgkit itself writes beside an object, perhaps beside the very next one


def plain_name(key: str) -> str:
    """Return the last part of a key with everything that is no plain sign as `_`, and `object` where nothing is left.

    The same key always gives the same name: a file is found again by it.
    """
    last = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "._+@=-") else "_" for sign in _last(key))
    name = last[-_LONGEST_NAME:].lstrip(".+@=-")
    if name.endswith(_OURS):
        name += "_"
    return name if _PLAIN_NAME.fullmatch(name) and name.strip("_.") else "object"


def local_name(key: str, *, otherwise: str, taken: Iterable[str]) -> str:
    """Return a name for an object's file; `otherwise` stands for a key that is no plain name. None is used twice."""
    used = set(taken)
    last = _last(key)
    is_plain = _PLAIN_NAME.fullmatch(last) and not last.endswith(_OURS)
    name = last if is_plain else otherwise
    if name not in used:
        return name
    return next(f"{number}-{name}" for number in range(2, len(used) + 3) if f"{number}-{name}" not in used)


def _last(key: str) -> str:
    return key.rpartition("/")[2]
