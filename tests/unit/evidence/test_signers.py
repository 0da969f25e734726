"""Tests of evidence/signers.py."""

from pathlib import Path

import pytest
from tests.unit.tools.test_minisign import KEY as MINISIGN
from tests.unit.tools.test_ssh_keygen import KEY as SSH

from imgkit.errors import NotAccessible, SettingsError
from imgkit.evidence.signers import read_signers
from imgkit.model.signing import SignatureKind

PEM = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("content", "kind"),
    [(SSH, SignatureKind.SSH), (MINISIGN, SignatureKind.MINISIGN), (PEM, SignatureKind.TIMESTAMP)],
)
def test_what_a_file_is_its_content_says(tmp_path: Path, content: bytes, kind: SignatureKind):
    (tmp_path / "any name").write_bytes(content)
    (signer,) = read_signers([tmp_path / "any name"])
    assert (signer.kind, signer.content) == (kind, content)


@pytest.mark.parametrize(
    "secret", [b"-----BEGIN OPENSSH PRIVATE KEY-----\n", b"-----BEGIN EC PRIVATE KEY-----\n" + PEM]
)
def test_a_secret_key_is_refused_by_its_name_and_not_shown(tmp_path: Path, secret: bytes):
    (tmp_path / "id").write_bytes(secret + b"c2VjcmV0")
    with pytest.raises(SettingsError, match="is a secret key") as refused:
        read_signers([tmp_path / "id"])
    assert "c2VjcmV0" not in refused.value.message + refused.value.hint


@pytest.mark.parametrize("content", [b"", b"hello\n", b"\0" * (2 * 1024 * 1024)])
def test_what_says_nothing_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(SettingsError, match="nothing that says whom to trust"):
        read_signers([tmp_path / "file"])


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(NotAccessible, match="nowhere"):
        read_signers([tmp_path / "nowhere"])
