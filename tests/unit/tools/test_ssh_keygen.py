"""Tests of tools/ssh_keygen.py that need no ssh-keygen; the rest is in tests/integration/test_signing.py."""

from pathlib import Path

import pytest

from imgkit.errors import NotAccessible
from imgkit.tools.ssh_keygen import as_allowed_signers, is_public_key, sign

KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINpcfFucK+0dkz1Mu2vxLQM0O/Enb5f9X2rAM2kh ada@host"
LISTED = b'ada@example.com namespaces="statement@imgkit" ' + KEY


def test_a_bare_key_becomes_a_list_for_our_statements_alone():
    assert as_allowed_signers(b"# mine\n" + KEY + b"\n") == b'* namespaces="statement@imgkit" ' + KEY + b"\n"


def test_a_list_stays_as_it_is():
    text = b"# the team\n\n" + LISTED + b"\nbob@example.com " + KEY + b"\n"
    assert as_allowed_signers(text) == text


@pytest.mark.parametrize("text", [KEY, LISTED, b"sk-" + KEY, b"# a remark\n\n" + KEY])
def test_keys_and_lists_are_known_by_their_content(text: bytes):
    assert is_public_key(text)


@pytest.mark.parametrize("text", [b"", b"# a remark", b"hello", KEY + b"\nand more words", b"\xff\xfe"])
def test_anything_else_is_neither(text: bytes):
    assert not is_public_key(text)


def test_a_key_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(NotAccessible, match="there is no key"):
        sign(tmp_path / "message", tmp_path / "nowhere")
