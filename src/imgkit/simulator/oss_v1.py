"""OSS signatures V1: HMAC-SHA1 over the request's main parts, in a header or in a URL.

The recipe is that of the public page "Include signatures in the Authorization header" of the OSS documentation.
"""

import hmac
from base64 import b64encode

from imgkit.simulator.messages import Request
from imgkit.simulator.oss_places import Place

# Parameters that enter the string to sign; any other (prefix, max-keys, list-type …) does not.
_SIGNED_PARAMETERS = frozenset({
    "acl", "append", "bucketInfo", "callback", "callback-var", "cloudboxes", "cname", "comp", "continuation-token",
    "cors", "delete", "encryption", "endTime", "group", "inventory", "inventoryId", "lifecycle", "link", "live",
    "location", "logging", "objectInfo", "objectMeta", "partNumber", "policy", "position", "qos", "referer",
    "regionList", "replication", "resourceGroup", "response-cache-control", "response-content-disposition",
    "response-content-encoding", "response-content-language", "response-content-type", "response-expires", "restore",
    "security-token", "sequential", "startTime", "stat", "status", "symlink", "tagging", "uploadId", "uploads",
    "versionId", "versioning", "versions", "vod", "website", "worm", "x-oss-process", "x-oss-request-payer",
    "x-oss-traffic-limit",
})  # fmt: skip


def string_to_sign(request: Request, place: Place, date: str) -> str:
    """Return what a client signs; `date` is a header's text, in a URL the moment when it expires."""
    own = sorted((name, value) for name, value in request.headers.items() if name.startswith("x-oss-"))
    return "\n".join((
        request.method,
        request.header("content-md5"),
        request.header("content-type"),
        date,
        "".join(f"{name}:{value.strip()}\n" for name, value in own) + _resource(request, place),
    ))  # fmt: skip


def sign(secret: str, text: str) -> str:
    """Return the signature of a string to sign."""
    return b64encode(hmac.digest(secret.encode(), text.encode(), "sha1")).decode()


def _resource(request: Request, place: Place) -> str:
    signed = sorted((name, value) for name, value in request.parameters if name in _SIGNED_PARAMETERS)
    words = "&".join(f"{name}={value}" if value else name for name, value in signed)
    return f"{place.canonical}?{words}" if words else place.canonical
