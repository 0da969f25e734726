"""Which keys open which account: authorized_keys wherever the server looks for it, and where it looks by default."""

from collections.abc import Iterator, Sequence

from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Guest, as_path, as_text
from imgkit.facts.homes import Account, Home, accounts_of, beneath, homes_of
from imgkit.facts.ssh_public_key import BadKey, KeyLine, parse_key_line
from imgkit.facts.sshd_config import gather_sshd_config, values_of
from imgkit.facts.standing_out import odd_habits
from imgkit.model.fact import Fact
from imgkit.model.ssh import AuthorizedKey, KeyOption, SshdSetting
from imgkit.model.tree import Entry, EntryKind

_DEFAULTS = (".ssh/authorized_keys", ".ssh/authorized_keys2")
_MOST_KEYS = 20_000
_MOST_PLACES = 50_000
_MOST_LINE = 64 * 1024


def read_authorized_keys(guest: Guest) -> Fact[tuple[AuthorizedKey, ...]]:
    """List every key that lets somebody in; a line that is none is named by its file and number."""
    look = Gathering(guest)
    accounts, homes = accounts_of(look), homes_of(look)
    settings = gather_sshd_config(Gathering(guest))
    places = sorted(_places(look, accounts, homes, settings).items())
    found = (key for path, (users, read) in places for key in _keys_of(look, path, users, read=read))
    keys = look.first(found, _MOST_KEYS, "keys")
    return look.fact(keys, nothing="there is neither a passwd nor any authorized_keys")


def key_file_patterns(settings: Sequence[SshdSetting], name: str) -> tuple[str, ...] | None:
    """Return the file patterns that a setting names, for anybody; None where it is not set."""
    lines = values_of(list(settings), name)
    if not lines:
        return None
    words = [word for line in lines for word in line.value.split() if word.lower() != "none"]
    if not any(line.holds for line in lines) and name == "authorizedkeysfile":
        words += _DEFAULTS
    return tuple(dict.fromkeys(words))


def expand_tokens(pattern: str, account: Account) -> bytes:
    """Return the path that a pattern of the server means for an account: `%h`, `%u`, `%U`, `%%`; else beside home."""
    values = {"h": as_text(account.home), "u": account.name, "U": str(account.uid), "%": "%"}
    parts = pattern.split("%")
    found, at = [parts[0]], 1
    while at < len(parts):
        if not parts[at] and at + 1 < len(parts):  # `%%`
            found.append("%" + parts[at + 1])
            at += 2
            continue
        token = parts[at][:1]
        found.append(values.get(token, f"%{token}") + parts[at][1:])
        at += 1
    path = as_path("".join(found))
    path = path if path.startswith(b"/") else account.home.rstrip(b"/") + b"/" + path
    return b"/" + b"/".join(part for part in path.split(b"/") if part)


def _places(
    look: Gathering, accounts: Sequence[Account], homes: Sequence[Home], settings: Sequence[SshdSetting]
) -> dict[bytes, tuple[tuple[str, ...], bool]]:
    """Return each file that may hold keys, with the users that it opens, and whether the server reads it."""
    named = key_file_patterns(settings, "authorizedkeysfile")
    patterns = _DEFAULTS if named is None else named
    users: dict[bytes, list[str]] = {}
    for account in accounts:
        for pattern in patterns[:20] if account.home.startswith(b"/") else ():
            if len(users) < _MOST_PLACES:
                users.setdefault(expand_tokens(pattern, account), []).append(account.name)
    if len(users) >= _MOST_PLACES:
        look.lack(f"only the first {_MOST_PLACES} places of keys were looked at")
    places = {path: (tuple(dict.fromkeys(names)), True) for path, names in users.items()}
    for home in homes:
        for name in _DEFAULTS:
            places.setdefault(beneath(home, name.encode()), (home.users, False))
    return places


def _keys_of(look: Gathering, path: bytes, users: tuple[str, ...], *, read: bool) -> Iterator[AuthorizedKey]:
    entry = look.stat(path)
    if entry is None or entry.kind is EntryKind.FOLDER:
        return
    content = look.read(path)
    count = 0
    for number, line in look.lines(content):
        if not line or line.startswith("#"):
            continue
        try:
            parsed = parse_key_line(line[:_MOST_LINE])
        except BadKey as error:
            look.lack_line(path, number, str(error))
            continue
        count += 1
        _remark(look, path, number, parsed)
        yield _authorized(look, path, number, users, parsed, read=read)
    if count:
        _remark_file(look, path, entry, users, read=read)


def _authorized(
    look: Gathering, path: bytes, number: int, users: tuple[str, ...], parsed: KeyLine, *, read: bool
) -> AuthorizedKey:
    names = {option.name for option in parsed.options}
    quote = look.guest.quote
    return AuthorizedKey(
        path=path,
        line=number,
        users=users,
        read=read,
        type=parsed.type,
        bits=parsed.bits,
        fingerprint=parsed.fingerprint,
        comment=quote(parsed.comment),
        certificate_authority="cert-authority" in names,
        options=tuple(KeyOption(name=option.name, value=quote(option.value)) for option in parsed.options),
    )


def _remark(look: Gathering, path: bytes, number: int, parsed: KeyLine) -> None:
    where = f"{as_text(path)} line {number}"
    for option in parsed.options:
        for habit in odd_habits(option.value):
            look.remark(f"{where}: the option {option.name} {habit}")
    if parsed.type == "ssh-dss" or (parsed.type == "ssh-rsa" and (parsed.bits or 0) < 2048):
        look.remark(f"{where}: a key of {parsed.bits} bits ({parsed.type})")


def _remark_file(look: Gathering, path: bytes, entry: Entry, users: tuple[str, ...], *, read: bool) -> None:
    if not users:
        look.remark(f"{as_text(path)}: keys in the home folder of no account")
    elif not read:
        look.remark(f"{as_text(path)}: keys where the server, as it is set, does not look")
    if entry.kind is EntryKind.FILE and entry.mode & 0o022:
        look.remark(f"{as_text(path)}: others than its owner may write it")
