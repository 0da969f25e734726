"""What travels between the HTTP server and the two services: requests, responses, and how a response is sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import BinaryIO, Protocol

Sleep = Callable[[float], object]


class Body(Protocol):
    """The body of a request: read once, in pieces, never more of it than was announced."""

    @property
    def length(self) -> int | None: ...

    def read(self, count: int) -> bytes: ...


class BytesBody:
    """A body that is in memory already."""

    def __init__(self, data: bytes = b"") -> None:
        self._data = BytesIO(data)
        self.length: int | None = len(data)

    def read(self, count: int) -> bytes:
        """Return up to `count` bytes."""
        return self._data.read(count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request: the path as it stood on the wire, decoded parameters, header names in lower case."""

    method: str
    path: str
    parameters: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body = field(default_factory=BytesBody)

    def header(self, name: str, default: str = "") -> str:
        """Return a header by its lower-case name."""
        return self.headers.get(name, default)

    def parameter(self, name: str, default: str = "") -> str:
        """Return the first parameter of that name."""
        return next((value for key, value in self.parameters if key == name), default)

    def has(self, name: str) -> bool:
        """Tell whether a parameter is there, with or without a value."""
        return any(key == name for key, _ in self.parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How the body of a response reaches the client; the default is: whole, right and at once."""

    cut_after: int | None = None
    stall_after: int | None = None
    stall_seconds: float = 0.0
    bytes_per_second: float | None = None
    wrong_after: int | None = None
    wrong_bytes: int = 0


PLAIN = Delivery()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRange:
    """`count` bytes of an open file; whoever sends them closes it."""

    file: BinaryIO
    offset: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP response: bytes, or a range of a file. `announced` is the length that HEAD tells and does not send."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    file: FileRange | None = None
    announced: int | None = None
    delivery: Delivery = PLAIN

    @property
    def length(self) -> int:
        """What Content-Length says."""
        if self.announced is not None:
            return self.announced
        return self.file.count if self.file else len(self.body)

    def header(self, name: str) -> str:
        """Return the first header of that name, in whatever case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


class ConnectionDropped(Exception):
    """The connection is to be closed without another byte."""
