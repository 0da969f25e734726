"""Operations on OSS objects: reading them whole and in ranges, writing, deleting, restoring."""

import re
from base64 import b64decode, b64encode
from dataclasses import replace
from email.utils import format_datetime
from typing import BinaryIO

from imgkit.simulator.cloud import Cloud
from imgkit.simulator.faults import FaultKind
from imgkit.simulator.messages import ConnectionDropped, Delivery, FileRange, Request, Response
from imgkit.simulator.object_files import StoredObject
from imgkit.simulator.object_store import Incoming, Nature
from imgkit.simulator.oss_call import OssCall
from imgkit.simulator.oss_errors import OssError
from imgkit.simulator.preconditions import judge_conditions
from imgkit.simulator.ranges import Span, resolve_range
from imgkit.simulator.restoring import RestoreState, restore_header, restore_state, start_restore
from imgkit.units import KiB, MiB

_LONGEST_KEY = 1023
_LARGEST_OBJECT = 5 * 1024 * MiB * 1024  # PutObject's own limit is 5 GB; a simulator may be generous
_DAYS = re.compile(rb"<Days>\s*(\d{1,4})\s*</Days>")
_OVERRIDES = ("content-type", "content-language", "expires", "cache-control", "content-disposition", "content-encoding")
_TRAFFIC_LIMITS = range(819200, 838860801)  # bit/s


class ObjectOperations:
    """Answers requests about objects."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def get(self, call: OssCall) -> Response:
        """Answer GetObject."""
        bits = _traffic_limit(call.request)
        stored, file = self._open(call)
        try:
            return self._read(call, stored, file, bits)
        except BaseException:
            file.close()
            raise

    def head(self, call: OssCall) -> Response:
        """Answer HeadObject and GetObjectMeta; frozen objects may be looked at."""
        stored, file = self._open(call)
        file.close()
        status = judge_conditions(call.request, etag=stored.etag, modified=stored.modified)
        if status == 412:
            raise OssError("PreconditionFailed", extra={"Condition": "If-Match"})
        return Response(status=status, headers=self._headers(call, stored), announced=stored.size)

    def put(self, call: OssCall) -> Response:
        """Answer PutObject."""
        bucket, key = call.owned, call.place.key
        if len(key.encode()) > _LONGEST_KEY:
            raise OssError("InvalidObjectName")
        if call.request.header("x-oss-forbid-overwrite") == "true" and self._cloud.store.find(bucket.name, key):
            raise OssError("FileAlreadyExists")
        with self._cloud.store.incoming(bucket.name) as incoming:
            _receive(call.request, incoming)
            stored = self._cloud.store.publish(bucket.name, key, incoming, _nature(call))
            digest = b64encode(bytes.fromhex(stored.etag)).decode()
        headers = (("ETag", f'"{stored.etag}"'), ("Content-MD5", digest), ("x-oss-hash-crc64ecma", str(stored.crc64)))
        return Response(status=200, headers=headers + _version(stored))

    def delete(self, call: OssCall) -> Response:
        """Answer DeleteObject; deleting what is not there succeeds too."""
        self._cloud.store.delete(call.owned.name, call.place.key)
        return Response(status=204)

    def restore(self, call: OssCall) -> Response:
        """Answer RestoreObject."""
        stored, file = self._open(call)
        file.close()
        state = restore_state(stored.storage_class, stored.restore, call.now)
        if state is RestoreState.DIRECT:
            raise OssError("OperationNotSupported")
        if state is RestoreState.RUNNING:
            raise OssError("RestoreAlreadyInProgress")
        found = _DAYS.search(call.request.body.read(64 * KiB))
        seconds = 0.0 if state is RestoreState.RESTORED else self._cloud.settings.restore_seconds
        restore = start_restore(call.now, seconds=seconds, days=max(1, int(found[1])) if found else 1)
        self._cloud.store.change(call.owned.name, replace(stored, restore=restore))
        if state is RestoreState.RESTORED:
            return Response(status=200, headers=_version(stored))
        return Response(status=202, headers=_version(stored))

    def _read(self, call: OssCall, stored: StoredObject, file: BinaryIO, bits: int) -> Response:
        status = judge_conditions(call.request, etag=stored.etag, modified=stored.modified)
        if status == 412:
            raise OssError("PreconditionFailed", extra={"Condition": "If-Match"})
        if status == 304:
            file.close()
            return Response(status=304, headers=self._headers(call, stored))
        self._refuse_frozen(call, stored)
        span = _span(call, stored)
        headers = self._headers(call, stored)
        if span.partial:
            last = span.start + span.length - 1
            headers = (*headers, ("Content-Range", f"bytes {span.start}-{last}/{stored.size}"))
        return Response(
            status=206 if span.partial else 200,
            headers=headers,
            file=FileRange(file=file, offset=span.start, count=span.length),
            delivery=Delivery(bytes_per_second=bits / 8 if bits else None),
        )

    def _open(self, call: OssCall) -> tuple[StoredObject, BinaryIO]:
        version = call.request.parameter("versionId")
        found = self._cloud.store.open(call.owned.name, call.place.key, version)
        if found is None and version:
            raise OssError("NoSuchVersion", extra={"Key": call.place.key, "VersionId": version})
        if found is None:
            raise OssError("NoSuchKey", extra={"Key": call.place.key})
        return found

    def _refuse_frozen(self, call: OssCall, stored: StoredObject) -> None:
        state = restore_state(stored.storage_class, stored.restore, call.now)
        readable_at_once = call.owned.archive_direct_read and stored.storage_class == "Archive"
        if state in {RestoreState.FROZEN, RestoreState.RUNNING} and not readable_at_once:
            raise OssError("InvalidObjectState", extra={"ObjectName": stored.key})

    def _headers(self, call: OssCall, stored: StoredObject) -> tuple[tuple[str, str], ...]:
        state = restore_state(stored.storage_class, stored.restore, call.now)
        restore = restore_header(state, stored.restore)
        headers = {
            "Content-Type": stored.content_type,
            "Accept-Ranges": "bytes",
            "ETag": f'"{stored.etag}"',
            "Last-Modified": format_datetime(stored.modified, usegmt=True),
            "x-oss-object-type": stored.object_type,
            "x-oss-storage-class": stored.storage_class,
            "x-oss-hash-crc64ecma": str(stored.crc64),
            **({"x-oss-restore": restore} if restore else {}),
            **({"x-oss-server-side-encryption": call.owned.encryption} if call.owned.encryption else {}),
            **dict(stored.metadata),
        }
        for name in _OVERRIDES:
            if call.request.has(f"response-{name}"):
                headers[name.title()] = call.request.parameter(f"response-{name}")
        return tuple(headers.items()) + _version(stored)


def _span(call: OssCall, stored: StoredObject) -> Span:
    if call.meets(FaultKind.WHOLE):
        return Span(start=0, length=stored.size, partial=False)
    standard = call.request.header("x-oss-range-behavior") == "standard"
    span = resolve_range(call.request.header("range"), stored.size, standard=standard)
    if span is None:
        extra = {"ActualObjectSize": str(stored.size), "RangeRequested": call.request.header("range")}
        raise OssError("InvalidRange", extra=extra)
    return span


def _traffic_limit(request: Request) -> int:
    text = request.header("x-oss-traffic-limit") or request.parameter("x-oss-traffic-limit")
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 12 and int(text) in _TRAFFIC_LIMITS):
        raise OssError("InvalidArgument", "The bandwidth limit is not valid.", detail="0004-00000502")
    return int(text)


def _receive(request: Request, incoming: Incoming) -> None:
    """Take the body in and hold it against what the client says about it."""
    announced = request.body.length
    while piece := request.body.read(MiB):
        incoming.write(piece)
        if incoming.size > _LARGEST_OBJECT:
            raise OssError("InvalidArgument", "The object is too large.")
    if announced is not None and incoming.size != announced:
        raise ConnectionDropped  # the client hung up in the middle
    wanted = request.header("content-md5")
    if wanted and _decoded(wanted) != incoming.etag.lower():
        raise OssError("InvalidDigest")
    crc = request.header("x-oss-hash-crc64ecma")
    if crc and crc != str(incoming.crc64):
        raise OssError("InvalidArgument", "The CRC-64 of the body is not the one that was announced.")


def _decoded(content_md5: str) -> str:
    try:
        return b64decode(content_md5, validate=True).hex()
    except ValueError:
        return ""


def _nature(call: OssCall) -> Nature:
    headers = call.request.headers
    return Nature(
        modified=call.now,
        storage_class=headers.get("x-oss-storage-class", call.owned.storage_class),
        versioned=call.owned.versioning == "Enabled",
        content_type=headers.get("content-type", "application/octet-stream"),
        metadata=tuple((name, value) for name, value in headers.items() if name.startswith("x-oss-meta-")),
    )


def _version(stored: StoredObject) -> tuple[tuple[str, str], ...]:
    return (("x-oss-version-id", stored.version_id),) if stored.version_id else ()
