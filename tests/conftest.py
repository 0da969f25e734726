"""What every test may ask for: programs that must be there, and a home that is nobody's."""

import importlib.util
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

# Examples take as long as a busy machine makes them take: how fast is a matter for benchmarks/.
hypothesis.settings.register_profile("imgkit", deadline=None)
hypothesis.settings.load_profile("imgkit")

REQUIRE_TOOLS = os.environ.get("IMGKIT_REQUIRE_TOOLS") == "1"


def _has_guestfs_binding() -> bool:
    asked = subprocess.run(["/usr/bin/python3", "-c", "import guestfs"], capture_output=True, check=False)
    return asked.returncode == 0 or importlib.util.find_spec("guestfs") is not None


def _has_zfs_for_guestfs() -> bool:
    """Whether libguestfs' appliance is made with ZFS: Debian's list of what goes into it then has a file of its own."""
    return any(Path("/usr/lib").glob("*/guestfs/supermin.d/packages-zfs"))


def _is_missing(name: str) -> bool:
    known = {"guestfs": _has_guestfs_binding, "libguestfs-zfs": _has_zfs_for_guestfs}
    return not known[name]() if name in known else shutil.which(name) is None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A missing tool skips with its reason on a laptop, and fails where IMGKIT_REQUIRE_TOOLS=1."""
    wanted = [name for mark in item.iter_markers("tools") for name in mark.args]
    missing = [name for name in wanted if _is_missing(name)]
    if missing and REQUIRE_TOOLS:
        pytest.fail(f"required and missing here: {', '.join(missing)}", pytrace=False)
    if missing:
        pytest.skip(f"missing here: {', '.join(missing)}")


@pytest.fixture(autouse=True)
def _private_surroundings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees this user's settings, credentials or proxies, nor waits for a metadata service."""
    home = tmp_path_factory.mktemp("home")
    for name in [name for name in os.environ if name.startswith(("ALIBABA_CLOUD_", "OSS_", "IMGKIT_"))]:
        if name != "IMGKIT_REQUIRE_TOOLS":
            monkeypatch.delenv(name)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))
    monkeypatch.setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")


@pytest.fixture(autouse=True)
def _hangups_end() -> Iterator[None]:
    """As in a terminal; under nohup a hangup is ignored, also by every program that a test starts."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def ordinary_user() -> str:
    """The name of a user without rights to run things as; only root can become one."""
    if os.geteuid() != 0:
        return ""
    return "nobody"


@pytest.fixture
def data_folder() -> Path:
    """Small files that other programs wrote; README.md there says which and how."""
    return Path(__file__).parent / "data"
