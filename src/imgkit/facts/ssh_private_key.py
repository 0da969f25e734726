"""Private keys, told by their first lines: which format, encrypted or not, and what of them is public anyway.

OpenSSH's own format is described in its PROTOCOL.key; it keeps the public half in the clear.
"""

import base64
import binascii
import re
import struct
from dataclasses import dataclass

from imgkit.facts.ssh_public_key import BadKey, fingerprint_of, read_blob

_BEGIN = re.compile(rb"-----BEGIN ((?:[A-Z0-9]{1,12} ){0,2})PRIVATE KEY-----\s*\n")
_MAGIC = b"openssh-key-v1\0"
_PUTTY = re.compile(rb"PuTTY-User-Key-File-(\d): (\S{1,40})\s*\nEncryption: (\S{1,40})")


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateKeyHead:
    """What can be told of a private key without its secret."""

    format: str
    encrypted: bool | None
    type: str = ""
    fingerprint: str = ""


def recognise_private_key(data: bytes) -> PrivateKeyHead | None:
    """Tell what private key a file begins with, or return None where it does with none."""
    head = data.lstrip(b"\xef\xbb\xbf \t\r\n")[: 64 * 1024]
    begun = _BEGIN.match(head)
    if begun is not None:
        return _pem(begun[1].decode("ascii").strip(), head[begun.end() :])
    putty = _PUTTY.match(head)
    if putty is not None:
        kind = putty[2].decode("ascii", "replace")
        return PrivateKeyHead(format=f"PuTTY {putty[1].decode()}", encrypted=putty[3] != b"none", type=kind)
    return None


def _pem(words: str, body: bytes) -> PrivateKeyHead:
    if words == "OPENSSH":
        return _openssh(body)
    if words == "ENCRYPTED":
        return PrivateKeyHead(format="PKCS #8", encrypted=True)
    if not words:
        return PrivateKeyHead(format="PKCS #8", encrypted=False)
    return PrivateKeyHead(format="PEM", encrypted=b"Proc-Type: 4,ENCRYPTED" in body[:200], type=words.lower())


def _openssh(body: bytes) -> PrivateKeyHead:
    encoded = b"".join(body.partition(b"-----END")[0].split())
    try:
        data = base64.b64decode(encoded, validate=True)
        cipher, public = _cipher_and_public(data)
        kind, _ = read_blob(public)
        return PrivateKeyHead(
            format="OpenSSH", encrypted=cipher != b"none", type=kind, fingerprint=fingerprint_of(public)
        )
    except (binascii.Error, BadKey, struct.error):
        return PrivateKeyHead(format="OpenSSH", encrypted=None)


def _cipher_and_public(data: bytes) -> tuple[bytes, bytes]:
    if not data.startswith(_MAGIC):
        raise BadKey("it is no key of OpenSSH")
    cipher, at = _field(data, len(_MAGIC))
    _, at = _field(data, at)
    _, at = _field(data, at)
    public, _ = _field(data, at + 4)
    return cipher, public


def _field(data: bytes, at: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from(">I", data, at)
    if at + 4 + length > len(data):
        raise BadKey("it is cut short")
    return data[at + 4 : at + 4 + length], at + 4 + length
