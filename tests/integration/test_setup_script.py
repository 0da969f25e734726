"""scripts/setup: looks first, asks for root only where something is missing, and says what it runs."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SETUP = Path(__file__).resolve().parents[2] / "scripts" / "setup"
BASICS = ["bash", "basename", "cat", "dirname", "dpkg", "env", "id", "mktemp", "rm", "sed", "sort", "tail", "uname"]
WANTED = ["python3", "qemu-img", "qemu-nbd", "tar", "ssh-keygen", "minisign"]
RECORDER = '#!/bin/sh\nprintf "%s\\n" "$(basename "$0") $*" >>"$RECORD"\n'


@pytest.fixture
def machine(tmp_path):
    """A folder to be the PATH: this machine's programs, with apt-get and sudo that only write down what was asked."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in BASICS + WANTED:
        if real := shutil.which(name, path="/usr/bin:/bin"):
            (programs / name).symlink_to(real)
    for name, text in {"apt-get": RECORDER, "sudo": RECORDER + 'exec "$@"\n'}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    return programs


@pytest.fixture
def set_up(machine, tmp_path):
    """Run scripts/setup on that machine; returns (exit code, what it said, what was asked of apt-get and sudo)."""

    def run(*words):
        record = tmp_path / "record"
        record.touch()
        environment = {"PATH": str(machine), "HOME": str(tmp_path), "RECORD": str(record)}
        done = subprocess.run(
            [SETUP, *words], env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        return done.returncode, done.stderr, record.read_text().splitlines()

    return run


@pytest.mark.ordinary_user
@pytest.mark.tools("apt-get", "qemu-img", "qemu-nbd", "guestfs")
def test_asks_for_nothing_where_nothing_is_missing(set_up):
    code, _, asked = set_up("--no-venv", "--quiet", "--for", "use")
    assert (code, asked) == (0, [])


@pytest.mark.ordinary_user
@pytest.mark.tools("apt-get", "qemu-img", "qemu-nbd", "guestfs")
def test_installs_exactly_what_is_missing_and_shows_the_command(set_up, machine):
    (machine / "qemu-img").unlink()
    code, said, asked = set_up("--no-venv", "--for", "use")
    installs = [line for line in asked if line.startswith("apt-get install")]
    assert [line.split()[-1] for line in installs] == ["qemu-utils"]
    assert "--no-install-recommends" in installs[0]
    assert "These system packages are missing: qemu-utils" in said
    assert "apt-get install" in said
    assert any(line.startswith("sudo ") for line in asked) == (os.geteuid() != 0)
    assert code == 1, "the apt-get of this test installs nothing, and that is noticed"
    assert "still not usable: qemu-utils" in said


@pytest.mark.ordinary_user
@pytest.mark.tools("apt-get", "guestfs")
def test_without_sudo_root_goes_on_and_others_are_told_what_to_run(set_up, machine):
    (machine / "qemu-img").unlink()
    (machine / "sudo").unlink()
    code, said, asked = set_up("--no-venv", "--for", "use")
    assert code == 1
    assert bool(asked) == (os.geteuid() == 0)
    assert ("As root run: apt-get install --no-install-recommends qemu-utils" in said) == (os.geteuid() != 0)


def test_refuses_a_purpose_that_it_does_not_know(set_up):
    code, said, asked = set_up("--for", "nothing")
    assert (code, asked) == (2, [])
    assert said.startswith("Usage:")
