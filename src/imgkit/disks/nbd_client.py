"""A small NBD client: fixed newstyle, structured replies and base:allocation, one request at a time.

The protocol is https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md; the server is qemu-nbd on a UNIX
socket. Whatever it sends is checked against what was asked.
"""

import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from imgkit.errors import Differs, ToolFailed
from imgkit.units import GiB, MiB

MAX_READ_BYTES = 16 * MiB
MAX_STATUS_BYTES = GiB

_GREETING, _OPTION_MAGIC = 0x4E42444D41474943, 0x49484156454F5054  # NBDMAGIC, IHAVEOPT
_OPTION_REPLY_MAGIC, _REQUEST_MAGIC, _REPLY_MAGIC = 0x3E889045565A9, 0x25609513, 0x668E33EF
_FIXED_NEWSTYLE, _NO_ZEROES = 1, 2
_READ_ONLY = 1 << 1
_CONTEXT = b"base:allocation"
_ZERO_STATE = 2
_ERROR_BIT = 1 << 15
_MAX_OPTION_REPLY = 64 * 1024
_MAX_STATUS_REPLY = 16 * MiB

_OPTION = struct.Struct(">QII")
_OPTION_REPLY = struct.Struct(">QIII")
_REQUEST = struct.Struct(">IHHQQI")
_CHUNK = struct.Struct(">IHHQI")


class _Option(IntEnum):
    GO = 7
    STRUCTURED_REPLY = 8
    SET_META_CONTEXT = 10


class _OptionReply(IntEnum):
    ACK = 1
    INFO = 3
    META_CONTEXT = 4


class _Command(IntEnum):
    READ = 0
    DISCONNECT = 2
    BLOCK_STATUS = 7


class _Chunk(IntEnum):
    NONE = 0
    OFFSET_DATA = 1
    OFFSET_HOLE = 2
    BLOCK_STATUS = 5


@dataclass(frozen=True, slots=True)
class Status:
    """A run of the disk, and whether it reads as zeroes."""

    length: int
    is_zero: bool


class NbdClient:
    """One connection. Not for several threads at once."""

    def __init__(self, connection: socket.socket, *, timeout_seconds: float = 300) -> None:
        self._connection = connection
        # The kernel's own timeout, so that MSG_WAITALL works: a socket with Python's is a non-blocking one.
        bound = struct.pack("ll", int(timeout_seconds), 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, bound)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, bound)
        self._handle = 0
        self._context_id = -1
        self.size = 0
        self._negotiate()

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly these bytes. Raises Differs where the server cannot read the image there."""
        self._request(_Command.READ, offset, length)
        parts: list[tuple[int, bytes]] = []
        missing = length
        for kind, payload in self._chunks(f"read {length} bytes at {offset}", largest=length + 8):
            start, content = _parse_part(kind, payload, missing)
            missing -= len(content)
            parts.append((start, content))
        return _join(parts, offset, length)

    def status(self, offset: int, length: int) -> Iterator[Status]:
        """Yield what the server knows of a range; it may tell of less than was asked, and of more."""
        self._request(_Command.BLOCK_STATUS, offset, length)
        found: list[Status] = []
        for kind, payload in self._chunks(f"map {length} bytes at {offset}", largest=_MAX_STATUS_REPLY):
            if kind != _Chunk.BLOCK_STATUS or len(payload) % 8 != 4 or found:
                raise _broken("answered a question for block status with something else")
            pairs = struct.iter_unpack(">II", payload[4:])
            found = [Status(run, bool(flags & _ZERO_STATE)) for run, flags in pairs]
        if not found or any(not part.length for part in found):
            raise _broken("told nothing of a range")
        return iter(found)

    def close(self) -> None:
        """Say goodbye; the server may be gone already."""
        try:
            self._request(_Command.DISCONNECT, 0, 0)
        except ToolFailed:
            pass
        finally:
            self._connection.close()

    def _negotiate(self) -> None:
        greeting, option_magic, flags = struct.unpack(">QQH", self._receive(18))
        if greeting != _GREETING or option_magic != _OPTION_MAGIC or not flags & _FIXED_NEWSTYLE:
            raise _broken("does not speak NBD's fixed newstyle")
        self._send(struct.pack(">I", flags & (_FIXED_NEWSTYLE | _NO_ZEROES)))
        self._ask(_Option.STRUCTURED_REPLY, b"")
        for kind, payload in self._ask(_Option.SET_META_CONTEXT, _meta_context_request()):
            if kind == _OptionReply.META_CONTEXT and payload[4:] == _CONTEXT:
                self._context_id = _unpack(">I", payload[:4])[0]
        if self._context_id < 0:
            raise _broken("does not offer base:allocation")
        for kind, payload in self._ask(_Option.GO, struct.pack(">IH", 0, 0)):
            if kind == _OptionReply.INFO and payload[:2] == b"\0\0":
                _, self.size, export_flags = _unpack(">HQH", payload)
                if not export_flags & _READ_ONLY:
                    raise _broken("offers the disk for writing")

    def _ask(self, option: _Option, payload: bytes) -> list[tuple[int, bytes]]:
        """Send an option and return its replies up to the acknowledgement."""
        self._send(_OPTION.pack(_OPTION_MAGIC, option, len(payload)) + payload)
        replies: list[tuple[int, bytes]] = []
        while True:
            magic, of, kind, length = _OPTION_REPLY.unpack(self._receive(_OPTION_REPLY.size))
            if magic != _OPTION_REPLY_MAGIC or of != option or length > _MAX_OPTION_REPLY:
                raise _broken("answered an option with nonsense")
            content = self._receive(length)
            if kind == _OptionReply.ACK:
                return replies
            if kind & 1 << 31:
                raise _broken(f"refused the option {option.name}: {content.decode('utf-8', 'backslashreplace')}")
            replies.append((kind, content))

    def _request(self, command: _Command, offset: int, length: int) -> None:
        self._handle += 1
        self._send(_REQUEST.pack(_REQUEST_MAGIC, 0, command, self._handle, offset, length))

    def _chunks(self, doing: str, *, largest: int) -> Iterator[tuple[int, bytes]]:
        """Yield the chunks of one reply; an error chunk is raised when the reply is over, so that the next one fits."""
        failure = None
        done = False
        while not done:
            magic, flags, kind, handle, length = _CHUNK.unpack(self._receive(_CHUNK.size))
            if magic != _REPLY_MAGIC or handle != self._handle or length > max(largest, 4096):
                raise _broken("answered a request with nonsense")
            payload = self._receive(length)
            done = bool(flags & 1)
            if kind & _ERROR_BIT:
                failure = os.strerror(_unpack(">I", payload[:4])[0])
            elif kind != _Chunk.NONE:
                yield kind, payload
        if failure is not None:
            raise Differs(
                f"qemu-nbd could not {doing} of the disk: {failure}",
                hint="The image is damaged there, or the disk that holds it: see qemu-img check and the kernel's log.",
            )

    def _send(self, message: bytes) -> None:
        try:
            self._connection.sendall(message)
        except OSError as error:
            raise _broken(f"is gone ({error.strerror or error})") from error

    def _receive(self, length: int) -> bytes:
        """Return exactly so many bytes; in one piece and without a copy where the kernel gives them at once."""
        parts = []
        missing = length
        while missing:
            try:
                part = self._connection.recv(missing, socket.MSG_WAITALL)
            except OSError as error:
                raise _broken(f"does not answer ({error.strerror or error})") from error
            if not part:
                raise _broken("ended in the middle of an answer")
            parts.append(part)
            missing -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)


def _meta_context_request() -> bytes:
    return struct.pack(">III", 0, 1, len(_CONTEXT)) + _CONTEXT


def _parse_part(kind: int, payload: bytes, missing: int) -> tuple[int, bytes]:
    """Return where a chunk of a read belongs and its bytes, at most as many as are missing and never none."""
    start: int
    if kind == _Chunk.OFFSET_DATA:
        (start,), content = _unpack(">Q", payload[:8]), payload[8:]
    elif kind == _Chunk.OFFSET_HOLE:
        start, run = _unpack(">QI", payload)
        content = bytes(min(run, missing + 1))
    else:
        raise _broken(f"answered a read with a chunk of type {kind}")
    if not 0 < len(content) <= missing:
        raise _broken("sent other bytes than it was asked for")
    return start, content


def _unpack(form: str, payload: bytes) -> tuple[int, ...]:
    if len(payload) != struct.calcsize(form):
        raise _broken("answered with a chunk of the wrong length")
    return struct.unpack(form, payload)


def _join(parts: list[tuple[int, bytes]], offset: int, length: int) -> bytes:
    """Put the chunks of a reply in order. They must cover the range exactly."""
    if len(parts) == 1 and parts[0][0] == offset and len(parts[0][1]) == length:
        return parts[0][1]
    place = offset
    parts.sort(key=lambda part: part[0])
    for start, content in parts:
        if start != place:
            raise _broken("sent other bytes than it was asked for")
        place += len(content)
    if place != offset + length:
        raise _broken("sent fewer bytes than it was asked for")
    return b"".join(content for _, content in parts)


def _broken(what: str) -> ToolFailed:
    return ToolFailed(
        f"qemu-nbd {what}", hint="If this happens again, the log (--log-file or -v) has the whole command."
    )
