"""The HTTP session of oss2 and of presigned URLs: no surprises from the environment, no redirects."""

from typing import Any

import oss2
import requests
from oss2.exceptions import RequestError
from urllib3.exceptions import HTTPError

from imgkit.aliyun.network import NetworkSettings
from imgkit.units import KiB

MOST_CONNECTIONS = 64  # as many as ranges may be open at once; none is opened before it is needed
_MOST_ERROR_BYTES = 64 * KiB


def make_session(network: NetworkSettings, *, scheme: str, host: str, pool_size: int) -> requests.Session:
    """Make a session for one host.

    `trust_env` is off: requests would put credentials of ~/.netrc in place of the signature, and take proxies that the
    settings may have overruled.
    """
    session = requests.Session()
    session.trust_env = False
    session.proxies = network.proxies_for(scheme, host)
    session.verify = network.ca_bundle or True
    session.mount(f"{scheme}://", requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=pool_size))
    return session


def timeouts(network: NetworkSettings) -> tuple[float, float]:
    """Return what requests takes for time-outs: to connect, and between two pieces of an answer."""
    return network.connect_timeout_seconds, network.read_timeout_seconds


class OssSession(oss2.Session):  # type: ignore[misc]  # oss2 is untyped
    """What oss2 sends its requests with. It follows no redirect, which could lead anywhere, and logs no header."""

    def __init__(self, session: requests.Session) -> None:
        self.session = session

    def do_request(self, req: Any, timeout: Any) -> Any:
        try:
            response = self.session.request(
                req.method,
                req.url,
                data=req.data,
                params=req.params,
                headers=req.headers,
                stream=True,
                timeout=timeout,
                allow_redirects=False,
            )
            if response.status_code >= 300:
                keep_beginning(response)
        except (requests.RequestException, HTTPError) as error:
            raise RequestError(error) from error
        return oss2.http.Response(response)


def keep_beginning(response: requests.Response) -> None:
    """Read the beginning of an error's body, however long a page a proxy sends, and give the connection back."""
    try:
        response._content = response.raw.read(_MOST_ERROR_BYTES, decode_content=True)
        response._content_consumed = True
    finally:
        response.close()
