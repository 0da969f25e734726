"""The child's side, asked without a process."""

import io
import json
import os
from pathlib import Path

import pytest
from tests.unit.disks.native.ext_image import ExtImage
from tests.unit.disks.native.test_survey import root
from tests.unit.disks.native.test_tree import FakeReader

from imgkit.disks.native.requests import Requests
from imgkit.disks.native.tree import Tree
from imgkit.disks.native.wire import ANSWER, REQUEST, State, What, decode_absence, decode_entries, decode_pairs
from imgkit.disks.native.worker import MOST_AT_ONCE_BYTES, SMALL_BYTES, serve, small_files


def pipe_with(sent: bytes) -> Requests:
    """What a pipe holds whose other end was closed."""
    reading, writing = os.pipe()
    os.write(writing, sent)
    os.close(writing)
    return Requests(reading)


def ask(*requests: tuple[What, bytes, int]) -> list[tuple[State, bytes]]:
    """Send requests and return all frames; the limits are the process' own and stay out of this."""
    sent = b"".join(REQUEST.pack(len(payload), what, tree, 0, 1 << 20) + payload for what, payload, tree in requests)
    answers = io.BytesIO()
    serve(pipe_with(sent), answers)
    raw, frames = answers.getvalue(), []
    while raw:
        state, length = ANSWER.unpack_from(raw)
        frames.append((State(state), raw[ANSWER.size : ANSWER.size + length]))
        raw = raw[ANSWER.size + length :]
    return frames


@pytest.fixture(autouse=True)
def without_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """They would be those of the tests."""
    monkeypatch.setattr("imgkit.disks.native.worker.allow_processor_time", lambda: None)


@pytest.fixture
def opened(tmp_path: Path) -> list[tuple[What, bytes, int]]:
    path = tmp_path / "disk\udcff.raw"
    path.write_bytes(root().content)
    disks = {"system": {"path": str(path).encode("utf-8", "surrogateescape").hex(), "format": "raw"}}
    return [
        (What.OPEN, json.dumps(disks).encode(), 0),
        (What.SURVEY, b"{}", 0),
        (What.TREE, json.dumps([["system", b"/".hex()], ["system", b"/none".hex()]]).encode(), 0),
    ]


def test_a_disk_is_opened_surveyed_and_read(opened: list[tuple[What, bytes, int]]) -> None:
    frames = ask(*opened, (What.LIST, b"/etc", 0), (What.READ, b"/etc/os-release", 0))
    place, survey, tree, entries, content = [frame for state, frame in frames if state is State.MORE][1:]
    assert place == b"system"
    assert json.loads(survey)["os_places"] == ["system"]
    assert json.loads(tree) == {"tree": 0, "failed": ["", "there is nothing of that name"]}
    assert [one.name for one in decode_entries(entries)] == [b"os-release"]
    assert content == (10).to_bytes(8, "little") + b"ID=debian\n"


def test_every_failure_is_an_answer_and_the_next_question_is_heard(opened: list[tuple[What, bytes, int]]) -> None:
    frames = ask(
        *opened,
        (What.STAT, b"/none", 0),
        (What.READ, b"/etc", 0),
        (What.STAT, b"/", 77),
        (What.TREE, b"not JSON", 0),
        (What.LINK, b"/etc", 0),
        (What.XATTRS, b"/etc", 0),
    )
    ends = [state for state, _ in frames if state is not State.MORE][3:]
    assert ends == [State.ABSENT, State.CANNOT, State.CANNOT, State.CANNOT, State.CANNOT, State.DONE]


def test_an_unknown_or_endless_request_ends_it() -> None:
    answers = io.BytesIO()
    serve(pipe_with(REQUEST.pack(1 << 30, What.STAT, 0, 0, 0) + b"x"), answers)
    assert answers.getvalue() == b""
    ((state, words),) = ask((What.OPEN, b'{"system": {"path": "2f6e6f6e65", "format": "raw"}}', 0))
    assert (state, b"/none" in words) == (State.CANNOT, True)


def test_what_is_absent_comes_with_the_names_of_the_folder_that_lacks_it(opened: list[tuple[What, bytes, int]]) -> None:
    absent = [(What.STAT, b"/etc/none", 0), (What.READ, b"/etc/none/x", 0), (What.ONE_XATTR, b"/etc/\0user.a\0none", 0)]
    frames = [frame for state, frame in ask(*opened, *absent) if state is State.ABSENT]
    assert [decode_absence(frame)[1] for frame in frames] == [(b"/etc", frozenset({b"os-release"}))] * 2 + [None]


def test_what_was_listed_ahead_is_given_to_the_tree_that_it_was_listed_for(
    opened: list[tuple[What, bytes, int]],
) -> None:
    frames = ask(*opened, opened[-1], (What.WALK, b"", 1), (What.WALKED, b"", 0), (What.WALKED, b"", 1))
    assert [state for state, _ in frames[-4:]] == [State.DONE, State.DONE, State.MORE, State.DONE]
    assert [path for path, _ in decode_pairs(frames[-2][1])] == [b"/"]


def test_where_memory_is_short_while_it_works_ahead_it_ends(
    opened: list[tuple[What, bytes, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Tree, "stat", short)
    (state, words) = ask(*opened, (What.STAT, b"/", 0))[-1]
    assert (state, b"more memory than imgkit allows" in words) == (State.CANNOT, True)
    monkeypatch.undo()
    monkeypatch.setattr("imgkit.disks.native.worker.allow_processor_time", lambda: None)
    monkeypatch.setattr(Tree, "xattrs", short)
    with pytest.raises(MemoryError):
        ask(*opened, (What.WALK, b"", 0), (What.XATTRS, b"/", 0))


def test_whatever_keeps_it_from_saying_what_is_lacking_the_answer_stands(
    opened: list[tuple[What, bytes, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(Tree, "lacking", broken)
    (state, frame) = ask(*opened, (What.STAT, b"/none", 0))[-1]
    assert (state, decode_absence(frame)[1]) == (State.ABSENT, None)


def test_small_files_come_whole_and_what_is_large_missing_or_no_file_is_left_out(tmp_path: Path) -> None:
    image = ExtImage()
    image.file(12, b"x" * 3000)
    image.file(13, b"y" * (SMALL_BYTES + 1))
    image.file(14, b"")
    image.folder(2, {b"small": 12, b"large": 13, b"empty": 14, b"torn": 99})
    path = tmp_path / "disk.raw"
    path.write_bytes(image.content)
    disks = {"system": {"path": str(path).encode().hex(), "format": "raw"}}
    frames = ask(
        (What.OPEN, json.dumps(disks).encode(), 0),
        (What.SURVEY, b"{}", 0),
        (What.TREE, json.dumps([["system", b"/".hex()]]).encode(), 0),
        (What.READ_SMALL, b"/small\0/large\0/none\0/torn\0/\0/empty", 0),
    )
    answer = [frame for state, frame in frames if state is State.MORE][-1]
    assert list(decode_pairs(answer)) == [(b"/small", b"x" * 3000), (b"/empty", b"")]


def test_many_small_files_are_given_as_far_as_an_answer_holds() -> None:
    reader = FakeReader({1: {b"%d" % number: 2 for number in range(64)}, 2: bytes(SMALL_BYTES)})
    given = list(small_files(Tree(0, {0: reader}), [b"/%d" % number for number in range(64)]))
    assert len(given) == MOST_AT_ONCE_BYTES // SMALL_BYTES
