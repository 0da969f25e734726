"""Key files for encrypted volumes: a passphrase, or the bytes of a key."""

import re
from collections.abc import Sequence
from pathlib import Path

from imgkit.errors import NotAccessible, SettingsError
from imgkit.model.volume_key import VolumeKey
from imgkit.units import MiB

_MOST_BYTES = 8 * MiB  # cryptsetup's own limit for a key file
_WITH_PLACE = re.compile(
    r"(?P<place>(?:system|x?vd[a-z]{1,3})(?::[0-9]{1,3})?|/dev/[^/=]+/[^/=]+|zfs:[^=]+)=(?P<path>.+)"
)


def read_volume_keys(words: Sequence[str]) -> tuple[VolumeKey, ...]:
    """Read the files that `FILE` or `PLACE=FILE` name. Raises NotAccessible, SettingsError."""
    return tuple(_read(word) for word in words)


def _read(word: str) -> VolumeKey:
    match = _WITH_PLACE.fullmatch(word)
    path, place = (Path(match["path"]), match["place"]) if match else (Path(word), "")
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise NotAccessible(
            f"cannot read the key file {path}: {error.strerror or error}",
            hint="Name a file that holds the passphrase or the key: --key-file FILE or --key-file PLACE=FILE.",
        ) from error
    if not content or len(content) > _MOST_BYTES:
        raise SettingsError(
            f"{path} is no key file: it is {'larger than 8 MiB' if content else 'empty'}",
            hint="A key file holds a passphrase, or the bytes of a key, and nothing else.",
        )
    return VolumeKey(label=str(path), secrets=_readings(content), place=place)


def _readings(content: bytes) -> tuple[bytes, ...]:
    """A line break at the end came with the editor, or is part of the key: cryptsetup takes it both ways."""
    line = content.removesuffix(b"\n").removesuffix(b"\r")
    return (line, content) if line and line != content else (content,)
