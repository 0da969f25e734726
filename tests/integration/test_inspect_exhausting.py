"""A disk made to exhaust its reader is inspected within the promised memory, and what was left out is told."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.integration.exhausting_disk import make_exhausting_disk

LARGEST_PROCESS_BYTES = 300_000_000

pytestmark = [
    pytest.mark.tools("mke2fs"),
    pytest.mark.skipif(sys.platform != "linux", reason="getrusage counts memory in another unit elsewhere"),
]


@dataclass(frozen=True)
class Inspected:
    """How a process ended, and the most that it or its reading child ever held."""

    code: int
    peak_bytes: int
    out: Path


# The memory of a child that was waited for counts as its own; so does, on Linux, that of the process which started it:
# a small one starts it, and not the one that runs all tests.
LAUNCHER = """
import os, subprocess, sys
running = subprocess.Popen(sys.argv[1:], stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(running.pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss, file=sys.stderr)
"""


def inspect(disk: Path, *words: str) -> Inspected:
    out = disk.with_name("out")
    command = [sys.executable, "-m", "imgkit", "inspect", str(disk), "--engine", "native", *words]
    with out.open("wb") as stdout:
        done = subprocess.run(
            [sys.executable, "-c", LAUNCHER, *command], stdout=stdout, stderr=subprocess.PIPE, check=True
        )
    code, peak_kib = done.stderr.split()
    return Inspected(code=int(code), peak_bytes=int(peak_kib) * 1024, out=out)


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_exhausting_disk(tmp_path_factory.mktemp("exhausting"))


def test_a_disk_that_exhausts_its_reader_is_inspected_in_little_memory(disk: Path) -> None:
    seen = inspect(disk, "--json")
    assert seen.peak_bytes < LARGEST_PROCESS_BYTES, seen
    assert seen.code == 3
    report: Mapping[str, Any] = json.loads(seen.out.read_bytes())
    lacking = [one for one in report["diagnostics"] if one["level"] == "undetermined"]
    for subject, words in (
        ("packages/dpkg", "only the first"),
        ("packages/apk", "no room for more in a report"),
        ("accounts/users", "only the first 20000"),
        ("accounts/sudoers", "/etc/sudoers line"),
        ("persistence/cron", "/etc/crontab: lines from"),
        ("logins/sessions", "only the newest 50000"),
        ("ssh/authorized_keys", "only the first"),
        ("containers/images", "too many values"),
    ):
        told = [one["message"] for one in lacking if one["subject"].endswith(subject)]
        assert any(words in message for message in told), (subject, told)


def test_the_terminal_shows_it_in_little_memory_too(disk: Path) -> None:
    seen = inspect(disk, "--only", "packages,accounts,cloud")
    assert seen.peak_bytes < LARGEST_PROCESS_BYTES, seen
    assert seen.code == 3
