"""The archive's bytes, and never more of them than are finished."""

from pathlib import Path

import pytest

from imgkit.archives.source import READ_BYTES, open_source
from imgkit.errors import NotAccessible


class Steps:
    """A frontier that lets out a little more each time it is asked."""

    def __init__(self, path: Path, total: int, step: int) -> None:
        self.path, self.total, self._step = path, total, step
        self.asked: list[int] = []

    def wait_beyond(self, offset: int) -> int:
        self.asked.append(offset)
        return min(self.total, offset + self._step)


def test_a_file_is_read_from_front_to_end(tmp_path: Path) -> None:
    content = bytes(range(256)) * 4096
    (tmp_path / "archive").write_bytes(content)
    heard: list[int] = []
    with open_source(tmp_path / "archive") as source:
        source.on_read = heard.append
        assert b"".join(source) == content
        assert (source.total, source.position) == (len(content), len(content))
    assert heard == list(range(READ_BYTES, len(content) + 1, READ_BYTES))


def test_a_download_is_followed_step_by_step(tmp_path: Path) -> None:
    (tmp_path / "growing").write_bytes(b"0123456789")
    steps = Steps(tmp_path / "growing", 10, 4)
    with open_source(tmp_path / "not there", frontier=steps) as source:
        assert list(source) == [b"0123", b"4567", b"89"]
    assert steps.asked == [0, 0, 4, 8]


def test_a_file_that_is_shorter_than_said_ends(tmp_path: Path) -> None:
    (tmp_path / "growing").write_bytes(b"0123")
    with open_source(tmp_path / "x", frontier=Steps(tmp_path / "growing", 10, 10)) as source:
        assert list(source) == [b"0123"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotAccessible, match="missing"), open_source(tmp_path / "missing"):
        pass


def test_a_folder_is_no_archive(tmp_path: Path) -> None:
    with pytest.raises(NotAccessible, match="directory"), open_source(tmp_path):
        pass
