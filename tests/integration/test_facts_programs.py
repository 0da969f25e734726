"""Facts about SSH, sudo and log-ins against the programs that these files are for."""

import csv
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.integration.folder_tree import FolderTree
from tests.unit.facts.utmp_samples import BOOT, DEAD, RUN_LEVEL, USER, record

from imgkit.facts.authorized_keys import read_authorized_keys
from imgkit.facts.guest import Guest
from imgkit.facts.ssh_files import read_private_keys, read_public_keys
from imgkit.facts.sshd_config import read_sshd_config
from imgkit.facts.sudoers import read_sudoers
from imgkit.facts.utmp_records import read_records


def guest_of(root: Path, files: dict[str, str | bytes]) -> Guest:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Guest(tree=FolderTree(root), label="x")


def run(*words: str | Path, given: bytes = b"") -> str:
    return subprocess.run(words, input=given, capture_output=True, check=True).stdout.decode()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys of every kind that ssh-keygen makes without a device, plain and encrypted, and certificates."""
    folder = tmp_path_factory.mktemp("keys")
    for kind, bits in (("rsa", "1024"), ("rsa", "3072"), ("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521")):
        run("ssh-keygen", "-q", "-t", kind, "-b", bits, "-N", "", "-C", f"me {bits}", "-f", folder / f"{kind}{bits}")
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "ed25519")
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "secret words", "-f", folder / "shut")
    run("ssh-keygen", "-q", "-t", "rsa", "-m", "PEM", "-N", "secret words", "-f", folder / "pem-shut")
    run("ssh-keygen", "-q", "-t", "rsa", "-m", "PKCS8", "-N", "", "-f", folder / "pkcs8")
    for name in ("ed25519", "rsa3072", "ecdsa384"):
        run("ssh-keygen", "-q", "-s", folder / "ecdsa256", "-I", "id", "-n", "root", folder / f"{name}.pub")
    return folder


@pytest.mark.tools("ssh-keygen")
def test_fingerprints_are_those_of_ssh_keygen(keys: Path, tmp_path: Path):
    public = sorted(keys.glob("*.pub"))
    lines = "".join(f'command="a,b \\"c\\" d",no-pty {path.read_text()}' for path in public)
    guest = guest_of(tmp_path, {"etc/passwd": "root:x:0:0::/root:/bin/sh\n", "root/.ssh/authorized_keys": lines})
    found = read_authorized_keys(guest).value or ()
    shown = [run("ssh-keygen", "-l", "-f", path).split() for path in public]
    assert [(str(key.bits), key.fingerprint) for key in found] == [(words[0], words[1]) for words in shown]
    assert len(found) == len(public) > 10


@pytest.mark.tools("ssh-keygen")
def test_private_keys_tell_their_public_half_and_whether_they_are_encrypted(keys: Path, tmp_path: Path):
    private = {path.stem: path for path in keys.glob("*.pub") if "cert" not in path.stem}
    files: dict[str, str | bytes] = {f"etc/ssh/{name}": (keys / name).read_bytes() for name in private}
    found = {Path(key.path.decode()).name: key for key in read_private_keys(guest_of(tmp_path, files)).value or ()}
    assert set(found) == set(private)
    assert {name for name, key in found.items() if key.encrypted} == {"shut", "pem-shut"}
    for name, key in found.items():
        if key.format == "OpenSSH":
            assert key.fingerprint == run("ssh-keygen", "-l", "-f", private[name]).split()[1]


@pytest.mark.tools("ssh-keygen")
def test_host_keys_are_those_of_ssh_keygen(keys: Path, tmp_path: Path):
    guest = guest_of(tmp_path, {"etc/ssh/ssh_host_rsa_key.pub": (keys / "rsa3072.pub").read_bytes()})
    (key,) = read_public_keys(guest).value or ()
    assert [str(key.bits), key.fingerprint] == run("ssh-keygen", "-l", "-f", keys / "rsa3072.pub").split()[:2]


SSHD = """Include sshd_config.d/*.conf
Port 2022
port=2023
PermitRootLogin yes
X11Forwarding yes
AuthorizedKeysFile /etc/keys/%u .ssh/authorized_keys
AllowUsers alice bob
AllowUsers carol
Banner "/etc/my banner" # why
Match User bob
  PasswordAuthentication yes
Match all
  X11Forwarding no
  MaxAuthTries 3
"""
DROP_IN = "PermitRootLogin no\nMatch Group nobody-has-this\n  PasswordAuthentication yes\n"


@pytest.mark.tools("sshd", "ssh-keygen")  # scripts/setup sets no server up on anybody's machine; CI does
def test_settings_are_those_of_sshd(tmp_path: Path, keys: Path):
    """sshd reads the real /etc, so the patterns of Include are made absolute for it alone."""
    guest = guest_of(tmp_path, {"etc/ssh/sshd_config": SSHD, "etc/ssh/sshd_config.d/a.conf": DROP_IN})
    real = tmp_path / "for-sshd"
    real.write_text(SSHD.replace("sshd_config.d", f"{tmp_path}/etc/ssh/sshd_config.d"))
    Path("/run/sshd").mkdir(exist_ok=True)  # where sshd gives up its rights; nothing of it is started
    shown = run(
        shutil.which("sshd") or "", "-T", "-f", real, "-h", keys / "ed25519", "-C", "user=root,host=x,addr=192.0.2.7"
    )
    theirs: dict[str, list[str]] = {}
    for line in shown.splitlines():
        name, _, value = line.partition(" ")
        theirs.setdefault(name, []).append(value)
    ours: dict[str, list[str]] = {}
    for one in read_sshd_config(guest).value or ():
        if one.holds and one.name.lower() != "include":
            words = one.value.split(" ") if one.name.lower() == "allowusers" else [one.value]
            ours.setdefault(one.name.lower(), []).extend(words)
    assert {name: sorted(values) for name, values in ours.items()} == {name: sorted(theirs[name]) for name in ours}
    assert len(ours) >= 7


SUDOERS = r"""Defaults env_reset, passwd_tries=3
Defaults:alice !authenticate
User_Alias ADMINS = alice, bob : OPS = carol
Runas_Alias DB = postgres, mysql
Host_Alias WEB = web1, web2
Cmnd_Alias SHELLS = /bin/sh, /bin/bash, \
    /bin/zsh
root ALL=(ALL:ALL) ALL
%sudo ALL=(ALL) NOPASSWD: ALL # a comment
ADMINS WEB = (www-data) NOPASSWD: /bin/systemctl restart nginx, PASSWD: SHELLS, /usr/bin/id : db = (DB) /usr/bin/psql
#1000 ALL = NOEXEC: SETENV: /bin/x a\,b, !/bin/su
carol ALL = (:dba) sudoedit /etc/x
@includedir sudoers.d
"""


@pytest.mark.tools("cvtsudoers")
def test_rules_are_those_of_sudo(tmp_path: Path):
    text = SUDOERS.replace("@includedir sudoers.d", f"@includedir {tmp_path}/etc/sudoers.d")
    files: dict[str, str | bytes] = {
        "etc/sudoers": SUDOERS,
        "etc/sudoers.d/90-x": "eve ALL=(ALL) NOPASSWD:ALL\n",
        "etc/sudoers.d/a.bak": "no ALL=ALL\n",
    }
    found = read_sudoers(guest_of(tmp_path, files))
    assert found.value is not None
    assert found.notes == ()
    converted = json.loads(run("cvtsudoers", "-f", "json", "-i", "sudoers", given=text.encode()))
    theirs = [row for spec in converted["User_Specs"] for row in spec_rows(spec)]
    ours = [
        (
            rule.users,
            rule.hosts,
            rule.run_as_users,
            rule.run_as_groups,
            "NOPASSWD" in rule.tags,
            tuple(command.replace("\\", "") for command in rule.commands),
        )
        for rule in found.value.rules
    ]
    assert ours == theirs
    aliases = {
        name: names_of(members) for kind in converted if "Aliases" in kind for name, members in converted[kind].items()
    }
    assert {one.name: one.members for one in found.value.aliases} == aliases


def spec_rows(spec: dict[str, list[dict[str, object]]]) -> list[tuple[object, ...]]:
    """Put what cvtsudoers says in our form: one row for each run of commands that are run the same way."""
    rows: list[tuple[object, ...]] = []
    for commands in spec["Cmnd_Specs"]:
        options = {key: value for option in as_list(commands.get("Options")) for key, value in option.items()}
        rows.append(
            (
                names_of(spec["User_List"]),
                names_of(spec["Host_List"]),
                names_of(as_list(commands.get("runasusers"))),
                tuple(name.removeprefix("%") for name in names_of(as_list(commands.get("runasgroups")))),
                options.get("authenticate") is False,
                tuple(name.replace("\\", "") for name in names_of(as_list(commands["Commands"]))),
            )
        )
    return rows


def as_list(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []


def names_of(members: list[dict[str, object]]) -> tuple[str, ...]:
    """Return the members of a list as they stand in sudoers."""
    marks = {"usergroup": "%", "userid": "#", "netgroup": "+"}
    found = []
    for member in members:
        kind = next(key for key in member if key != "negated")
        found.append(("!" if member.get("negated") else "") + marks.get(kind, "") + str(member[kind]))
    return tuple(found)


@pytest.mark.skipif(shutil.which("utmpdump") is None, reason="newer distributions have utmpdump no more")
def test_records_are_those_of_utmpdump(tmp_path: Path):
    data = b"".join(
        (
            record(BOOT, "reboot", "~", "5.10.134", at=1_700_000_000, micros=123456, pid=0),
            record(RUN_LEVEL, "runlevel", "~", "5.10.134", at=1_700_000_005, pid=53),
            record(USER, "root", "pts/0", "192.0.2.7", at=1_700_000_100, micros=5, address="192.0.2.7"),
            record(USER, "eve", "pts/1", "db.example", at=1_700_000_200, address="2001:db8::1"),
            record(DEAD, "", "pts/0", at=1_700_000_300),
        )
    )
    path = tmp_path / "wtmp"
    path.write_bytes(data)
    shown = [line for line in run("utmpdump", path).splitlines() if line.startswith("[")]
    theirs = []
    for line in shown:
        fields = [field.strip() for field in next(csv.reader([line.strip("[]").replace("] [", "|")], delimiter="|"))]
        kind, pid, _, user, terminal, host, address, at = fields
        theirs.append(
            (int(kind), int(pid), user, terminal, host, address.replace("0.0.0.0", ""), at.replace(",", ".")[:26])
        )
    ours = [
        (
            one.kind,
            one.pid,
            one.user,
            one.terminal,
            one.host,
            one.address,
            one.at.strftime("%Y-%m-%dT%H:%M:%S.%f") if one.at else "",
        )
        for one in read_records(data)
    ]
    assert ours == theirs
