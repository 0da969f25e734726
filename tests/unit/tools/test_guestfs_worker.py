"""The worker without libguestfs: its own language, and what it answers when things fail."""

import ast
import base64
import gzip
import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from imgkit.tools import guestfs_worker
from imgkit.tools.guestfs_calls import Refused
from imgkit.tools.guestfs_worker import Worker


class FakeWorker:
    def __init__(self, work: Callable[[], Iterator[Any]]) -> None:
        self._work = work

    def answer(self, _: dict[str, Any]) -> Iterator[Any]:
        return self._work()

    def last_errno(self) -> int:
        return 5


def served(work: Callable[[], Iterator[Any]]) -> list[dict[str, Any]]:
    out = io.BytesIO()
    guestfs_worker._serve(cast("Worker", FakeWorker(work)), {"id": 7}, out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


class Appliance:
    """The calls of libguestfs that a key needs, with the files of an appliance in memory."""

    def __init__(self, said: str = "") -> None:
        self.files: dict[str, bytes] = {}
        self.seen: list[tuple[str, dict[str, bytes]]] = []
        self._said = said

    def debug_upload(self, source: str, target: str, mode: int) -> None:
        assert mode == 0o600
        self.files[target] = Path(source).read_bytes()

    def debug(self, _: str, words: list[str]) -> str:
        if words[0].startswith("rm -f "):
            self.files.pop(words[0].removeprefix("rm -f "))
            return ""
        self.seen.append((words[0], dict(self.files)))
        return base64.b64encode(gzip.compress(f"{self._said}\nimgkit {int(bool(self._said))}".encode())).decode()


@pytest.mark.skipif(sys.platform != "linux", reason="libguestfs and its worker are Linux' alone")
@pytest.mark.parametrize("said", ["", "Key load error: Incorrect key provided for 'rpool/s'."])
def test_a_key_of_zfs_is_a_file_for_as_long_as_it_is_loaded(said: str):
    worker = Worker.__new__(Worker)
    worker._handle = appliance = Appliance(said)
    asked = {"dataset": "rpool/s", "key": base64.b64encode(b"\0s3cret").decode()}
    if said:
        with pytest.raises(Refused, match="Incorrect key"):
            list(worker.do_open_dataset(asked))
    else:
        assert list(worker.do_open_dataset(asked)) == [(None,)]
    (line, files) = appliance.seen[0]
    assert files == {guestfs_worker.KEY_FILE: b"\0s3cret"}
    assert "s3cret" not in line
    assert appliance.files == {}


OWN_FILES = {"guestfs_worker", "guestfs_calls", "guestfs_shell", "guestfs_zfs"}


def sources() -> Iterator[ast.Module]:
    folder = Path(guestfs_worker.__file__).parent
    for name in sorted(OWN_FILES):
        yield ast.parse((folder / f"{name}.py").read_text(), feature_version=(3, 9))


def test_it_is_written_in_the_syntax_of_python_3_9():
    assert not any(isinstance(node, ast.Match) for source in sources() for node in ast.walk(source))


def test_it_imports_the_standard_library_and_guestfs_and_its_own_files_alone():
    imported = set()
    for node in (node for source in sources() for node in ast.walk(source)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").removeprefix("imgkit.tools.").partition(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"guestfs"} | OWN_FILES - {"guestfs_worker"}


def test_parts_and_the_result_carry_the_number_of_their_request():
    def work() -> Iterator[Any]:
        yield ["part"]
        yield ("result",)

    assert served(work) == [{"id": 7, "more": ["part"]}, {"id": 7, "ok": "result"}]


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (Refused("not here", 2), {"message": "not here", "errno": 2}),
        (RuntimeError("statvfs: no"), {"message": "statvfs: no", "errno": 5}),
        (UnicodeDecodeError("utf-8", b"\xe9", 0, 1, "bad"), None),
        (KeyError("words"), {"message": "KeyError: 'words'", "errno": 0}),
    ],
    ids=["refused", "the binding's error", "a name it cannot take", "a bug"],
)
def test_every_failure_is_an_answer_and_never_the_end(error: Exception, answer: dict[str, Any] | None):
    def work() -> Iterator[Any]:
        yield from ()
        raise error

    (said,) = served(work)
    assert answer is None or said == {"id": 7, "error": answer}
    assert said["error"]["message"]


def test_names_are_taken_from_a_listing_larger_than_a_block():
    names = [b"name %d \xff" % number for number in range(20_000)]
    batches = list(guestfs_worker._batches(io.BytesIO(b"".join(name + b"\0" for name in names))))
    assert [name for batch in batches for name in batch] == names
    assert max(map(len, batches)) == guestfs_worker.PART_ENTRIES


def test_an_empty_listing_has_no_batches():
    assert list(guestfs_worker._batches(io.BytesIO(b""))) == []


def test_a_path_with_a_nul_byte_is_refused():
    with pytest.raises(Refused, match="NUL"):
        guestfs_worker._decode(base64.b64encode(b"/a\0b").decode())


def test_bytes_in_results_are_marked():
    assert guestfs_worker._to_json([{"a": b"\xff"}, ("b", 1)]) == [{"a": {"b64": "/w=="}}, ["b", 1]]


def test_what_writes_is_not_on_the_list_for_evidence():
    assert not guestfs_worker.READING & guestfs_worker.WRITING
    assert not {name for name in guestfs_worker.READING if name.startswith(("mk", "rm", "write", "part_set", "upload"))}
