"""How fast a command can begin is a matter of what it imports: the SDKs cost 0.7 to 1.5 s each."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from imgkit.cli.catalogue import CATALOGUE

SDKS = ("oss2", "alibabacloud", "Tea", "darabonba", "aliyunsdkcore")
ROOMS = ("aliyun", "archives", "disks", "evidence", "facts", "pipeline", "render", "samples", "simulator", "stages",
         "tools", "transfer")  # fmt: skip
RUN = """
import json, sys
sys.argv = ["imgkit", *json.loads(sys.argv[1])]
from imgkit.cli.main import run
try:
    run()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def _modules(folder: Path, *words: str, code: int = 0) -> set[str]:
    """Run a command to this exit code and return what it imported."""
    ended = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(words)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == code, ended.stderr
    return set(json.loads(ended.stderr.splitlines()[-1]))


def _sdks(modules: set[str]) -> list[str]:
    return sorted(name for name in modules if name.startswith(SDKS))


def test_the_help_imports_no_sdk_and_no_room(tmp_path: Path):
    modules = _modules(tmp_path, "--help")
    assert _sdks(modules) == []
    assert [room for room in ROOMS if f"imgkit.{room}" in modules] == []


@pytest.mark.parametrize("name", ["info", "convert", "unpack", "check", "inspect"])
def test_a_command_that_needs_no_cloud_imports_no_sdk(tmp_path: Path, name: str):
    assert _sdks(_modules(tmp_path, name, "--help")) == []


def test_looking_at_a_disk_image_imports_no_sdk(tmp_path: Path):
    (tmp_path / "disk.raw").write_bytes(bytes(510) + b"\x55\xaa")
    assert _sdks(_modules(tmp_path, "info", "disk.raw")) == []
    assert _sdks(_modules(tmp_path, "check", "disk.raw", code=3)) == []  # it has no record


def test_keys_in_the_environment_cost_no_import_of_the_credentials_sdk():
    script = """
import sys
from pathlib import Path
from imgkit.services import Services
from imgkit.settings import Settings, find_folders
there = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret"}
services = Services(settings=Settings(), folders=find_folders({}, Path("/nowhere")), environment=there)
assert services.credentials().current().access_key_id == "id"
assert not any(name.startswith("alibabacloud") for name in sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("name", [entry.name for entry in CATALOGUE])
def test_every_command_explains_itself_alone(tmp_path: Path, name: str):
    """As the program runs it: with no other command imported."""
    modules = _modules(tmp_path, name, "--help")
    assert {entry.name for entry in CATALOGUE if entry.module in modules} == {name}


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_was_closed_is_no_bug(tmp_path: Path, closed: str):
    (tmp_path / "disk.raw").write_bytes(bytes(1 << 20))
    words = [sys.executable, "-c", "from imgkit.cli.main import run; run()", "inspect", "disk.raw"]
    ended = subprocess.run(["sh", "-c", f'"$@" {closed}', "sh", *words], cwd=tmp_path, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert bool(ended.stdout) == (">&-" not in closed.replace("2>&-", ""))
