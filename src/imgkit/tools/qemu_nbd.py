"""qemu-nbd, read-only and on a private UNIX socket: the bytes of any guarded image as a virtual machine sees them."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from imgkit.errors import Differs, ImgkitError, ToolFailed
from imgkit.process import Running, Word, start
from imgkit.tools.qemu_program import Node, bounded, json_name, require, tied_to_us

_START_SECONDS = 30.0
_POLL_SECONDS = 0.005
_LAST_WORDS_SECONDS = 2.0
_READ_FAILED = "reading from file failed"


def serve_arguments(program: Path, node: Node, socket_path: Path, *, clients: int) -> list[Word]:
    """Return the argument list. Without --persistent the server ends by itself when its last client is gone."""
    return [
        program,
        "--read-only",
        f"--shared={clients}",
        f"--socket={socket_path}",
        json_name(node),
    ]


@contextmanager
def serve(node: Node, socket_path: Path, *, clients: int) -> Iterator[Running]:
    """Serve a node to so many clients; leaving the block ends the server."""
    argv = serve_arguments(require("qemu-nbd"), node, socket_path, clients=clients)
    # No bound on CPU time: it grows with the bytes that are read, and the client has a time limit of its own.
    with start(tied_to_us(argv), limits=bounded(None)) as server:
        yield server


def connect(server: Running, socket_path: Path) -> socket.socket:
    """Connect as soon as the server listens. Raises ToolFailed when it ends instead, or takes too long."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            client.connect(str(socket_path))
        except (FileNotFoundError, ConnectionRefusedError):
            client.close()
        else:
            return client
        if server.poll() is not None:
            server.wait()  # for all that it said
            raise _failed(server, "could not open the disk image")
        time.sleep(_POLL_SECONDS)
    raise _failed(server, f"did not listen within {_START_SECONDS:g} s")


def explain(server: Running, error: ToolFailed) -> ImgkitError:
    """Return the error with which the server ended, where a broken connection was only the sign of it.

    It listens before it opens the image, so that a client may be cut off without a word; and where a read fails after
    the first bytes of its answer, it ends the connection and goes on to serve the others.
    """
    deadline = time.monotonic() + _LAST_WORDS_SECONDS
    while time.monotonic() < deadline:
        if _READ_FAILED in server.stderr_tail:
            return Differs(
                f"qemu-nbd could not read the disk: {server.stderr_tail.splitlines()[-1]}",
                hint="The image is damaged there, or the disk that holds it: see qemu-img check and the kernel's log.",
            )
        if server.poll() is not None:
            server.wait()  # for all that it said
            return _failed(server, "could not read the disk image") if server.stderr_tail else error
        time.sleep(_POLL_SECONDS)
    return error


def _failed(server: Running, what: str) -> ToolFailed:
    reason = server.stderr_tail.splitlines()
    return ToolFailed(
        f"qemu-nbd {what}" + (f": {reason[-1]}" if reason else ""),
        hint="The image is damaged in a way that its header does not show, or QEMU is too old for it.",
        returncode=server.poll() or 0,
        stderr_tail=server.stderr_tail,
    )
