"""Where a request to OSS points: the service, a bucket or an object.

Path style, `/bucket/key`, is what clients use on loopback. ali-oss, given an address instead of a name, leaves the
bucket out of the path and names it in the Host header, as on the public endpoints: that is understood too.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from imgkit.simulator.messages import Request

_BUCKET_HOST = re.compile(r"(?P<bucket>[a-z0-9-]{3,63})\.oss-[a-z0-9-]+\.aliyuncs\.com(?::\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A bucket and a key; both empty for the service, no key for the bucket itself."""

    bucket: str = ""
    key: str = ""

    @property
    def canonical(self) -> str:
        """The resource as both signatures name it: `/bucket/key`, `/bucket/`, `/`."""
        return f"/{self.bucket}/{self.key}" if self.bucket else "/"


def read_place(request: Request) -> Place:
    """Read where a request points; some clients send the slashes of a key as %2F."""
    path = request.path.removeprefix("/")
    host = _BUCKET_HOST.fullmatch(request.header("host"))
    if host is not None:
        return Place(bucket=host["bucket"], key=unquote(path))
    bucket, _, key = path.partition("/")
    return Place(bucket=unquote(bucket), key=unquote(key))
