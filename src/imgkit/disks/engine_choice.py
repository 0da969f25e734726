"""Where libguestfs sees what imgkit's own reader cannot: the places, and why."""

from collections.abc import Mapping, Sequence

from imgkit.errors import NeedsKey, SettingsError
from imgkit.model.storage import EncryptedState, EncryptedVolume, Journal, Storage
from imgkit.model.volume_key import VolumeKey

NEVER_REPLAYED = frozenset({"ntfs"})  # by a driver of Linux that may not write
PUT_TOGETHER = frozenset({"linux_raid_member", "LDM_member", "zfs_member"})


def reasons_for_guestfs(storage: Storage, keys: Sequence[VolumeKey] = ()) -> Mapping[str, str]:
    """Return the places that libguestfs may read better, with the reason; `storage` is what imgkit itself saw."""
    found: dict[str, str] = {}
    for one in storage.file_systems:
        if one.error:
            found[one.place] = f"{one.type} that imgkit itself cannot read"
        elif one.journal is Journal.PENDING and one.type not in NEVER_REPLAYED:
            found[one.place] = "changes wait in its journal"
    found |= {one.place: one.type for one in storage.members if one.type in PUT_TOGETHER and one.error}
    found |= {one.place: f"a volume of LVM: {one.error}" for one in storage.logical_volumes if one.error}
    for volume in storage.encrypted:
        if any(key.fits(volume.place) for key in keys):
            found[volume.place] = "a key was given"
    return {**found, **_hidden(storage, keys, found)}


def reason_line(reasons: Mapping[str, str]) -> str:
    """Say in one line why libguestfs was called."""
    return "libguestfs changes the answer for " + ", ".join(f"{place} ({why})" for place, why in reasons.items())


def require_opened(storage: Storage, keys: Sequence[VolumeKey]) -> None:
    """Refuse to go on where a key was given and opens nothing. Raises NeedsKey, SettingsError."""
    places = {one.place for one in storage.encrypted}
    stray = [key for key in keys if key.place and key.place not in places]
    if stray:
        raise SettingsError(
            f"{stray[0].place} is no encrypted volume of these disks",
            hint=f"Encrypted are: {', '.join(sorted(places)) or 'none'}.",
        )
    closed = [one for one in storage.encrypted if one.state is EncryptedState.REFUSED]
    opened = any(one.state is EncryptedState.OPENED for one in storage.encrypted)
    if closed and (not opened or any(key.place == one.place for key in keys for one in closed)):
        raise NeedsKey(f"{_list(closed)}: no key that was given opens it", hint=_hint(closed))


def _hidden(storage: Storage, keys: Sequence[VolumeKey], found: Mapping[str, str]) -> Mapping[str, str]:
    """A key may be for a volume that only shows once its array or its outer volume is open."""
    places = {one.place for one in storage.encrypted} | found.keys()
    return {key.place: "a key was given" for key in keys if key.place and key.place not in places}


def _list(volumes: Sequence[EncryptedVolume]) -> str:
    return ", ".join(f"{one.place} ({one.type})" for one in volumes)


def _hint(volumes: Sequence[EncryptedVolume]) -> str:
    errors = "; ".join(one.error for one in volumes if one.error)
    words = "Give the passphrase or the key in a file: --key-file FILE, or --key-file PLACE=FILE for one volume."
    return f"{words} libguestfs said: {errors}" if errors else words
