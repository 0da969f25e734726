"""The whole corpus and archives that explode, through the command line, in a process whose memory is measured."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.integration import exploding_archives
from tests.unit.archives.tar_corpus import CASES

from imgkit.units import KiB, MiB

LARGEST_PROCESS_BYTES = 300_000_000
HERE = Path(__file__).resolve().parents[2]
SECONDS = 600  # a hang is what is meant, not a slow machine

pytestmark = [
    pytest.mark.tools("tar"),
    pytest.mark.skipif(sys.platform != "linux", reason="/proc tells how large a process has been"),
]

Told = Mapping[str, Any]


def unpack_all(archives: Mapping[str, bytes], folder: Path) -> list[Told]:
    """Unpack each with both engines in one process of its own."""
    for place in ("archives", "scratch"):
        (folder / place).mkdir()
    for name, content in archives.items():
        (folder / "archives" / name.replace("/", " ")).write_bytes(content)
    words = [sys.executable, "-m", "tests.integration.unpack_worker", f"{folder}/archives", f"{folder}/scratch"]
    done = subprocess.run(words, cwd=HERE, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def is_one_clear_refusal(told: Told, code: int) -> bool:
    lines = told["err"].splitlines()
    return (
        told["code"] == code
        and len(lines) == 2
        and lines[0].startswith("imgkit: cannot unpack ")
        and lines[1].startswith("hint: ")
        and told["left"] == []
    )


def test_the_command_line_says_of_the_whole_corpus_what_it_must(tmp_path: Path) -> None:
    seen = unpack_all({name: case.archive for name, case in CASES.items()}, tmp_path)
    assert len(CASES) >= 120
    assert len(seen) == 2 * len(CASES)
    for told in seen:
        case = CASES[told["name"]]
        if case.refusal is not None:
            assert is_one_clear_refusal(told, case.refusal.exit_code), told
        else:
            assert (told["code"], told["err"], len(told["left"])) == (0, "", 2), told
            assert told["sha256"] == hashlib.sha256(case.disk or b"").hexdigest(), told
    assert seen[-1]["peak_bytes"] < LARGEST_PROCESS_BYTES, seen[-1]


def test_what_explodes_takes_neither_memory_nor_room(tmp_path: Path) -> None:
    made = {name: make() for name, make in exploding_archives.GOOD.items()}
    most_stored = {name: 100 * MiB if "segments in pax" in name else 0 for name in made}
    most_stored["a page of data in two"] = 64 * MiB
    most_stored["a page of data in 256"] = 512 * KiB
    for told in unpack_all(made, tmp_path):
        assert (told["code"], told["err"]) == (0, ""), told
        assert told["peak_bytes"] < LARGEST_PROCESS_BYTES, told
        assert told["stored_bytes"] <= most_stored[told["name"]] + MiB, told


def test_what_claims_too_much_is_refused_in_little_memory(tmp_path: Path) -> None:
    made = {name: make() for name, (make, _) in exploding_archives.BAD.items()}
    for told in unpack_all(made, tmp_path):
        assert is_one_clear_refusal(told, exploding_archives.BAD[told["name"]][1].exit_code), told
        assert told["peak_bytes"] < LARGEST_PROCESS_BYTES, told
