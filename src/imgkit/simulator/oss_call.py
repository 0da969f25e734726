"""What a request to OSS is called in its documentation, and what the operations share."""

from dataclasses import dataclass
from datetime import datetime

from imgkit.simulator.buckets import CloudBucket
from imgkit.simulator.faults import Fault, FaultKind
from imgkit.simulator.messages import Request
from imgkit.simulator.oss_places import Place

# (method, parameter that decides) → operation; the first that fits counts.
_BUCKET_OPERATIONS = (
    ("GET", "bucketInfo", "GetBucketInfo"),
    ("GET", "location", "GetBucketLocation"),
    ("GET", "stat", "GetBucketStat"),
    ("GET", "acl", "GetBucketAcl"),
)
_OBJECT_OPERATIONS = (
    ("POST", "restore", "RestoreObject"),
    ("HEAD", "objectMeta", "GetObjectMeta"),
)
_PLAIN_OBJECT_OPERATIONS = {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
# Parameters that make another, unknown operation of a request: never to be mistaken for a plain GET or PUT.
_OTHER_OPERATIONS = frozenset({
    "acl", "append", "callback", "cors", "delete", "encryption", "inventory", "lifecycle", "logging", "partNumber",
    "policy", "referer", "replication", "requestPayment", "symlink", "tagging", "uploadId", "uploads", "versioning",
    "versions", "website", "worm", "x-oss-process",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class OssCall:
    """One request to OSS that has passed the gate. `bucket` is None for the service itself."""

    request: Request
    place: Place
    bucket: CloudBucket | None
    now: datetime
    request_id: str
    faults: tuple[Fault, ...] = ()

    @property
    def owned(self) -> CloudBucket:
        """The bucket, where the operation is one on a bucket or an object."""
        assert self.bucket is not None
        return self.bucket

    def meets(self, kind: FaultKind) -> bool:
        """Tell whether this request meets a fault of that kind."""
        return any(fault.kind is kind for fault in self.faults)


def operation(request: Request, place: Place) -> str:
    """Return the documented name of what is asked; empty where this cloud does not know it."""
    if not place.bucket:
        return "ListBuckets" if request.method == "GET" else ""
    table = _OBJECT_OPERATIONS if place.key else _BUCKET_OPERATIONS
    for method, parameter, name in table:
        if request.method == method and request.has(parameter):
            return name
    if any(request.has(name) for name in _OTHER_OPERATIONS):
        return ""
    if place.key:
        return _PLAIN_OBJECT_OPERATIONS.get(request.method, "")
    if request.method == "GET":
        return "ListObjectsV2" if request.parameter("list-type") == "2" else "ListObjects"
    return "PutBucket" if request.method == "PUT" else ""
