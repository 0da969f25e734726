import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import pytest

from imgkit.errors import ToolFailed, ToolMissing
from imgkit.process import Running
from imgkit.tools.guestfs import GuestfsRefused, GuestfsWorker, interpreters

NUMBERS = [0o100644, 5, 1000, 1001, 12, 1, 2049, 1700000000, 500_000_000, 1, 0, 2, 0]


class FakeRunning:
    """A worker whose answers lie in a pipe already; `stop` is what a hang would call."""

    def __init__(self, stdin: IO[bytes], stdout: IO[bytes], *, returncode: int) -> None:
        self.stdin, self.stdout, self.returncode = stdin, stdout, returncode
        self.stderr_tail = "the end of the log"
        self.stopped = False

    def wait(self, timeout_seconds: float | None = None) -> int:
        return self.returncode

    def stop(self) -> None:
        self.stopped = True


class Bench:
    """Two pipes: one to read what was asked, one with answers laid ready."""

    def __init__(self) -> None:
        requests_out, requests_in = os.pipe()
        answers_out, answers_in = os.pipe()
        self.requests = os.fdopen(requests_out, "rb")
        self.answers = os.fdopen(answers_in, "wb", buffering=0)
        self.running = FakeRunning(os.fdopen(requests_in, "wb"), os.fdopen(answers_out, "rb"), returncode=-9)
        self.worker = GuestfsWorker(cast("Running", self.running), scratch=Path("/scratch"), timeout_seconds=0.05)

    def lay(self, *answers: dict[str, Any] | bytes) -> None:
        for answer in answers:
            self.answers.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode() + b"\n")

    def asked(self) -> dict[str, Any]:
        request: dict[str, Any] = json.loads(self.requests.readline())
        return request

    def close(self) -> None:
        for pipe in (self.requests, self.answers, self.running.stdin, self.running.stdout):
            pipe.close()


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def test_a_call_is_one_line_and_so_is_its_answer(bench: Bench):
    bench.lay({"id": 1, "ok": ["/dev/sda"]})
    assert bench.worker.call("list_devices") == ["/dev/sda"]
    assert bench.asked() == {"id": 1, "do": "call", "name": "list_devices", "args": [], "options": {}}


def test_paths_travel_as_bytes(bench: Bench):
    bench.lay({"id": 1, "ok": NUMBERS})
    found = bench.worker.stat(b"/caf\xe9")
    assert base64.b64decode(bench.asked()["path"]) == b"/caf\xe9"
    assert (found.mode, found.size, found.uid, found.gid, found.inode) == (0o100644, 5, 1000, 1001, 12)
    assert (found.modified_ns, found.accessed_ns, found.changed_ns) == (
        1_700_000_000_500_000_000,
        1_000_000_000,
        2_000_000_000,
    )


def test_bytes_of_an_answer_are_bytes_again(bench: Bench):
    bench.lay({"id": 1, "ok": {"b64": b64(b"\x00\xff")}})
    assert bench.worker.call("pread_device", "/dev/sda", 2, 0) == b"\x00\xff"


def test_a_listing_comes_in_parts_and_keeps_entries_that_cannot_be_described(bench: Bench):
    bench.lay(
        {"id": 1, "more": [[b64(b"a\xff"), NUMBERS]]}, {"id": 1, "more": [[b64(b"b"), None]]}, {"id": 1, "ok": None}
    )
    rows = bench.worker.list_folder(b"/")
    assert [name for name, _ in rows] == [b"a\xff", b"b"]
    assert rows[1][1] is None


def test_a_file_is_read_in_pieces_up_to_its_end(bench: Bench):
    bench.lay({"id": 1, "ok": {"data": b64(b"abc"), "size": 5}}, {"id": 2, "ok": {"data": b64(b"de"), "size": 5}})
    assert b"".join(bench.worker.read_parts(b"/f", limit=100)) == b"abcde"
    assert [bench.asked()["offset"] for _ in range(2)] == [0, 3]


def test_no_more_is_asked_for_than_the_limit(bench: Bench):
    bench.lay({"id": 1, "ok": {"data": b64(b"abc"), "size": 5}})
    assert list(bench.worker.read_parts(b"/f", limit=3)) == [b"abc"]


def test_a_refusal_has_its_message_and_errno_and_the_worker_goes_on(bench: Bench):
    bench.lay({"id": 1, "error": {"message": "no such file", "errno": 2}}, {"id": 2, "ok": "fine"})
    with pytest.raises(GuestfsRefused) as caught:
        bench.worker.call("statvfs", "/")
    assert (caught.value.message, caught.value.number) == ("no such file", 2)
    assert bench.worker.call("utsname") == "fine"


def test_an_answer_to_an_older_request_is_passed_over(bench: Bench):
    bench.lay({"id": 0, "ok": "old"}, {"id": 1, "ok": "new"})
    assert bench.worker.call("utsname") == "new"


def test_silence_ends_the_worker_and_says_how_long_it_lasted(bench: Bench):
    with pytest.raises(ToolFailed, match=r"no answer within 0\.05 s") as caught:
        bench.worker.call("statvfs", "/")
    assert bench.running.stopped
    assert caught.value.stderr_tail == "the end of the log"


def test_a_dead_worker_is_told_with_its_signal_and_the_end_of_its_log(bench: Bench):
    bench.lay(b'{"id": 1, "o')
    bench.answers.close()
    with pytest.raises(ToolFailed, match="signal 9") as caught:
        bench.worker.call("statvfs", "/")
    assert (caught.value.returncode, caught.value.stderr_tail) == (-9, "the end of the log")


def test_what_is_no_json_is_a_dead_worker_too(bench: Bench):
    bench.lay(b"Segmentation fault\n")
    with pytest.raises(ToolFailed, match="ended unexpectedly"):
        bench.worker.call("statvfs", "/")


def test_a_missing_binding_is_a_missing_tool_with_the_names_of_its_packages(bench: Bench):
    bench.lay({"id": 0, "error": {"message": "No module named 'guestfs'", "errno": 0}})
    with pytest.raises(ToolMissing, match="No module named") as caught:
        bench.worker.await_start()
    assert "python3-guestfs" in caught.value.hint


def test_the_distributions_python_is_among_those_asked_and_none_twice():
    found = list(interpreters())
    assert len(found) == len(set(found))
    if Path("/usr/bin/python3").exists():
        assert Path("/usr/bin/python3") in found
