from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.held import held
from tests.unit.facts.ssh_samples import ECDSA, ED25519, ED25519_FINGERPRINT, RSA
from tests.unit.facts.test_ssh_private_key import openssh
from tests.unit.facts.tree import File, Nodes, guest_with

from imgkit.facts import ssh_files
from imgkit.facts.guest import Guest
from imgkit.facts.ssh_files import (
    read_known_hosts,
    read_private_keys,
    read_public_keys,
    read_ssh_clients,
    read_ssh_trust,
)
from imgkit.model.fact import FactState

PASSWD = "root:x:0:0::/root:/bin/bash\neve:x:1000:1000::/home/eve:/bin/bash\n"


def guest(files: Nodes) -> Guest:
    return guest_with({"/etc/passwd": PASSWD, **files})


def test_host_keys_and_authorities_have_fingerprints():
    fact = read_public_keys(
        guest(
            {
                "/etc/ssh/sshd_config": "HostKey /etc/keys/host\nTrustedUserCAKeys /etc/ssh/ca\nRevokedKeys /etc/ssh/n",
                "/etc/ssh/ssh_host_ed25519_key.pub": ED25519,
                "/etc/keys/host.pub": RSA,
                "/etc/ssh/ca": f"# the authority\n{ECDSA}\nodd\n",
                "/etc/ssh/n": b"SSHKRL\n\0binary",
            }
        )
    )
    assert [(key.path, key.purpose, key.line) for key in held(fact)] == [
        (b"/etc/keys/host.pub", "host", 1),
        (b"/etc/ssh/ca", "user CA", 2),
        (b"/etc/ssh/ssh_host_ed25519_key.pub", "host", 1),
    ]
    assert held(fact)[2].fingerprint == ED25519_FINGERPRINT
    assert [words.partition(":")[0] for words in fact.notes] == [
        "/etc/ssh/ca line 3",
        "/etc/ssh/n is a binary list of revoked keys, which this version cannot read",
    ]
    assert "let users in" in fact.remarks[0]


def test_private_keys_are_found_and_nothing_of_them_is_kept():
    fact = read_private_keys(
        guest(
            {
                "/etc/ssh/ssh_host_rsa_key": File(openssh(), mode=0o600),
                "/home/eve/.ssh/odd name": File(openssh(b"aes256-ctr"), mode=0o600, uid=1000),
                "/home/eve/deploy.pem": b"-----BEGIN RSA PRIVATE KEY-----\nMIIEsecret\n",
                "/home/eve/notes.txt": b"-----BEGIN RSA PRIVATE KEY-----\nMIIEsecret\n",
                "/home/eve/.ssh/known_hosts": "x",
            }
        )
    )
    found = {key.path: (key.encrypted, key.users, key.mode) for key in held(fact)}
    assert found == {
        b"/etc/ssh/ssh_host_rsa_key": (False, (), "rw-------"),
        b"/home/eve/.ssh/odd name": (True, ("eve",), "rw-------"),
        b"/home/eve/deploy.pem": (False, ("eve",), "rw-r--r--"),
    }
    assert "secret" not in repr(fact)
    assert fact.remarks == (
        "/home/eve/.ssh/odd name: a private key, encrypted",
        "/home/eve/deploy.pem: a private key, NOT encrypted",
    )


def test_known_hosts_are_counted_and_named_where_they_can_be():
    lines = (
        f"|1|salt|hash {ED25519}\ndb.example,192.0.2.7 {RSA}\n@cert-authority *.x {RSA}\n@revoked old {RSA}\n# x\nodd\n"
    )
    fact = read_known_hosts(guest({"/root/.ssh/known_hosts": lines}))
    one = held(fact)[0]
    assert (one.entries, one.hashed, one.authorities, one.revoked) == (4, 1, 1, 1)
    assert one.names == ("*.x", "192.0.2.7", "db.example", "old")


def test_clients_settings_keep_the_host_that_they_are_for():
    config = "Host db *.x\n  User=root\n  ProxyCommand nc -e /bin/sh %h\n  SetEnv PASSWORD=hunter2\n"
    fact = read_ssh_clients(guest({"/root/.ssh/config": config}))
    assert [(one.scope, one.name, one.value) for one in held(fact)] == [
        ("Host db *.x", "User", "root"),
        ("Host db *.x", "ProxyCommand", "nc -e /bin/sh %h"),
        ("Host db *.x", "SetEnv", "PASSWORD=***"),
    ]
    assert "gives a program to a network connection" in fact.remarks[1]


def test_principals_and_trusted_hosts_are_told():
    fact = read_ssh_trust(
        guest(
            {
                "/etc/ssh/sshd_config": "AuthorizedPrincipalsFile /etc/ssh/principals/%u\n",
                "/etc/ssh/principals/eve": "# who\nadmin\n",
                "/root/.rhosts": "+ +\n",
            }
        )
    )
    assert [(one.path, one.line, one.text) for one in held(fact)] == [
        (b"/etc/ssh/principals/eve", 2, "admin"),
        (b"/root/.rhosts", 1, "+ +"),
    ]


def test_lines_without_end_are_cut_and_that_is_said(monkeypatch):
    monkeypatch.setattr(ssh_files, "_MOST_LINES", 1)
    fact = read_ssh_clients(guest({"/root/.ssh/config": "User a\nUser b\n"}))
    assert (len(held(fact)), fact.notes) == (1, ("only the first 1 of them are given",))


def test_of_an_empty_tree_everything_is_absent():
    readers = (read_public_keys, read_private_keys, read_known_hosts, read_ssh_clients, read_ssh_trust)
    assert {reader(guest_with({})).state for reader in readers} == {FactState.ABSENT}


@given(st.binary(), st.binary())
def test_any_bytes_are_borne(data, other):
    files = {
        "/root/.ssh/known_hosts": data,
        "/root/.ssh/config": other,
        "/root/.ssh/id": data,
        "/etc/ssh/ssh_host_x.pub": other,
    }
    for reader in (read_public_keys, read_private_keys, read_known_hosts, read_ssh_clients, read_ssh_trust):
        reader(guest(files))
