"""What OSS answers, by script, to the real oss2: an adapter instead of the network, and the pages it gives out."""

from base64 import b64encode
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
import urllib3

from imgkit.aliyun.credentials import FixedCredentials, Keys
from imgkit.ports import RangeSource

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DATE = "Sun, 22 Nov 2026 12:00:00 GMT"
HEAD = {
    "Content-Length": "1000",
    "ETag": '"E-1"',
    "x-oss-hash-crc64ecma": "18446744073709551615",
    "Last-Modified": "Sat, 21 Nov 2026 12:00:00 GMT",
    "x-oss-storage-class": "IA",
    "x-oss-version-id": "v1",
    "x-oss-restore": 'ongoing-request="true"',
    "x-oss-request-id": "R1",
    "Date": DATE,
}
RANGE = {"Content-Range": "bytes 10-14/1000", "ETag": '"E-1"', "Content-Length": "5", "Date": DATE}

Outcome = tuple[int, dict[str, str], bytes] | Exception


class Wire(requests.adapters.BaseAdapter):  # type: ignore[misc]  # requests is untyped here
    def __init__(self, *outcomes: Outcome) -> None:
        super().__init__()
        self.outcomes = list(outcomes)
        self.requests: list[Any] = []
        self.options: list[dict[str, Any]] = []

    def send(self, request: Any, **options: Any) -> requests.Response:
        self.requests.append(request)
        self.options.append(options)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        status, headers, body = outcome
        if request.method == "HEAD" and body:  # such answers have no body, and OSS puts its error into a header
            headers, body = {**headers, "x-oss-err": b64encode(body).decode()}, b""
        response = requests.Response()
        response.status_code, response.request, response.url = status, request, request.url
        response.headers.update(headers)
        response.raw = urllib3.HTTPResponse(
            BytesIO(body), headers=headers, status=status, preload_content=False, request_method=request.method
        )
        return response

    def close(self) -> None:
        pass

    def query(self, number: int = 0) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.requests[number].url).query, keep_blank_values=True)


class Tokens:
    """Credentials whose token is another one from the n-th question on."""

    source = "a test"

    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens)

    def current(self) -> Keys:
        return Keys("id", "secret", self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0])


FIXED = FixedCredentials("a test", Keys("id", "secret", ""))


def refusal(code: str, status: int, message: str = "m", **more: str) -> Outcome:
    elements = {"Code": code, "Message": message, **more}
    xml = "".join(f"<{name}>{value}</{name}>" for name, value in elements.items())
    return status, {"x-oss-request-id": "R9", "Date": DATE}, f"<Error>{xml}</Error>".encode()


def page(*keys: str, more: str = "") -> Outcome:
    entries = "".join(
        f'<Contents><Key>{key}</Key><LastModified>2026-11-21T12:00:00.000Z</LastModified><ETag>"E"</ETag>'
        "<Type>Normal</Type><Size>7</Size><StorageClass>Standard</StorageClass></Contents>"
        for key in keys
    )
    rest = f"<NextContinuationToken>{more}</NextContinuationToken>" if more else ""
    truncated = str(bool(more)).lower()
    body = f"<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{rest}{entries}</ListBucketResult>"
    return 200, {}, body.encode()


def bucket_page(extra: str = "") -> Outcome:
    fields = {
        "Name": "evidence",
        "CreationDate": "2026-01-01T00:00:00.000Z",
        "StorageClass": "Archive",
        "ExtranetEndpoint": "oss-cn-hangzhou.aliyuncs.com",
        "IntranetEndpoint": "oss-cn-hangzhou-internal.aliyuncs.com",
        "Location": "oss-cn-hangzhou",
    }
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    owner = "<Owner><DisplayName>1</DisplayName><ID>1</ID></Owner>"
    grants = "<AccessControlList><Grant>private</Grant></AccessControlList>"
    return 200, {}, f"<BucketInfo><Bucket>{inner}{owner}{grants}{extra}</Bucket></BucketInfo>".encode()


def read_range(source: RangeSource, start: int, length: int, etag: str = "E-1") -> bytes:
    got = b""
    buffer = bytearray(64)
    with source.open_range(start, length, etag=etag) as body:
        while count := body.readinto(memoryview(buffer)):
            got += buffer[:count]
    return got
