"""Real host names through a proxy on loopback, over TLS with a certificate authority of our own: both SDKs."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from imgkit.aliyun.credentials import FixedCredentials, Keys
from imgkit.aliyun.ecs import open_ecs
from imgkit.aliyun.endpoints import oss_endpoint
from imgkit.aliyun.network import NetworkSettings
from imgkit.aliyun.oss import open_bucket
from imgkit.aliyun.presigned import open_presigned
from imgkit.aliyun.retrying import Retry
from imgkit.errors import CloudError
from imgkit.model.image import ImageQuery
from imgkit.ports import RangeSource
from imgkit.simulator.simulator import Simulator

pytestmark = pytest.mark.tools("openssl")
CONTENT = b"hello"
QUICK = Retry(attempts=1, sleep=lambda _: None)
NAMES = "DNS:ecs-cn-hangzhou.aliyuncs.com,DNS:*.oss-cn-hangzhou.aliyuncs.com"


class ConnectProxy:
    """Answers CONNECT for any host by a TLS connection to itself, and passes the bytes on to one port."""

    def __init__(self, certificate: Path, target_port: int) -> None:
        self.hosts: list[str] = []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        self._target = ("127.0.0.1", target_port)
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._run(self._accept)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in list(self._threads):
            thread.join(5.0)

    def _run(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]  # any callable
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._run(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += connection.recv(1)
            self.hosts.append(head.split()[1].decode())
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with (
                self._context.wrap_socket(connection, server_side=True) as inside,
                socket.create_connection(self._target) as onward,
            ):
                self._run(self._copy, onward, inside)
                self._copy(inside, onward)

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=a test"]
    command += ["-addext", f"subjectAltName={NAMES}", "-keyout", str(path.with_suffix(".key")), "-out", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    (tmp_path / "system.raw").write_bytes(b"disk")
    with Simulator(tmp_path) as running:
        running.put_object("k", CONTENT)
        yield running


@pytest.fixture
def proxy(simulator: Simulator, certificate: Path) -> Iterator[ConnectProxy]:
    port = int(simulator.url.rpartition(":")[2])
    running = ConnectProxy(certificate, port)
    yield running
    running.close()


def keys(simulator: Simulator) -> FixedCredentials:
    told = simulator.describe()
    return FixedCredentials("a test", Keys(told["access_key_id"], told["access_key_secret"], ""))


def test_ecs_goes_through_the_proxy_and_trusts_the_bundle(simulator, proxy, certificate):
    network = NetworkSettings(https_proxy=proxy.url, ca_bundle=str(certificate))
    cloud = open_ecs(region_id="cn-hangzhou", credentials=keys(simulator), network=network, retry=QUICK)
    try:
        assert len(list(cloud.images(ImageQuery()))) == 1
    finally:
        cloud.close()

    assert proxy.hosts == ["ecs-cn-hangzhou.aliyuncs.com:443"]


def test_ecs_does_not_trust_a_strange_certificate(simulator, proxy):
    network = NetworkSettings(https_proxy=proxy.url)
    cloud = open_ecs(region_id="cn-hangzhou", credentials=keys(simulator), network=network, retry=QUICK)
    try:
        with pytest.raises(CloudError, match="not trusted") as caught:
            list(cloud.images(ImageQuery()))
    finally:
        cloud.close()

    assert "ca_bundle" in caught.value.hint


def assert_read_directly(source: RangeSource) -> None:
    """Over TLS too, bytes go from the connection into the caller's buffer."""
    buffer = memoryview(bytearray(16))
    info = source.describe()
    with source.open_range(1, 4, etag=info.etag) as body:
        assert getattr(body, "is_direct", False)
        assert body.readinto(buffer) == 4
        assert body.readinto(buffer) == 0
    assert (info.size, bytes(buffer[:4])) == (5, CONTENT[1:])


def test_oss_goes_through_the_proxy_and_trusts_the_bundle(simulator, proxy, certificate):
    network = NetworkSettings(https_proxy=proxy.url, ca_bundle=str(certificate))
    store = open_bucket(
        "evidence",
        region_id="cn-hangzhou",
        credentials=keys(simulator),
        endpoint=oss_endpoint("cn-hangzhou"),
        network=network,
        retry=QUICK,
    )
    try:
        assert_read_directly(store.source("k"))
        url = store._client.sign_url("GET", "k", 60, slash_safe=True)
    finally:
        store.close()
    source = open_presigned(url, network=network)
    try:
        assert_read_directly(source)
    finally:
        source.close()

    assert set(proxy.hosts) == {"evidence.oss-cn-hangzhou.aliyuncs.com:443"}


def test_oss_does_not_trust_a_strange_certificate(simulator, proxy):
    store = open_bucket(
        "evidence",
        region_id="cn-hangzhou",
        credentials=keys(simulator),
        endpoint=oss_endpoint("cn-hangzhou"),
        network=NetworkSettings(https_proxy=proxy.url),
        retry=QUICK,
    )
    try:
        with pytest.raises(CloudError, match="not trusted"):
            store.describe("k")
    finally:
        store.close()


def test_a_proxy_that_is_not_there_is_told(simulator):
    network = NetworkSettings(https_proxy="http://user:pa55word@127.0.0.1:9")
    cloud = open_ecs(region_id="cn-hangzhou", credentials=keys(simulator), network=network, retry=QUICK)
    try:
        with pytest.raises(CloudError, match="proxy did not let it through: connection refused") as caught:
            list(cloud.images(ImageQuery()))
    finally:
        cloud.close()

    assert "pa55word" not in str(caught.value)
    assert "proxy" in caught.value.hint
