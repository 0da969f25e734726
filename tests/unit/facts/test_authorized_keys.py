import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.held import held
from tests.unit.facts.ssh_samples import ECDSA, ED25519, ED25519_FINGERPRINT, RSA
from tests.unit.facts.tree import File, Nodes, Shut, guest_with

from imgkit.facts import authorized_keys
from imgkit.facts.authorized_keys import expand_tokens, read_authorized_keys
from imgkit.facts.homes import Account
from imgkit.model.fact import Fact, FactState
from imgkit.model.ssh import AuthorizedKey

PASSWD = "root:x:0:0::/root:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/bash\n"


def read_with(files: Nodes) -> Fact[tuple[AuthorizedKey, ...]]:
    return read_authorized_keys(guest_with({"/etc/passwd": PASSWD, **files}))


def test_keys_are_found_at_home_in_both_files():
    fact = read_with(
        {
            "/root/.ssh/authorized_keys": f"# mine\n\nno-pty {ED25519}\n",
            "/home/alice/.ssh/authorized_keys2": f"{RSA}\n",
        }
    )
    alice, root = held(fact)
    assert (root.users, root.line, root.fingerprint, root.read) == (("root",), 3, ED25519_FINGERPRINT, True)
    assert [option.name for option in root.options] == ["no-pty"]
    assert (alice.users, alice.path) == (("alice",), b"/home/alice/.ssh/authorized_keys2")
    assert not fact.partial


def test_keys_are_found_where_the_server_looks_also_by_a_drop_in_and_a_block():
    fact = read_with(
        {
            "/etc/ssh/sshd_config": "Include sshd_config.d/*.conf\nMatch User root\nAuthorizedKeysFile /etc/keys/of",
            "/etc/ssh/sshd_config.d/k.conf": "AuthorizedKeysFile /etc/keys/%u %h/.k/%U\n",
            "/etc/keys/alice": ED25519,
            "/etc/keys/of": RSA,
            "/home/alice/.k/1000": ECDSA,
            "/root/.ssh/authorized_keys": ED25519,
        }
    )
    places = {key.path: (key.users, key.read) for key in held(fact)}
    assert places[b"/etc/keys/alice"] == (("alice",), True)
    assert places[b"/home/alice/.k/1000"] == (("alice",), True)
    assert places[b"/etc/keys/of"] == (("root", "alice"), True)
    assert places[b"/root/.ssh/authorized_keys"] == (("root",), False)
    assert any("does not look" in words for words in fact.remarks)


def test_keys_of_an_account_that_is_gone_are_found():
    fact = read_with({"/home/gone/.ssh/authorized_keys": ED25519})
    assert held(fact)[0].users == ()
    assert fact.remarks == ("/home/gone/.ssh/authorized_keys: keys in the home folder of no account",)


def test_a_line_that_is_no_key_is_named_and_leaves_the_others():
    fact = read_with({"/root/.ssh/authorized_keys": f"nonsense\n{ED25519}\n"})
    assert len(held(fact)) == 1
    assert fact.notes == ("/root/.ssh/authorized_keys line 1: nothing follows its options",)


def test_an_authority_is_told_from_a_key():
    assert held(read_with({"/root/.ssh/authorized_keys": f"cert-authority {ED25519}"}))[0].certificate_authority


def test_secrets_in_options_are_masked():
    fact = read_with({"/root/.ssh/authorized_keys": f'command="x --password hunter2" {ED25519}'})
    assert "hunter2" not in repr(fact)


def test_an_odd_command_a_weak_key_and_an_open_file_stand_out():
    fact = read_with({"/root/.ssh/authorized_keys": File(f'command="/tmp/x" {ED25519}'.encode(), mode=0o666)})
    assert "names something in /tmp" in fact.remarks[0]
    assert "others than its owner may write it" in fact.remarks[1]


def test_a_file_that_cannot_be_read_is_lacking():
    fact = read_with({"/root/.ssh/authorized_keys": Shut("torn")})
    assert (held(fact), fact.partial) == ((), True)
    assert read_authorized_keys(guest_with({})).state is FactState.ABSENT


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("%h/.ssh/k", b"/home/al/.ssh/k"),
        (".ssh/k", b"/home/al/.ssh/k"),
        ("/k/%u", b"/k/al"),
        ("/k/%U", b"/k/7"),
        ("/k/100%%u", b"/k/100%u"),
        ("/k/%%%u", b"/k/%al"),
        ("/k/%x", b"/k/%x"),
        ("/k/%", b"/k/%"),
    ],
)
def test_tokens_of_a_pattern_are_filled_in(pattern, path):
    assert expand_tokens(pattern, Account(name="al", uid=7, gid=7, home=b"/home/al")) == path


def test_keys_without_end_are_cut_and_that_is_said(monkeypatch):
    monkeypatch.setattr(authorized_keys, "_MOST_KEYS", 1)
    fact = read_with({"/home/alice/.ssh/authorized_keys": ED25519, "/root/.ssh/authorized_keys": ED25519})
    assert (len(held(fact)), fact.notes) == (1, ("only the first 1 keys are given",))


@given(st.binary(), st.text(alphabet="%hu/. \n"))
def test_any_bytes_are_borne(keys, patterns):
    read_with({"/root/.ssh/authorized_keys": keys, "/etc/ssh/sshd_config": "AuthorizedKeysFile " + patterns})
