"""Tables of SSH, and a line of it for the summary."""

from collections.abc import Iterator

from imgkit.model.ssh import AuthorizedKey, KeyOption, PrivateKey, Ssh
from imgkit.render.titles import Table, decode, list_title, unknown_words

_TOLD = ("PermitRootLogin", "PasswordAuthentication")
_KEY_HEADS = ("users", "type", "fingerprint", "comment", "options", "where")
_PUBLIC_HEADS = ("purpose", "type", "fingerprint", "comment", "where")
_PRIVATE_HEADS = ("where", "users", "format", "encrypted", "mode", "owner", "fingerprint")


def ssh_tables(ssh: Ssh, of: str) -> Iterator[Table]:
    """Yield every list of SSH."""
    keys = [_key(one) for one in ssh.authorized_keys.value or ()]
    yield list_title("AUTHORIZED KEYS" + of, ssh.authorized_keys), _KEY_HEADS, keys
    settings = [
        (_where(one.path, one.line), one.name, one.value, one.match, "holds" if one.holds else "")
        for one in ssh.server.value or ()
    ]
    yield list_title("SSH SERVER" + of, ssh.server), ("where", "setting", "value", "match", ""), settings
    public = [
        (one.purpose, one.type, one.fingerprint, one.comment, _where(one.path, one.line))
        for one in ssh.public_keys.value or ()
    ]
    yield list_title("HOST KEYS AND AUTHORITIES" + of, ssh.public_keys), _PUBLIC_HEADS, public
    private = [_private(one) for one in ssh.private_keys.value or ()]
    yield list_title("PRIVATE KEYS" + of, ssh.private_keys), _PRIVATE_HEADS, private
    known = [
        (decode(one.path), str(one.entries), str(one.hashed), ", ".join(one.names))
        for one in ssh.known_hosts.value or ()
    ]
    yield list_title("KNOWN HOSTS" + of, ssh.known_hosts), ("file", "entries", "hashed", "names"), known
    clients = [(_where(one.path, one.line), one.scope, one.name, one.value) for one in ssh.clients.value or ()]
    yield list_title("SSH CLIENTS" + of, ssh.clients), ("where", "for", "setting", "value"), clients
    trust = [(_where(one.path, one.line), one.text) for one in ssh.trust.value or ()]
    yield list_title("TRUSTED NAMES" + of, ssh.trust), ("where", "line"), trust


def ssh_words(ssh: Ssh) -> str:
    """Return SSH in a few words: how many keys let whom in, and the settings that matter most."""
    fact = ssh.authorized_keys
    if fact.value is None:
        words = list(unknown_words(fact, "keys"))
    else:
        users = sorted({user for key in fact.value for user in key.users})
        count = len(fact.value)
        words = [f"{count} key{'' if count == 1 else 's'}" + (f" for {', '.join(users)}" if users else "")]
    held = {one.name.lower(): one.value for one in ssh.server.value or () if one.holds}
    words += [f"{name} {held[name.lower()]}" for name in _TOLD if name.lower() in held]
    if ssh.server.value is None:
        words += unknown_words(ssh.server, "server")
    return "; ".join(words)


def _key(one: AuthorizedKey) -> tuple[str, ...]:
    kind = f"{one.type} {one.bits}" if one.bits and one.type == "ssh-rsa" else one.type
    options = ",".join(map(_option, one.options))
    where = _where(one.path, one.line) + ("" if one.read else " (not read)")
    return ", ".join(one.users) or "(no account)", kind, one.fingerprint, one.comment, options, where


def _option(option: KeyOption) -> str:
    return f'{option.name}="{option.value}"' if option.value else option.name


def _private(one: PrivateKey) -> tuple[str, ...]:
    encrypted = {True: "yes", False: "NO", None: "unknown"}[one.encrypted]
    kind = f"{one.format} {one.type}".strip()
    return decode(one.path), ", ".join(one.users), kind, encrypted, one.mode, str(one.uid), one.fingerprint


def _where(path: bytes, line: int) -> str:
    return f"{decode(path)}:{line}"
