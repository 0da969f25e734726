"""Sending a request to a time stamp server, as RFC 3161 says in its section 3.4: one POST, one answer.

Plain http is allowed: the answer is signed, and the request holds a digest and a random number.
"""

import errno
import time
from collections.abc import Callable, Mapping
from urllib.parse import SplitResult, urlsplit

import requests

from imgkit.errors import SettingsError, TransferError
from imgkit.units import MiB

_LARGEST_ANSWER = MiB  # a stamp with its chain has some KiB
_TIMEOUTS = (10.0, 30.0)
_ANSWER_SECONDS = 60.0
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


def require_server_url(url: str) -> SplitResult:
    """Return the parts of a server's address. Raises SettingsError for what is none, or holds a password."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsError("--timestamp takes the http(s) address of a server", hint="As http://tsa.example.com/tsr.")
    if parts.username or parts.password:
        raise SettingsError(
            "--timestamp has a password in its address, where every user of this machine can read it",
            hint="Use a server that asks for none.",
        )
    return parts


def ask_server(
    url: str,
    request: bytes,
    *,
    proxies: Mapping[str, str],
    ca_bundle: str,
    explain: Callable[[BaseException], str],
) -> bytes:
    """Send a request and return the answer. Raises TransferError; `explain` puts a failed connection into words."""
    host = urlsplit(url).netloc
    try:
        with requests.Session() as session:
            session.trust_env = False  # what the user settled is in `proxies`; no password from a .netrc
            with session.post(
                url,
                data=request,
                headers={"Content-Type": _QUERY, "Accept": _REPLY},
                proxies=dict(proxies),
                verify=ca_bundle or True,
                timeout=_TIMEOUTS,
                allow_redirects=False,
                stream=True,
            ) as answer:
                body = _bounded(answer)
                status, kind = answer.status_code, answer.headers.get("Content-Type", "")
    except (requests.RequestException, OSError) as error:
        raise TransferError(
            f"the time stamp server {host} could not be asked: {explain(error)}",
            hint="Nothing was signed. Try again, or use another server.",
        ) from error
    if status != 200 or not kind.startswith(_REPLY):
        raise TransferError(
            f"the time stamp server {host} answered {status} ({kind or 'of no type'}) and no time stamp",
            hint="Is the address that of its RFC 3161 service? Nothing was signed.",
        )
    return body


def _bounded(answer: requests.Response) -> bytes:
    """Read the answer; the time-outs count for each block alone, so one for all of them stands here."""
    body, end = b"", time.monotonic() + _ANSWER_SECONDS
    for block in answer.iter_content(64 * 1024):
        body += block
        if len(body) > _LARGEST_ANSWER:
            raise OSError(errno.EMSGSIZE, "its answer is too long for a time stamp")
        if time.monotonic() > end:
            raise TimeoutError
    return body
