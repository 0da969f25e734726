"""`imgkit sign` and `imgkit check --signer` with the real ssh-keygen, minisign and openssl; plain tools agree."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.integration.loopback import IMAGE_ID, Ended, Loopback, put_image
from tests.integration.timestamp_authority import Authority, make_authority, serving

from imgkit.simulator import Simulator

pytestmark = pytest.mark.tools("ssh-keygen", "minisign", "openssl", "qemu-img", "tar")

NAMESPACE = "statement@imgkit"


def _run(*words: str, cwd: Path, given: bytes = b"", **changes: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(words, cwd=cwd, input=given, capture_output=True, check=False, env=os.environ | changes)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    """A set in `work/IMAGE_ID`, and keys in `work`: ada, eve (SSH), ada.mini, eve.mini, locked (with a passphrase)."""
    folder = tmp_path_factory.mktemp("signing")
    for name in ("work", "cloud"):
        (folder / name).mkdir()
    work = folder / "work"
    for name, phrase in (("ada", ""), ("eve", ""), ("locked", "secret")):
        _run("ssh-keygen", "-q", "-t", "ed25519", "-N", phrase, "-f", name, cwd=work)
    for name in ("ada", "eve"):
        _run("minisign", "-G", "-W", "-p", f"{name}.mini.pub", "-s", f"{name}.mini", cwd=work)
    with Simulator(folder / "cloud") as simulator:
        disks = put_image(simulator, folder / "disks", {"system": 4})
        cloud = Loopback(simulator=simulator, folder=work, disks=disks)
        assert cloud.imgkit("fetch", IMAGE_ID, "--no-inspect").code == 0
        yield cloud


@pytest.fixture
def cloud(made: Loopback, tmp_path: Path) -> Loopback:
    """A copy of it for each test."""
    shutil.copytree(made.folder, tmp_path / "work")
    return replace(made, folder=tmp_path / "work")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return make_authority(tmp_path / "authority")


def _sign(cloud: Loopback, *words: str) -> Ended:
    done = cloud.imgkit("sign", IMAGE_ID, *words)
    assert done.code == 0, done.err
    return done


def _outcomes(ended: Ended, *, subject: str = "") -> set[str]:
    return {link["outcome"] for link in ended.data["links"] if not subject or link["subject"].endswith(subject)}


def _check(cloud: Loopback, *signers: str, **changes: str) -> Ended:
    words = [word for signer in signers for word in ("--signer", signer)]
    return cloud.imgkit("check", IMAGE_ID, "--json", *words, **changes)


def test_all_three_kinds_side_by_side_hold_here_and_by_plain_tools(cloud: Loopback, authority: Authority):
    with serving(authority.answer) as url:
        _sign(cloud, "--key", "ada", "--minisign", "ada.mini", "--timestamp", url)
    assert _check(cloud, "ada.pub", "ada.mini.pub", str(authority.certificate)).code == 0
    folder, name = cloud.folder / IMAGE_ID, "imgkit.json.signed-1"
    (cloud.folder / "allowed").write_text(f"ada@example.com {(cloud.folder / 'ada.pub').read_text()}")
    assert _check(cloud, "allowed").code == 0
    ssh = ["-Y", "verify", "-f", "../allowed", "-I", "ada@example.com", "-n", NAMESPACE, "-s", f"{name}.sig"]
    assert _run("ssh-keygen", *ssh, cwd=folder, given=(folder / name).read_bytes()).returncode == 0
    assert _run("minisign", "-V", "-p", "../ada.mini.pub", "-m", name, cwd=folder).returncode == 0
    stamp = ["ts", "-verify", "-data", name, "-in", f"{name}.tsr", "-CAfile", str(authority.certificate)]
    assert _run("openssl", *stamp, cwd=folder).returncode == 0
    assert _run("sha256sum", "-c", "SHA256SUMS", cwd=folder).returncode == 0


def test_the_signature_of_somebody_else_is_not_theirs_and_says_whose(cloud: Loopback):
    _sign(cloud, "--key", "eve", "--minisign", "eve.mini")
    for signer in ("ada.pub", "ada.mini.pub"):
        ended = _check(cloud, signer)
        assert ended.code == 60
        assert "no signature is theirs, but of" in ended.err
    assert _check(cloud, "eve.pub").code == 0


def test_several_signers_stand_side_by_side_and_reading_breaks_nothing(cloud: Loopback):
    _sign(cloud, "--key", "ada")
    assert _check(cloud, "ada.pub").code == 0
    _sign(cloud, "--key", "eve")
    assert cloud.imgkit("info", f"{IMAGE_ID}/system.raw").code == 0
    assert _check(cloud, "ada.pub", "eve.pub").code == 0


def test_a_writing_step_leaves_the_signature_on_an_earlier_manifest_until_it_is_signed_again(cloud: Loopback):
    _sign(cloud, "--key", "ada")
    assert cloud.imgkit("fetch", IMAGE_ID, "--no-inspect", "--to", "qcow2").code == 0
    ended = _check(cloud, "ada.pub")
    assert (ended.code, "over an earlier manifest" in ended.err) == (60, True)
    assert _check(cloud).code == 0
    _sign(cloud, "--key", "ada")
    assert _check(cloud, "ada.pub").code == 0


@pytest.mark.parametrize(("key", "suffix"), [("ada.pub", ".sig"), ("ada.mini.pub", ".minisig")])
def test_a_changed_signature_is_named(cloud: Loopback, key: str, suffix: str):
    _sign(cloud, "--key", "ada", "--minisign", "ada.mini")
    path = cloud.folder / IMAGE_ID / f"imgkit.json.signed-1{suffix}"
    text = path.read_bytes()
    place = text.index(b"\n", 60) - 10
    path.write_bytes(text[:place] + bytes([text[place] ^ 2]) + text[place + 1 :])
    ended = _check(cloud, key)
    assert ended.code == 60
    assert _outcomes(ended, subject=suffix) == {"failed"}


def test_a_rewritten_set_with_a_rewritten_record_is_shown_by_the_signature_alone(cloud: Loopback):
    """Whoever can write the folder can make all of it fit itself; but not the key that he has not."""
    _sign(cloud, "--key", "ada")
    kept = {each.name: each.read_bytes() for each in (cloud.folder / IMAGE_ID).glob("imgkit.json.signed-*")}
    _run("rm", "-r", IMAGE_ID, cwd=cloud.folder)
    assert cloud.imgkit("fetch", IMAGE_ID, "--no-inspect", "--reuse").code == 0
    for name, content in kept.items():
        (cloud.folder / IMAGE_ID / name).write_bytes(content)
    ended = _check(cloud, "ada.pub")
    assert ended.code == 60
    assert "it is another set's" in ended.out


def test_a_missing_program_is_could_not_look(cloud: Loopback, tmp_path: Path):
    _sign(cloud, "--key", "ada", "--minisign", "ada.mini")
    (tmp_path / "bin").mkdir()
    for signer in ("ada.pub", "ada.mini.pub"):
        ended = _check(cloud, signer, PATH=str(tmp_path / "bin"))
        assert (ended.code, "is not installed" in ended.err) == (3, True)
        assert "failed" not in _outcomes(ended)
    assert _check(cloud, PATH=str(tmp_path / "bin")).code == 0


def test_a_key_with_a_passphrase_and_nobody_to_ask_is_refused_at_once(cloud: Loopback):
    ended = cloud.imgkit("sign", IMAGE_ID, "--key", "locked", DISPLAY="", SSH_ASKPASS="")
    assert (ended.code, "passphrase" in ended.err) == (43, True)
    assert not list((cloud.folder / IMAGE_ID).glob("*.signed-*"))


def test_a_passphrase_is_asked_for_at_the_terminal_by_ssh_keygen_itself(cloud: Loopback, tmp_path: Path):
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "imgkit", "sign", IMAGE_ID, "--key", "locked", "--log-file", "log", "-v"]
    with subprocess.Popen(
        words,
        cwd=cloud.folder,
        env=cloud.environment(),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        start_new_session=True,
    ) as child:
        said = b""
        while b"passphrase" not in said:
            assert select.select([ours], [], [], 60)[0], "nobody asks"
            said += os.read(ours, 1024)
        os.write(ours, b"secret\n")
        out, _ = child.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert (child.returncode, b"signed-1.sig" in out) == (0, True)
    assert "secret" not in (cloud.folder / "log").read_text()
    assert _check(cloud, "locked.pub").code == 0


def test_the_agent_signs_for_a_key_of_which_only_the_public_half_is_here(cloud: Loopback, tmp_path: Path):
    socket = f"{tmp_path}/agent"
    told = _run("ssh-agent", "-a", socket, cwd=tmp_path).stdout.decode()
    found = re.search(r"SSH_AGENT_PID=(\d+)", told)
    assert found
    try:
        assert _run("ssh-add", "-q", "ada", cwd=cloud.folder, SSH_AUTH_SOCK=socket).returncode == 0
        (cloud.folder / "ada").rename(tmp_path / "away")
        assert cloud.imgkit("sign", IMAGE_ID, "--key", "ada.pub", SSH_AUTH_SOCK=socket).code == 0
    finally:
        os.kill(int(found[1]), 15)
    assert _check(cloud, "ada.pub").code == 0


def test_a_signature_made_for_something_else_does_not_count(cloud: Loopback):
    """Git and e-mail are signed with the same keys: the namespace keeps them apart."""
    _sign(cloud, "--key", "ada")
    folder = cloud.folder / IMAGE_ID
    (folder / "imgkit.json.signed-1.sig").unlink()
    _run("ssh-keygen", "-q", "-Y", "sign", "-f", "../ada", "-n", "git", "imgkit.json.signed-1", cwd=folder)
    ended = _check(cloud, "ada.pub")
    assert (ended.code, "namespace" in ended.out) == (60, True)


def test_a_list_decides_for_what_a_key_may_sign(cloud: Loopback):
    _sign(cloud, "--key", "ada")
    key = (cloud.folder / "ada.pub").read_text()
    (cloud.folder / "allowed").write_text(f'ada@example.com namespaces="git" {key}')
    assert _check(cloud, "allowed").code == 60
    (cloud.folder / "allowed").write_text(f'ada@example.com valid-before="20200101" {key}')
    assert _check(cloud, "allowed").code == 60


def test_a_set_that_cannot_be_stamped_is_not_signed_in_part(cloud: Loopback):
    ended = cloud.imgkit("sign", IMAGE_ID, "--key", "ada", "--timestamp", "http://127.0.0.1:9/")
    assert ended.code == 20
    assert not list((cloud.folder / IMAGE_ID).glob("*.signed-*"))
