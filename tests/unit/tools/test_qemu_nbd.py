"""qemu-nbd's argument list, and waiting for its socket."""

import socket
from pathlib import Path

import pytest

from imgkit.errors import Differs, ToolFailed
from imgkit.tools import qemu_nbd
from imgkit.tools.qemu_nbd import connect, explain, serve_arguments


class FakeServer:
    def __init__(self, returncode: int | None = None, stderr_tail: str = "") -> None:
        self.returncode = returncode
        self.stderr_tail = stderr_tail

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout_seconds: float | None = None) -> int | None:
        if self.returncode is None:
            raise TimeoutError
        return self.returncode


def test_serves_for_reading_to_so_many_and_ends_with_the_last() -> None:
    words = [str(word) for word in serve_arguments(Path("qemu-nbd"), {"driver": "raw"}, Path("/s/nbd"), clients=4)]
    assert words[1:] == ["--read-only", "--shared=4", "--socket=/s/nbd", 'json:{"driver": "raw"}']
    assert "--persistent" not in words


def test_connects_as_soon_as_somebody_listens(tmp_path: Path) -> None:
    path = tmp_path / "nbd"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        connect(FakeServer(), path).close()  # type: ignore[arg-type]  # a fake of what is used of Running


def test_a_server_that_ends_says_why(tmp_path: Path) -> None:
    server = FakeServer(1, "qemu-nbd: Failed to blk_new_open: Image is corrupt")
    with pytest.raises(ToolFailed, match="Image is corrupt"):
        connect(server, tmp_path / "nbd")  # type: ignore[arg-type]  # a fake of what is used of Running


def test_a_server_that_never_listens_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qemu_nbd, "_START_SECONDS", 0.0)
    with pytest.raises(ToolFailed, match="did not listen"):
        connect(FakeServer(), tmp_path / "nbd")  # type: ignore[arg-type]  # a fake of what is used of Running


def test_a_read_that_fails_is_a_matter_of_the_image_though_the_server_only_hangs_up() -> None:
    said = "qemu-nbd: Disconnect client, due to: Failed to send reply: reading from file failed: Input/output error"
    found = explain(FakeServer(None, said), ToolFailed("ended in the middle"))  # type: ignore[arg-type]  # a fake
    assert isinstance(found, Differs)
    assert "Input/output error" in found.message


def test_a_broken_connection_is_explained_by_what_the_server_said_at_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(qemu_nbd, "_LAST_WORDS_SECONDS", 0.02)
    broken = ToolFailed("does not answer")
    server = FakeServer(1, "qemu-nbd: L1 table is damaged")
    assert "L1 table is damaged" in explain(server, broken).message  # type: ignore[arg-type]  # a fake, as above
    for silent in (FakeServer(1), FakeServer(None, "still running")):
        assert explain(silent, broken) is broken  # type: ignore[arg-type]  # a fake, as above
