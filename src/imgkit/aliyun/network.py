"""How this machine reaches the cloud: proxies, certificates, time-outs; and the plain words for what went wrong."""

import ipaddress
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import RemoteDisconnected

import urllib3.exceptions as wire


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """What the user's settings say; empty means none. `no_proxy` is the usual list: hosts, .domains, networks, `*`.

    `ca_bundle` is the path of a PEM file that replaces the certificates which come with the SDKs.
    """

    https_proxy: str = ""
    http_proxy: str = ""
    no_proxy: str = ""
    ca_bundle: str = ""
    connect_timeout_seconds: float = 10.0
    read_timeout_seconds: float = 60.0

    def proxies_for(self, scheme: str, host: str) -> dict[str, str]:
        """Return what requests calls `proxies` for one host; loopback never goes through a proxy."""
        proxy = self.https_proxy if scheme == "https" else self.http_proxy
        if not proxy or is_loopback(host) or _is_listed(host, self.no_proxy):
            return {}
        return {scheme: proxy}


DIRECT = NetworkSettings()


def is_loopback(host: str) -> bool:
    """Tell whether a host, without its port, is this machine by its very name."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def describe_failure(error: BaseException) -> str:
    """Say why a connection failed, without the URL, which may be signed, that requests puts into its messages."""
    chain = list(_chain(error))
    words = next((words for link in reversed(chain) if (words := _words(link))), "")
    words = words or f"the connection failed ({type(chain[-1]).__name__})"
    through_proxy = any(isinstance(link, wire.ProxyError) for link in chain)
    return f"the proxy did not let it through: {words}" if through_proxy else words


def was_never_sent(error: BaseException) -> bool:
    """Tell whether the connection failed before any request could travel on it."""
    early = (wire.NewConnectionError, wire.ConnectTimeoutError, socket.gaierror, ConnectionRefusedError)
    return any(isinstance(link, early) for link in _chain(error)) or is_untrusted(error)


def is_untrusted(error: BaseException) -> bool:
    """Tell whether the other side's certificate did not convince."""
    return any(isinstance(link, ssl.SSLCertVerificationError) for link in _chain(error))


def _is_listed(host: str, no_proxy: str) -> bool:
    return any(_covers(entry.strip().lower(), host.lower()) for entry in no_proxy.split(",") if entry.strip())


def _covers(entry: str, host: str) -> bool:
    if entry == "*":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        domain = entry.removeprefix("*").lstrip(".").partition(":")[0]
        return host == domain or host.endswith(f".{domain}")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what lies behind it: urllib3 and requests hide causes in `reason` and in their arguments."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        behind = [getattr(link, "reason", None), getattr(link, "inner_exception", None), *link.args]
        behind += [link.__cause__, link.__context__]
        link = next((one for one in behind if isinstance(one, BaseException)), None)


def _words(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, OSError) and error.strerror and not isinstance(error, socket.gaierror | TimeoutError):
        return error.strerror.lower()
    return next((words for kinds, words in _WORDS if isinstance(error, kinds)), "")


_WORDS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (socket.gaierror, "the name of the host could not be resolved"),
    ((wire.ConnectTimeoutError, wire.ReadTimeoutError, TimeoutError), "no answer came in time"),
    (RemoteDisconnected, "the connection was closed without an answer"),
    (wire.IncompleteRead, "the connection was closed in mid-answer"),
)
