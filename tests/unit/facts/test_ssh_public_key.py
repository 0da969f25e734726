import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.ssh_samples import (
    CERTIFICATE,
    ECDSA,
    ECDSA_FINGERPRINT,
    ED25519,
    ED25519_FINGERPRINT,
    RSA,
    RSA_FINGERPRINT,
)

from imgkit.facts.ssh_public_key import BadKey, fingerprint_of, parse_key_line, read_blob, split_options
from imgkit.model.ssh import KeyOption


@pytest.mark.parametrize(
    ("line", "kind", "bits", "fingerprint", "comment"),
    [
        (RSA, "ssh-rsa", 3072, RSA_FINGERPRINT, "me@rsa"),
        (ED25519, "ssh-ed25519", 256, ED25519_FINGERPRINT, "me@ed25519"),
        (ECDSA, "ecdsa-sha2-nistp256", 256, ECDSA_FINGERPRINT, "me@ecdsa"),
    ],
)
def test_a_key_has_the_fingerprint_that_ssh_keygen_shows(line, kind, bits, fingerprint, comment):
    found = parse_key_line(line)
    assert (found.type, found.bits, found.fingerprint, found.comment) == (kind, bits, fingerprint, comment)


def test_a_certificate_has_the_fingerprint_of_its_key():
    found = parse_key_line(CERTIFICATE)
    assert (found.type, found.fingerprint) == ("ssh-ed25519-cert-v01@openssh.com", ED25519_FINGERPRINT)


def test_options_keep_commas_and_blanks_in_quotes():
    line = f'command="a,b \\"c\\" d",no-pty,from="10.0.0.0/8,*.example",environment="A=b" {ED25519}'
    assert parse_key_line(line).options == (
        KeyOption(name="command", value='a,b "c" d'),
        KeyOption(name="no-pty"),
        KeyOption(name="from", value="10.0.0.0/8,*.example"),
        KeyOption(name="environment", value="A=b"),
    )


def test_the_name_of_an_option_has_no_case():
    assert split_options("Cert-Authority") == (KeyOption(name="cert-authority"),)


def test_a_comment_may_have_blanks_and_may_be_missing():
    assert parse_key_line(ED25519 + " of mine").comment == "me@ed25519 of mine"
    assert parse_key_line(" ".join(ED25519.split()[:2])).comment == ""


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("no-pty", "nothing follows"),
        ("ssh-rsa", "missing"),
        ("ssh-rsa !!!", "no base64"),
        ("ssh-rsa AAAA", "cut short"),
        (ED25519.replace("ssh-ed25519", "ssh-rsa", 1), "another type"),
        ('command="x ' + ED25519, "nothing follows"),
        ("command=x " + ED25519, "not quoted"),
        (",, " + ED25519, "options"),
        ("2048 65537 123456789", "protocol 1"),
        ("no-pty 2048 65537 123", "protocol 1"),
        ("hello world", "no type"),
        ("ssh-rsa " + "A" * 70000, "longer than any key"),
    ],
)
def test_a_line_that_is_no_key_says_why(line, reason):
    with pytest.raises(BadKey, match=reason):
        parse_key_line(line)


@given(st.text() | st.text(alphabet='ab="\\, -').map(lambda text: text + " " + ED25519))
def test_any_line_is_a_key_or_a_bad_one(line):
    try:
        parse_key_line(line)
    except BadKey:
        return


@given(st.binary())
def test_any_blob_is_borne(blob):
    try:
        read_blob(blob)
        fingerprint_of(blob)
    except BadKey:
        return
