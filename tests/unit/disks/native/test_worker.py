"""The child's side, asked without a process."""

import io
import json
from pathlib import Path

import pytest
from tests.unit.disks.native.test_survey import root

from imgkit.disks.native.wire import ANSWER, REQUEST, State, What, decode_entries
from imgkit.disks.native.worker import serve


def ask(*requests: tuple[What, bytes, int]) -> list[tuple[State, bytes]]:
    """Send requests and return all frames; the limits are the process' own and stay out of this."""
    sent = b"".join(REQUEST.pack(len(payload), what, tree, 0, 1 << 20) + payload for what, payload, tree in requests)
    answers = io.BytesIO()
    serve(io.BytesIO(sent), answers)
    raw, frames = answers.getvalue(), []
    while raw:
        state, length = ANSWER.unpack_from(raw)
        frames.append((State(state), raw[ANSWER.size : ANSWER.size + length]))
        raw = raw[ANSWER.size + length :]
    return frames


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[What, bytes, int]]:
    monkeypatch.setattr("imgkit.disks.native.worker.allow_processor_time", lambda: None)
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
    serve(io.BytesIO(REQUEST.pack(1 << 30, What.STAT, 0, 0, 0) + b"x"), answers)
    assert answers.getvalue() == b""
    ((state, words),) = ask((What.OPEN, b'{"system": {"path": "2f6e6f6e65", "format": "raw"}}', 0))
    assert (state, b"/none" in words) == (State.CANNOT, True)
