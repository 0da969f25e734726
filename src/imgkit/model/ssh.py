"""Who may come in by SSH: keys, what the server is set to, and the keys and hosts that users have."""

from dataclasses import dataclass

from imgkit.model.fact import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOption:
    """An option before a key, `value` empty where it has none: `no-pty`, `command="…"`."""

    name: str
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizedKey:
    """A line that lets a key in as one of `users` (none: of an account that is gone).

    `fingerprint` is SHA256 as `ssh-keygen -l` shows it. `read` says whether the server, as it is set, reads this file.
    """

    path: bytes
    line: int
    users: tuple[str, ...]
    read: bool
    type: str
    bits: int | None
    fingerprint: str
    comment: str
    certificate_authority: bool = False
    options: tuple[KeyOption, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A public key in a file; `purpose` is `host`, `user CA` or `revoked`."""

    path: bytes
    line: int
    purpose: str
    type: str
    bits: int | None
    fingerprint: str
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SshdSetting:
    """A line of the server's settings, files that it includes among them.

    `holds` says that it is the value for a connection that no `match` but `all` concerns: of several the first holds.
    """

    path: bytes
    line: int
    name: str
    value: str
    match: str = ""
    holds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SshClientSetting:
    """A line of a client's settings under the `Host` or `Match` that it stands under."""

    path: bytes
    line: int
    scope: str
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownHosts:
    """A known_hosts file: how many lines, how many with hashed names, and the names that can be read."""

    path: bytes
    users: tuple[str, ...]
    entries: int
    hashed: int
    authorities: int
    revoked: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateKey:
    """A private key that lies around; of its content only what is public. `encrypted` is None where nobody can tell."""

    path: bytes
    users: tuple[str, ...]
    format: str
    encrypted: bool | None
    type: str
    fingerprint: str
    mode: str
    uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustLine:
    """A line of a file that lets names in: principals of certificates, trusted hosts of old."""

    path: bytes
    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ssh:
    """Everything about SSH, each fact by itself."""

    authorized_keys: Fact[tuple[AuthorizedKey, ...]]
    server: Fact[tuple[SshdSetting, ...]]
    public_keys: Fact[tuple[PublicKey, ...]]
    private_keys: Fact[tuple[PrivateKey, ...]]
    known_hosts: Fact[tuple[KnownHosts, ...]]
    clients: Fact[tuple[SshClientSetting, ...]]
    trust: Fact[tuple[TrustLine, ...]]
