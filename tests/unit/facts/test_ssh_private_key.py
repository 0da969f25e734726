import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.ssh_samples import ED25519, ED25519_FINGERPRINT

from imgkit.facts.ssh_private_key import recognise_private_key


def openssh(cipher: bytes = b"none", public: bytes | None = None) -> bytes:
    """A key file with the public half of the sample and no secret at all."""
    blob = base64.b64decode(ED25519.split()[1]) if public is None else public
    fields = [cipher, b"none", b""]
    body = b"openssh-key-v1\0" + b"".join(struct.pack(">I", len(one)) + one for one in fields)
    body += struct.pack(">II", 1, len(blob)) + blob
    return b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + base64.encodebytes(body) + b"-----END OPENSSH PRIVATE KEY-----\n"


@pytest.mark.parametrize(("cipher", "encrypted"), [(b"none", False), (b"aes256-ctr", True)])
def test_the_format_of_openssh_tells_the_public_half_and_whether_it_is_encrypted(cipher, encrypted):
    found = recognise_private_key(openssh(cipher))
    assert (found.format, found.type, found.fingerprint) == ("OpenSSH", "ssh-ed25519", ED25519_FINGERPRINT)
    assert found.encrypted is encrypted


@pytest.mark.parametrize(
    ("data", "kind", "encrypted"),
    [
        (b"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n", "PEM", False),
        (b"-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n", "PEM", True),
        (b"-----BEGIN PRIVATE KEY-----\nMIIE\n", "PKCS #8", False),
        (b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIE\n", "PKCS #8", True),
        (b"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: aes256-cbc\n", "PuTTY 3", True),
        (b"PuTTY-User-Key-File-2: ssh-rsa\r\nEncryption: none\r\n", "PuTTY 2", False),
        (b"\n  -----BEGIN PRIVATE KEY-----\r\nMIIE\n", "PKCS #8", False),
    ],
)
def test_other_formats_are_told_by_their_first_lines(data, kind, encrypted):
    found = recognise_private_key(data)
    assert (found.format, found.encrypted) == (kind, encrypted)


@pytest.mark.parametrize(
    "data", [b"", b"ssh-rsa AAAA", b"-----BEGIN CERTIFICATE-----\nMII\n", b"-----BEGIN RSA PUBLIC KEY-----\n"]
)
def test_what_is_no_private_key_is_none(data):
    assert recognise_private_key(data) is None


def test_a_damaged_key_is_one_of_which_nobody_can_tell():
    assert recognise_private_key(openssh(public=b"x")).encrypted is None
    assert recognise_private_key(b"-----BEGIN OPENSSH PRIVATE KEY-----\n!!!\n").encrypted is None


@given(st.binary())
def test_any_bytes_are_borne(data):
    recognise_private_key(b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + base64.b64encode(b"openssh-key-v1\0" + data))
    recognise_private_key(data)
