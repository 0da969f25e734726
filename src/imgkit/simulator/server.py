"""The HTTP server of the loopback cloud: threads, keep-alive, bounded requests, and files sent by the kernel."""

import logging
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any
from urllib.parse import parse_qsl

from imgkit.simulator.bodies import BadBody, drain, read_body
from imgkit.simulator.delivery import body_pieces, deliver
from imgkit.simulator.front import Exchange, Front
from imgkit.simulator.messages import PLAIN, ConnectionDropped, FileRange, Request, Response, Sleep

log = logging.getLogger(__name__)

_MOST_PARAMETERS = 500
_IDLE_SECONDS = 120.0
_STOP_SECONDS = 5.0
_NO_BODY = frozenset({204, 304})


class Server(ThreadingHTTPServer):
    """Serves one front on the loopback address."""

    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, port: int, make_front: Callable[[Sleep], Front]) -> None:
        self.bugs: list[str] = []
        self.stopping = threading.Event()
        self.front = make_front(self.stopping.wait)
        self._open: set[socket.socket] = set()
        self._none_open = threading.Condition()
        super().__init__(("127.0.0.1", port), _Handler)
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="simulator", daemon=True
        )

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Close everything and wait until it is closed."""
        self.stopping.set()
        self.shutdown()
        self._thread.join(_STOP_SECONDS)
        self.server_close()
        with self._none_open:
            for connection in self._open:
                _shut(connection)
            self._none_open.wait_for(lambda: not self._open, _STOP_SECONDS)

    def server_bind(self) -> None:
        """Bind without asking the resolver for this machine's name, as HTTPServer would."""
        TCPServer.server_bind(self)
        self.server_name = "127.0.0.1"
        self.server_port = self.server_address[1]

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection, known to `stop` while it is open."""
        with self._known(request):
            super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 (socketserver's own signature)
        """Take a client that hung up for what it is; anything else is a bug, kept for the tests to find."""
        error = sys.exception()
        if not self.stopping.is_set() and not isinstance(error, ConnectionError | TimeoutError):
            self.bugs.append(traceback.format_exc())
        log.debug("a connection ended: %r", error)

    @contextmanager
    def _known(self, connection: socket.socket) -> Iterator[None]:
        with self._none_open:
            self._open.add(connection)
        try:
            yield
        finally:
            with self._none_open:
                self._open.discard(connection)
                self._none_open.notify_all()


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True

    def serve(self) -> None:
        """Serve one request."""
        try:
            request = self._read()
        except (BadBody, ValueError) as error:
            self.close_connection = True
            self._send(Response(status=400, body=f"{error}\n".encode(errors="replace")))
            return
        exchange = self._answer(request)
        number = self.server.front.note(exchange)
        if exchange.response is None:
            self.close_connection = True
            return
        self._send_noted(exchange.response, number)
        self._finish_body(request)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_OPTIONS = do_PATCH = serve  # noqa: N815 (http.server's names)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's own signature)
        """Say nothing on stderr."""
        log.debug(format, *args)

    def _read(self) -> Request:
        target = self.path
        if not target.startswith("/"):  # absolute form, as sent to a proxy
            target = "/" + target.partition("://")[2].partition("/")[2]
        path, _, query = target.partition("#")[0].partition("?")
        headers = {name.lower(): _text(value) for name, value in self.headers.items()}
        return Request(
            method=self.command,
            path=path,
            parameters=tuple(parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)),
            headers=headers,
            body=read_body(
                self.rfile,
                length=headers.get("content-length", ""),
                encoding=headers.get("transfer-encoding", ""),
            ),
        )

    def _answer(self, request: Request) -> Exchange:
        try:
            return self.server.front.answer(request)
        except BadBody as error:
            self.close_connection = True
            response = Response(status=400, body=f"{error}\n".encode(errors="replace"))
        except (ConnectionError, TimeoutError):
            raise
        except Exception:
            self.server.bugs.append(traceback.format_exc())
            self.close_connection = True
            response = Response(status=500, body=b"the simulator has a bug: see its log\n")
            log.exception("a request made the simulator stumble")
        return self.server.front.blank(request, response)

    def _send_noted(self, response: Response, number: int) -> None:
        sent = 0
        try:
            for count in self._pieces_sent(response):
                sent += count
        finally:
            if response.file is not None:
                response.file.file.close()
            self.server.front.finish(number, sent)

    def _send(self, response: Response) -> None:
        for _ in self._pieces_sent(response):
            pass

    def _pieces_sent(self, response: Response) -> Iterator[int]:
        """Send a response, and yield the number of body bytes after each piece of it."""
        self.connection.sendall(self._head(response))
        if self.command == "HEAD" or response.status in _NO_BODY:
            return
        if response.file is not None and response.delivery == PLAIN:
            yield self._send_file(response.file)
            return
        try:
            for piece in deliver(body_pieces(response), response.delivery, sleep=self.server.stopping.wait):
                self.connection.sendall(piece)
                yield len(piece)
        except ConnectionDropped:
            self.close_connection = True

    def _send_file(self, part: FileRange) -> int:
        """Let the kernel send a range of a file, without a copy in this process."""
        sent = self.connection.sendfile(part.file, part.offset, part.count) if part.count else 0
        if sent < part.count:  # the file shrank under us: a short body is the honest answer
            self.close_connection = True
        return sent

    def _head(self, response: Response) -> bytes:
        lines = [f"HTTP/1.1 {response.status} {_reason(response.status)}"]
        headers = [
            ("Server", "AliyunOSS"),
            ("Date", format_datetime(self.server.front.now(), usegmt=True)),
            *response.headers,
        ]
        if response.status not in _NO_BODY:
            headers.append(("Content-Length", str(response.length)))
        headers.append(("Connection", "close" if self.close_connection else "keep-alive"))
        lines += [f"{name}: {_one_line(value)}" for name, value in headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _finish_body(self, request: Request) -> None:
        try:
            if not drain(request.body):
                self.close_connection = True
        except BadBody:
            self.close_connection = True


def _text(value: str) -> str:
    """Return a header as the client meant it: http.server reads it as Latin-1, clients write UTF-8."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def _one_line(value: str) -> str:
    """Keep what a client sent from becoming headers of ours."""
    return "".join(letter if letter.isprintable() or letter == "\t" else " " for letter in value)


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        log.debug("a connection was closed already")
