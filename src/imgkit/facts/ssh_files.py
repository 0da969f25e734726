"""The other files of SSH: host keys, authorities, private keys, known hosts, clients' settings, trusted names."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from imgkit.facts.authorized_keys import expand_tokens, key_file_patterns
from imgkit.facts.config_words import split_words
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Guest, as_path, as_text, mode_words
from imgkit.facts.homes import accounts_of, beneath, homes_of
from imgkit.facts.ssh_private_key import recognise_private_key
from imgkit.facts.ssh_public_key import BadKey, parse_key_line
from imgkit.facts.sshd_config import gather_sshd_config, values_of
from imgkit.facts.standing_out import odd_habits
from imgkit.model.fact import Fact
from imgkit.model.ssh import KnownHosts, PrivateKey, PublicKey, SshClientSetting, TrustLine
from imgkit.model.tree import EntryKind
from imgkit.units import KiB

_FOLDER = b"/etc/ssh"
_KEY_BYTES = 64 * KiB
_LOOSE_ENDINGS = (b".pem", b".key", b".ppk", b"_rsa", b"_ed25519", b"_ecdsa", b"_dsa")
_NO_PRIVATE_KEY = (b".pub", b"known_hosts", b"known_hosts.old", b"authorized_keys", b"authorized_keys2", b"config")
_MOST_NAMES = 1000
_MOST_LINES = 20_000
_CLIENT_OF_ALL = (b"/etc/ssh/ssh_config", b"/usr/etc/ssh/ssh_config")
_STANDS_OUT_IN_CLIENT = {"proxycommand", "localcommand", "knownhostscommand"}
_TRUST_OF_ALL = (b"/etc/ssh/shosts.equiv", b"/etc/hosts.equiv")


T = TypeVar("T")


def read_public_keys(guest: Guest) -> Fact[tuple[PublicKey, ...]]:
    """List the server's host keys, and the authorities and revoked keys that its settings name."""
    look = Gathering(guest)
    settings = gather_sshd_config(Gathering(guest))
    files = {found.path: "host" for found in look.names(_FOLDER, suffix=b".pub")}
    for one in values_of(settings, "hostkey"):
        files[as_path(one.value).removesuffix(b".pub") + b".pub"] = "host"
    for name, purpose in (("trustedusercakeys", "user CA"), ("revokedkeys", "revoked")):
        files |= {as_path(one.value): purpose for one in values_of(settings, name) if one.value.startswith("/")}
    found = _first(look, (key for path, purpose in sorted(files.items()) for key in _public_keys(look, path, purpose)))
    for authority in found:
        if authority.purpose == "user CA":
            look.remark(f"{as_text(authority.path)}: certificates of {authority.fingerprint} let users in")
    return look.fact(found, nothing="there are no host keys")


def read_private_keys(guest: Guest) -> Fact[tuple[PrivateKey, ...]]:
    """List private keys in /etc/ssh and where users keep theirs; of what is in them only what is public."""
    look = Gathering(guest)
    found = [key for one in _candidates(look) if (key := _private_key(look, one)) is not None]
    return look.fact(tuple(found), nothing="there is neither a passwd nor any private key")


def read_known_hosts(guest: Guest) -> Fact[tuple[KnownHosts, ...]]:
    """Describe each known_hosts file: where somebody went from here."""
    look = Gathering(guest)
    places = {b"/etc/ssh/ssh_known_hosts": (), b"/etc/ssh/ssh_known_hosts2": ()} | {
        beneath(home, name): home.users
        for home in homes_of(look)
        for name in (b".ssh/known_hosts", b".ssh/known_hosts2", b".ssh/known_hosts.old")
    }
    found = [one for path, users in sorted(places.items()) if (one := _known_hosts(look, path, users)) is not None]
    return look.fact(tuple(found), nothing="there is neither a passwd nor any known_hosts")


def read_ssh_clients(guest: Guest) -> Fact[tuple[SshClientSetting, ...]]:
    """List the settings of SSH clients, of the system and of each user."""
    look = Gathering(guest)
    paths = [*_CLIENT_OF_ALL, *(one.path for one in look.names(b"/etc/ssh/ssh_config.d", suffix=b".conf"))]
    paths += [beneath(home, b".ssh/config") for home in homes_of(look)]
    found = _first(look, (setting for path in paths for setting in _client_settings(look, path)))
    return look.fact(found, nothing="there is neither a passwd nor any ssh_config")


def read_ssh_trust(guest: Guest) -> Fact[tuple[TrustLine, ...]]:
    """List the lines that let names in: principals of certificates, and hosts trusted by name alone."""
    look = Gathering(guest)
    settings = gather_sshd_config(Gathering(guest))
    paths = {*_TRUST_OF_ALL}
    paths |= {beneath(home, name) for home in homes_of(look) for name in (b".rhosts", b".shosts")}
    for pattern in key_file_patterns(settings, "authorizedprincipalsfile") or ():
        paths |= {expand_tokens(pattern, account) for account in accounts_of(look)[:10_000]}
    found = _first(look, (line for path in sorted(paths) for line in _trust_lines(look, path)))
    return look.fact(found, nothing="there is neither a passwd nor any such file")


def _first(look: Gathering, found: Iterator[T]) -> tuple[T, ...]:
    """Return a fact's lines, of too many the first ones."""
    kept = tuple(islice(found, _MOST_LINES))
    if next(found, None) is not None:
        look.lack(f"only the first {_MOST_LINES} of them are given")
    return kept


def _trust_lines(look: Gathering, path: bytes) -> Iterator[TrustLine]:
    for number, line in look.lines(look.read(path)):
        if line and not line.startswith("#"):
            look.remark(f"{as_text(path)} line {number} lets in {line}")
            yield TrustLine(path=path, line=number, text=look.guest.quote(line))


def _public_keys(look: Gathering, path: bytes, purpose: str) -> Iterator[PublicKey]:
    content = look.read(path)
    if content is not None and content.data.startswith(b"SSHKRL\n"):
        look.lack(f"{as_text(path)} is a binary list of revoked keys, which this version cannot read")
        return
    for number, line in look.lines(content):
        if not line or line.startswith("#"):
            continue
        try:
            parsed = parse_key_line(line[:_KEY_BYTES])
        except BadKey as error:
            look.lack_line(path, number, str(error))
            continue
        yield PublicKey(
            path=path,
            line=number,
            purpose=purpose,
            type=parsed.type,
            bits=parsed.bits,
            fingerprint=parsed.fingerprint,
            comment=parsed.comment,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    path: bytes
    mode: str
    uid: int
    users: tuple[str, ...]


def _candidates(look: Gathering) -> Iterator[_Candidate]:
    """Yield small files that may be private keys: everything in .ssh and /etc/ssh, elsewhere by the name."""
    folders: list[tuple[bytes, tuple[str, ...], bool]] = [(_FOLDER, (), True)]
    for home in homes_of(look):
        folders += [(beneath(home, b".ssh"), home.users, True), (home.path, home.users, False)]
    for folder, users, every in folders:
        for found in look.names(folder):
            name, entry = found.entry.name, found.entry
            if entry.kind is not EntryKind.FILE or not 0 < entry.size <= _KEY_BYTES or name.endswith(_NO_PRIVATE_KEY):
                continue
            if every or name.startswith(b"id_") or name.endswith(_LOOSE_ENDINGS):
                yield _Candidate(path=found.path, mode=mode_words(entry), uid=entry.uid, users=users)


def _private_key(look: Gathering, one: _Candidate) -> PrivateKey | None:
    content = Gathering(look.guest).read(one.path, limit=_KEY_BYTES)
    head = recognise_private_key(content.data) if content is not None else None
    if content is None or head is None:
        return None
    look.add_source(content.source)
    if not one.path.startswith(_FOLDER + b"/ssh_host_"):
        state = {True: "encrypted", False: "NOT encrypted", None: "encrypted or not, nobody can tell"}[head.encrypted]
        look.remark(f"{as_text(one.path)}: a private key, {state}")
    return PrivateKey(
        path=one.path,
        users=one.users,
        format=head.format,
        encrypted=head.encrypted,
        type=head.type,
        fingerprint=head.fingerprint,
        mode=one.mode,
        uid=one.uid,
    )


def _known_hosts(look: Gathering, path: bytes, users: tuple[str, ...]) -> KnownHosts | None:
    content = look.read(path)
    if content is None:
        return None
    entries = hashed = authorities = revoked = 0
    names: dict[str, None] = {}
    for _, line in look.lines(content):
        words = line[:_KEY_BYTES].split(None, 2)
        if len(words) < 2 or words[0].startswith("#"):
            continue
        entries += 1
        authorities += words[0] == "@cert-authority"
        revoked += words[0] == "@revoked"
        told = words[1] if words[0].startswith("@") else words[0]
        if told.startswith("|1|"):
            hashed += 1
        elif len(names) < _MOST_NAMES:
            names |= dict.fromkeys(told.split(","))
    return KnownHosts(
        path=path,
        users=users,
        entries=entries,
        hashed=hashed,
        authorities=authorities,
        revoked=revoked,
        names=tuple(sorted(names)[:_MOST_NAMES]),
    )


def _client_settings(look: Gathering, path: bytes) -> Iterator[SshClientSetting]:
    content = look.read(path)
    scope = ""
    for number, line in look.lines(content):
        if not line or line.startswith("#"):
            continue
        name, value = _name_and_value(line)
        if name.lower() in {"host", "match"}:
            scope = f"{name} {value}"
            continue
        if name.lower() in _STANDS_OUT_IN_CLIENT:
            look.remark(f"{as_text(path)} line {number}: {name} {value}")
        for habit in odd_habits(value):
            look.remark(f"{as_text(path)} line {number}: {name} {habit}")
        yield SshClientSetting(
            path=path, line=number, scope=scope, name=name, value=look.guest.quote_value(name, value)
        )


def _name_and_value(line: str) -> tuple[str, str]:
    """Return a keyword and what follows; `=` may stand between them."""
    name = next(iter(line.replace("=", " ", 1).split(None, 1)), line)
    rest = line[len(name) :].lstrip(" \t")
    rest = rest[1:].lstrip(" \t") if rest.startswith("=") else rest
    return name, rest if name.lower().endswith("command") else " ".join(split_words(rest))
