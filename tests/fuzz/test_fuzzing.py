"""The fuzzers on fixed seeds, each in a process of its own, which bounds its memory."""

import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from tests.fuzz.headers import Stage
from tests.fuzz.mutants import mutate
from tests.fuzz.seeds import hand_made

ROOT = Path(__file__).parents[2]


def run(module: str, *words: str, scratch: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(scratch)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.tools("qemu-img")
def test_whatever_the_bytes_an_image_is_read_or_refused(tmp_path: Path) -> None:
    ended = run("tests.fuzz.headers", "--rounds", "10000", "--seed", "1", scratch=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for form in ("qcow2", "raw", "vdi", "vhd", "vhdx", "vmdk"):
        assert f" {form}: read" in ended.stdout, "of no mutant at all was anything read"


@pytest.mark.tools("qemu-img", "qemu-nbd")
def test_both_readers_agree_on_what_is_accepted(tmp_path: Path) -> None:
    ended = run("tests.fuzz.differential", "--rounds", "120", "--seed", "1", scratch=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ": equal" in ended.stdout


def test_a_mutant_is_made_anew_by_its_number() -> None:
    seeds = hand_made()
    one, other = (mutate(seeds[0], seeds, Random(7)) for _ in range(2))
    assert one == other
    assert one.content() != seeds[0].content


def test_what_a_mutant_changes_is_there_while_it_is_shown_and_gone_afterwards(tmp_path: Path) -> None:
    seeds = hand_made()
    stage = Stage(tmp_path, seeds)
    for number in range(200):
        mutant = mutate(seeds[number % len(seeds)], seeds, Random(number))
        with stage.showing(mutant) as path:
            assert path.read_bytes() == mutant.content()
        assert path.read_bytes() == mutant.seed.content


def test_whatever_the_bytes_of_a_disk_it_is_looked_into_or_refused(tmp_path: Path) -> None:
    ended = run("tests.fuzz.disks", "--rounds", "1200", "--seed", "1", scratch=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for kind in ("ext: read", "xfs: read", "fat: read", "lvm: storage only", "gpt: storage only"):
        assert kind in ended.stdout
