"""GNU tar is known by what it says of itself, under any of its names."""

from pathlib import Path

import pytest

from imgkit.errors import ToolFailed, ToolMissing
from imgkit.process import Completed
from imgkit.tools import gnu_tar
from imgkit.tools.gnu_tar import find_gnu_tar, require_gnu_tar

GNU = b"tar (GNU tar) 1.34\nCopyright (C) 2021 Free Software Foundation, Inc.\n"
SAYINGS = {
    "bsdtar": b"bsdtar 3.6.2 - libarchive 3.6.2 zlib/1.2.13\n",
    "busybox": b"tar (busybox) 1.35.0\n",
    "star": b"star 1.6 (x86_64-unknown-linux-gnu)\nnot (GNU tar) 1.0\n",
    "nothing": b"",
}


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Programs on the PATH and what each says to --version; empty to begin with."""
    there: dict[str, bytes] = {}

    def run(argv: list[Path | str], *, timeout_seconds: float, env: dict[str, str]) -> Completed:
        assert argv[1] == "--version"
        assert timeout_seconds
        assert env == {"TAR_OPTIONS": ""}
        said = there[Path(argv[0]).name]
        if said == b"fails":
            raise ToolFailed("no")
        return Completed(stdout=said, stderr_tail="")

    monkeypatch.setattr(gnu_tar, "find_program", lambda name: Path("/bin") / name if name in there else None)
    monkeypatch.setattr(gnu_tar, "run", run)
    return there


@pytest.mark.parametrize("name", ["tar", "gtar", "gnutar"])
def test_it_is_found_under_its_names(name: str, programs: dict[str, bytes]) -> None:
    programs[name] = GNU
    found = find_gnu_tar()
    assert found is not None
    assert (found.path, found.version) == (Path("/bin") / name, "1.34")
    assert require_gnu_tar() == found


@pytest.mark.parametrize("saying", SAYINGS.values(), ids=SAYINGS)
def test_another_tar_is_passed_over(saying: bytes, programs: dict[str, bytes]) -> None:
    programs["tar"] = saying
    assert find_gnu_tar() is None
    programs["gtar"] = GNU
    found = find_gnu_tar()
    assert found is not None
    assert found.path.name == "gtar"


def test_a_tar_that_fails_is_none(programs: dict[str, bytes]) -> None:
    programs["tar"] = b"fails"
    assert find_gnu_tar() is None


@pytest.mark.usefixtures("programs")
def test_where_it_is_required_the_way_out_is_told() -> None:
    with pytest.raises(ToolMissing) as refused:
        require_gnu_tar()
    assert "--tar builtin" in refused.value.hint
