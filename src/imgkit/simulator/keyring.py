"""Access keys and security tokens of the loopback cloud."""

import secrets
import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """A long-lived key, or a temporary one with its token and the moment when both end."""

    key_id: str
    secret: str
    token: str = ""
    expires: datetime | None = None

    def has_expired(self, now: datetime) -> bool:
        """Tell whether a temporary key is over."""
        return self.expires is not None and now >= self.expires


class Keyring:
    """All keys by their id; safe to use from several threads."""

    def __init__(self, *keys: AccessKey) -> None:
        self._lock = threading.Lock()
        self._keys = {key.key_id: key for key in keys}

    def find(self, key_id: str) -> AccessKey | None:
        """Return the key of that id."""
        with self._lock:
            return self._keys.get(key_id)

    def issue(self, now: datetime, *, seconds: float = 3600.0) -> AccessKey:
        """Make a temporary key, as the token service does."""
        key = AccessKey(
            key_id="STS." + secrets.token_hex(10),
            secret=secrets.token_hex(20),
            token="CAIS" + secrets.token_urlsafe(48),
            expires=now + timedelta(seconds=seconds),
        )
        with self._lock:
            self._keys[key.key_id] = key
        return key

    def expire(self, key_id: str, now: datetime) -> None:
        """End a temporary key now; a long-lived one does not end."""
        with self._lock:
            key = self._keys.get(key_id)
            if key is not None and key.expires is not None:
                self._keys[key_id] = replace(key, expires=min(key.expires, now))
