"""Public keys of SSH as they stand in a line: options, type, the key itself, a comment.

The line is described in sshd(8) under AUTHORIZED_KEYS FILE FORMAT, the key in RFC 4253 section 6.6, certificates in
OpenSSH's PROTOCOL.certkeys.
"""

import base64
import binascii
import hashlib
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from imgkit.model.ssh import KeyOption

_CERTIFICATE = "-cert-v01@openssh.com"
_FIELDS = {  # how many fields of a key follow its type
    "ssh-rsa": 2,
    "ssh-dss": 4,
    "ssh-ed25519": 1,
    "ssh-ed448": 1,
    "ecdsa-sha2-nistp256": 2,
    "ecdsa-sha2-nistp384": 2,
    "ecdsa-sha2-nistp521": 2,
    "sk-ssh-ed25519@openssh.com": 2,
    "sk-ecdsa-sha2-nistp256@openssh.com": 3,
}
_FIXED_BITS = {
    "ssh-ed25519": 256,
    "ssh-ed448": 456,
    "ecdsa-sha2-nistp256": 256,
    "ecdsa-sha2-nistp384": 384,
    "ecdsa-sha2-nistp521": 521,
    "sk-ssh-ed25519@openssh.com": 256,
    "sk-ecdsa-sha2-nistp256@openssh.com": 256,
}
_BITS_FIELD = {"ssh-rsa": 1, "ssh-dss": 0}  # which field is as long as the key
_TYPE = re.compile(r"(?:sk-)?(?:ssh|ecdsa)-[\w.-]+(?:@[\w.-]+)?|webauthn-sk-[\w.@-]+")
_OPTION_NAME = re.compile(r"[A-Za-z][\w@.-]*")
_MOST_KEY_CHARACTERS = 64 * 1024


class BadKey(ValueError):
    """This line is no key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLine:
    """What a line says, its key by type and fingerprint."""

    type: str
    bits: int | None
    fingerprint: str
    comment: str
    options: tuple[KeyOption, ...] = ()


def parse_key_line(line: str) -> KeyLine:
    """Read a line of authorized_keys or of a `.pub` file. Raises BadKey."""
    line = line.strip(" \t\r")
    if _begins_with_type(line):
        return _keyed(line, ())
    end = 0 if line[:1].isdigit() else _end_of_options(line)
    rest = line[end:].lstrip(" \t")
    if not _begins_with_type(rest):
        raise BadKey(_why_no_key(rest))
    return _keyed(rest, split_options(line[:end]))


def split_options(text: str) -> tuple[KeyOption, ...]:
    r"""Read options apart by commas outside of quotes, `\"` being a quote inside them. Raises BadKey."""
    found = []
    at = 0
    while at < len(text):
        named = _OPTION_NAME.match(text, at)
        if named is None:
            raise BadKey("its options cannot be understood")
        at = named.end()
        value = ""
        if text.startswith("=", at):
            value, at = _quoted(text, at + 1)
        found.append(KeyOption(name=named[0].lower(), value=value))
        if at < len(text) and text[at] != ",":
            raise BadKey("its options cannot be understood")
        at += 1
    return tuple(found)


def fingerprint_of(blob: bytes) -> str:
    """Return the SHA256 fingerprint of a key as `ssh-keygen -l` shows it; of a certificate that of its key."""
    digest = hashlib.sha256(_plain_key(blob)).digest()
    return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")


def read_blob(blob: bytes) -> tuple[str, int | None]:
    """Return type and bits of an encoded key. Raises BadKey."""
    fields = _fields(_plain_key(blob))
    name = fields[0].decode("ascii", "replace")
    at = _BITS_FIELD.get(name)
    if at is None:
        return name, _FIXED_BITS.get(name)
    if len(fields) < at + 2:
        raise BadKey("its key is cut short")
    return name, int.from_bytes(fields[at + 1], "big").bit_length()


def _begins_with_type(text: str) -> bool:
    return _TYPE.fullmatch(_first_word(text)) is not None


def _first_word(text: str) -> str:
    return re.split(r"[ \t]", text[:256], maxsplit=1)[0]


def _why_no_key(rest: str) -> str:
    if re.match(r"\d+[ \t]+\d+[ \t]+\d+", rest):
        return "a key of SSH protocol 1, which no server of today reads"
    return "no type of key stands in it" if rest else "nothing follows its options"


def _keyed(text: str, options: tuple[KeyOption, ...]) -> KeyLine:
    words = text.split(None, 2)
    if len(words) < 2:
        raise BadKey("the key itself is missing")
    if len(words[1]) > _MOST_KEY_CHARACTERS:
        raise BadKey("its key is longer than any key is")
    try:
        blob = base64.b64decode(words[1], validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadKey("its key is no base64") from error
    told = _fields(blob)[0].decode("ascii", "replace")
    if told != words[0]:
        raise BadKey(f"it says {words[0]}, and its key is of another type")
    bits = read_blob(blob)[1]
    comment = words[2].strip() if len(words) > 2 else ""
    return KeyLine(type=told, bits=bits, fingerprint=fingerprint_of(blob), comment=comment, options=options)


def _end_of_options(line: str) -> int:
    """Return where the first blank outside of quotes is."""
    quoted = False
    letters = iter(enumerate(line))
    for at, letter in letters:
        if letter in " \t" and not quoted:
            return at
        if letter == "\\" and line.startswith('"', at + 1):
            next(letters)
        elif letter == '"':
            quoted = not quoted
    return len(line)


def _quoted(text: str, at: int) -> tuple[str, int]:
    if not text.startswith('"', at):
        raise BadKey("the value of an option is not quoted")
    value: list[str] = []
    at += 1
    while at < len(text) and text[at] != '"':
        if text.startswith('\\"', at):
            at += 1
        value.append(text[at])
        at += 1
    if at >= len(text):
        raise BadKey("a quote among its options never closes")
    return "".join(value), at + 1


def _plain_key(blob: bytes) -> bytes:
    """Return the key itself: a certificate holds its fields after the type and a nonce."""
    fields = _fields(blob)
    name = fields[0].decode("ascii", "replace")
    if not name.endswith(_CERTIFICATE):
        return blob
    bare = name.removesuffix(_CERTIFICATE)
    bare = f"{bare}@openssh.com" if bare.startswith("sk-") else bare
    count = _FIELDS.get(bare)
    if count is None or len(fields) < 2 + count:
        raise BadKey("its certificate is of an unknown kind or cut short")
    return _joined([bare.encode(), *fields[2 : 2 + count]])


def _fields(blob: bytes) -> list[bytes]:
    """Read length-prefixed fields until they stop being such; a certificate has other things behind them."""
    found: list[bytes] = []
    at = 0
    while at + 4 <= len(blob) and len(found) < 8:
        (length,) = struct.unpack_from(">I", blob, at)
        if at + 4 + length > len(blob):
            break
        found.append(blob[at + 4 : at + 4 + length])
        at += 4 + length
    if not found or not found[0]:
        raise BadKey("its key is cut short")
    return found


def _joined(fields: Sequence[bytes]) -> bytes:
    return b"".join(struct.pack(">I", len(field)) + field for field in fields)
