"""Encrypted volumes through libguestfs: what they are, and opening them with the keys that were given."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from imgkit.disks.guestfs_asking import Asking, short_reason
from imgkit.disks.guestfs_places import Places
from imgkit.disks.guestfs_signatures import recognised
from imgkit.model.storage import EncryptedState, EncryptedVolume
from imgkit.model.volume_key import VolumeKey
from imgkit.tools.guestfs import GuestfsRefused

log = logging.getLogger(__name__)

LUKS = "crypto_LUKS"
ENCRYPTED = frozenset({LUKS, "BitLocker"})
# cryptsetup's exit code 2: "no permission (bad passphrase)", cryptsetup(8).
WRONG_KEY = re.compile(r"No key available|Operation not permitted|status 2\b|incorrect passphrase", re.IGNORECASE)


@dataclass(slots=True, kw_only=True)
class Opener:
    """Opens volumes for the appliance; the changes that a journal's replay makes go into its overlay."""

    asking: Asking
    places: Places
    keys: Sequence[VolumeKey] = ()
    volumes: list[EncryptedVolume] = field(default_factory=list)

    def take(self, device: str, kind: str) -> str:
        """Describe an encrypted volume, open it if a key does, and return the device of what it holds, or nothing."""
        place = self.places.place(device)
        state, error, opened = self._open(device, place)
        seen = recognised(self.asking, device, place)
        if opened:
            self.places.decrypted[opened] = place
        self.volumes.append(
            EncryptedVolume(
                place=place,
                roles=self.places.roles(place),
                type=self._version(device, kind, place),
                uuid=self.asking.text(f"vfs_uuid of {place}", "vfs_uuid", device),
                label=seen.label if seen else "",
                cipher=seen.detail if seen else "",
                state=state,
                error=error,
            )
        )
        return opened

    def _version(self, device: str, kind: str, place: str) -> str:
        head = self.asking.ask(f"the header of {place}", b"", "pread_device", device, 8, 0)
        return f"luks{head[7]}" if kind == LUKS and len(head) == 8 else kind.casefold()

    def _open(self, device: str, place: str) -> tuple[EncryptedState, str, str]:
        fitting = [key for key in self.keys if key.fits(place)]
        if not fitting:
            return EncryptedState.NO_KEY, "", ""
        name = f"imgkit-{len(self.volumes)}"
        error = ""
        for secret in (secret for key in fitting for secret in key.secrets):
            try:
                self.asking.worker.open_encrypted(device, secret, name)
            except GuestfsRefused as refused:
                error = "" if WRONG_KEY.search(refused.message) else error or short_reason(refused)
                log.debug("%s was not opened: %s", place, short_reason(refused))
                continue
            return EncryptedState.OPENED, "", f"/dev/mapper/{name}"
        return EncryptedState.REFUSED, error, ""
