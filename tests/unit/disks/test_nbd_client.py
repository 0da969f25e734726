"""The NBD client against a scripted server on a socket pair."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from imgkit.disks.nbd_client import NbdClient, Status
from imgkit.errors import Differs, ToolFailed

SIZE = 1 << 20
Answer = Callable[[int, int, int, int], bytes]


def chunk(handle: int, kind: int, payload: bytes = b"", *, done: bool = True) -> bytes:
    return struct.pack(">IHHQI", 0x668E33EF, int(done), kind, handle, len(payload)) + payload


def data(handle: int, offset: int, content: bytes, *, done: bool = True) -> bytes:
    return chunk(handle, 1, struct.pack(">Q", offset) + content, done=done)


def hole(handle: int, offset: int, length: int, *, done: bool = True) -> bytes:
    return chunk(handle, 2, struct.pack(">QI", offset, length), done=done)


class FakeServer:
    """Speaks as much NBD as qemu-nbd does with one client; `answer` gets command, handle, offset, length."""

    def __init__(
        self, connection: socket.socket, answer: Answer, *, flags: int = 3, context: bytes = b"base:allocation"
    ):
        self.connection = connection
        self.answer = answer
        self.flags = flags
        self.context = context
        self.said_goodbye = False

    def run(self) -> None:
        with self.connection:
            try:
                self.negotiate()
                while not self.said_goodbye:
                    _, _, command, handle, offset, length = struct.unpack(">IHHQQI", self.take(28))
                    self.said_goodbye = command == 2
                    if not self.said_goodbye:
                        self.connection.sendall(self.answer(command, handle, offset, length))
            except (OSError, EOFError):
                return

    def negotiate(self) -> None:
        self.connection.sendall(b"NBDMAGICIHAVEOPT" + struct.pack(">H", 3))
        self.take(4)
        for _ in range(3):
            _, option, length = struct.unpack(">QII", self.take(16))
            self.take(length)
            if option == 10 and self.context:
                self.reply(option, 4, struct.pack(">I", 7) + self.context)
            if option == 7:
                self.reply(option, 3, struct.pack(">HQH", 0, SIZE, self.flags))
            self.reply(option, 1)

    def reply(self, option: int, kind: int, payload: bytes = b"") -> None:
        self.connection.sendall(struct.pack(">QIII", 0x3E889045565A9, option, kind, len(payload)) + payload)

    def take(self, length: int) -> bytes:
        found = self.connection.recv(length, socket.MSG_WAITALL) if length else b""
        if len(found) != length:
            raise EOFError
        return found


@contextmanager
def connected(answer: Answer, *, flags: int = 3, context: bytes = b"base:allocation") -> Iterator[NbdClient]:
    ours, theirs = socket.socketpair()
    server = FakeServer(theirs, answer, flags=flags, context=context)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        client = NbdClient(ours, timeout_seconds=5)
        yield client
        client.close()
    finally:
        ours.close()
        thread.join()


def test_learns_the_size() -> None:
    with connected(lambda *_: b"") as client:
        assert client.size == SIZE


def test_says_goodbye_so_that_the_server_ends() -> None:
    ours, theirs = socket.socketpair()
    server = FakeServer(theirs, lambda *_: b"")
    thread = threading.Thread(target=server.run)
    thread.start()
    NbdClient(ours, timeout_seconds=5).close()
    thread.join()
    assert server.said_goodbye


def test_reads_one_piece() -> None:
    with connected(lambda _, handle, offset, length: data(handle, offset, b"x" * length)) as client:
        assert client.read(512, 1024) == b"x" * 1024


def test_joins_data_and_holes_whatever_their_order() -> None:
    def answer(_: int, handle: int, offset: int, length: int) -> bytes:
        return hole(handle, offset + 4, length - 4, done=False) + data(handle, offset, b"data")

    with connected(answer) as client:
        assert client.read(0, 16) == b"data" + bytes(12)


def test_yields_the_status_of_blocks() -> None:
    def answer(_: int, handle: int, offset: int, length: int) -> bytes:
        return chunk(handle, 5, struct.pack(">IIIII", 7, 4096, 0, 8192, 3))

    with connected(answer) as client:
        assert list(client.status(0, SIZE)) == [Status(4096, False), Status(8192, True)]


def test_a_hole_that_is_not_known_to_be_zero_is_data() -> None:
    with connected(lambda _, handle, *__: chunk(handle, 5, struct.pack(">III", 7, 4096, 1))) as client:
        assert list(client.status(0, SIZE)) == [Status(4096, False)]


def test_an_error_is_raised_and_the_connection_goes_on() -> None:
    def answer(_: int, handle: int, offset: int, length: int) -> bytes:
        if offset == 0:
            return chunk(handle, 1 << 15 | 1, struct.pack(">IH", 5, 0))
        return data(handle, offset, bytes(length))

    with connected(answer) as client:
        with pytest.raises(Differs, match="Input/output error"):
            client.read(0, 512)
        assert client.read(512, 512) == bytes(512)


@pytest.mark.parametrize(
    "answer",
    [
        lambda _, handle, offset, length: data(handle + 1, offset, bytes(length)),
        lambda _, handle, offset, length: data(handle, offset + 1, bytes(length)),
        lambda _, handle, offset, length: data(handle, offset, bytes(length - 1)),
        lambda _, handle, offset, length: data(handle, offset, bytes(length + 1)),
        lambda _, handle, offset, length: hole(handle, offset, 2**32 - 1),
        lambda _, handle, offset, length: chunk(handle, 0),
        lambda _, handle, offset, length: b"\0" * 20,
        lambda _, handle, offset, length: chunk(handle, 1, bytes(3)),
        lambda _, handle, offset, length: chunk(handle, 2, bytes(3)),
        lambda _, handle, offset, length: chunk(handle, 1 << 15 | 1, b"\0"),
        lambda _, handle, offset, length: (
            data(handle, offset, b"", done=False) * 3 + data(handle, offset, bytes(length))
        ),
        lambda _, handle, offset, length: chunk(handle, 5, bytes(12)),
    ],
)
def test_nonsense_is_never_taken_for_bytes(answer: Answer) -> None:
    with connected(answer) as client, pytest.raises(ToolFailed):
        client.read(0, 4096)


def test_a_status_of_nothing_does_not_go_on_forever() -> None:
    def answer(_: int, handle: int, offset: int, length: int) -> bytes:
        return chunk(handle, 5, struct.pack(">III", 7, 0, 0))

    with connected(answer) as client, pytest.raises(ToolFailed, match="nothing"):
        client.status(0, SIZE)


def test_a_server_that_would_write_is_refused() -> None:
    with pytest.raises(ToolFailed, match="writing"), connected(lambda *_: b"", flags=1):
        pass


def test_a_server_without_block_status_is_refused() -> None:
    with pytest.raises(ToolFailed, match="base:allocation"), connected(lambda *_: b"", context=b""):
        pass


def test_something_else_on_the_socket_is_refused() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian")
        with pytest.raises(ToolFailed, match="newstyle"):
            NbdClient(ours, timeout_seconds=5)


def test_a_server_that_ends_in_mid_answer_is_an_error() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.close()
        with pytest.raises(ToolFailed, match="qemu-nbd"):
            NbdClient(ours, timeout_seconds=5)
