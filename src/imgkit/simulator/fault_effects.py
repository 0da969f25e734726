"""What faults do to the cloud before a request is served, and to its answer afterwards."""

from dataclasses import replace
from typing import TypedDict

from imgkit.simulator.cloud import Cloud
from imgkit.simulator.faults import Call, Fault, FaultKind
from imgkit.simulator.messages import ConnectionDropped, Delivery, Request, Response, Sleep

_CRC_HEADER = "x-oss-hash-crc64ecma"
_PAGE = b"<html><head><title>Error</title></head><body><h1>The proxy could not serve this request</h1></body></html>\n"


def apply_before(faults: tuple[Fault, ...], call: Call, request: Request, cloud: Cloud, *, sleep: Sleep) -> None:
    """Do what is to happen before a request is served. Raises ConnectionDropped where nothing is to be done at all."""
    for fault in faults:
        if fault.kind is FaultKind.DROP_BEFORE:
            raise ConnectionDropped
        if fault.kind is FaultKind.DELAY:
            sleep(fault.seconds)
        elif fault.kind is FaultKind.REPLACE:
            cloud.store.replace_with_other_bytes(call.bucket, call.key, cloud.now())
        elif fault.kind is FaultKind.ARCHIVE:
            cloud.store.freeze(call.bucket, call.key, fault.value or "Archive")
        elif fault.kind is FaultKind.EXPIRE_TOKEN:
            expire_token(request, cloud)


def apply_after(faults: tuple[Fault, ...], call: Call, response: Response, cloud: Cloud) -> Response:
    """Return the answer as it is to go out. Raises ConnectionDropped where it is not to go out."""
    for fault in faults:
        if fault.kind is FaultKind.DROP_AFTER:
            close(response)
            raise ConnectionDropped
        if fault.kind is FaultKind.REPLACE_AFTER:
            cloud.store.replace_with_other_bytes(call.bucket, call.key, cloud.now())
        response = _with_headers(response, fault)
        response = replace(response, delivery=_shape(response.delivery, fault))
    return response


def page(fault: Fault) -> Response:
    """Return what a proxy in the middle says."""
    return Response(status=fault.status or 503, headers=(("Content-Type", "text/html"),), body=_PAGE)


def expire_token(request: Request, cloud: Cloud) -> None:
    """End the temporary key that a request uses, wherever it names it."""
    named = " ".join((
        request.header("authorization"),
        request.parameter("OSSAccessKeyId"),
        request.parameter("x-oss-credential"),
    ))  # fmt: skip
    for word in named.replace("=", " ").replace("/", " ").replace(":", " ").replace(",", " ").split():
        cloud.keyring.expire(word, cloud.now())


def close(response: Response) -> None:
    """Let go of the file of a response that is not sent."""
    if response.file is not None:
        response.file.file.close()


class _Shape(TypedDict, total=False):
    cut_after: int
    stall_after: int
    stall_seconds: float
    bytes_per_second: float
    wrong_after: int
    wrong_bytes: int


def _shape(delivery: Delivery, fault: Fault) -> Delivery:
    shapes: dict[FaultKind, _Shape] = {
        FaultKind.CUT: {"cut_after": fault.after_bytes},
        FaultKind.STALL: {"stall_after": fault.after_bytes, "stall_seconds": fault.seconds},
        FaultKind.SLOW: {"bytes_per_second": fault.bytes_per_second},
        FaultKind.WRONG_BYTES: {"wrong_after": fault.after_bytes, "wrong_bytes": fault.count},
    }
    return replace(delivery, **shapes.get(fault.kind, {}))


def _with_headers(response: Response, fault: Fault) -> Response:
    if fault.kind is FaultKind.CRC_MISSING:
        return _set(response, _CRC_HEADER, "")
    if fault.kind is FaultKind.CRC_WRONG and response.header(_CRC_HEADER):
        wrong = int(response.header(_CRC_HEADER)) ^ 1
        return _set(response, _CRC_HEADER, fault.value or str(wrong))
    if fault.kind is FaultKind.HEADER:
        return _set(response, fault.name, fault.value)
    return response


def _set(response: Response, name: str, value: str) -> Response:
    others = tuple((key, text) for key, text in response.headers if key.lower() != name.lower())
    return replace(response, headers=(*others, (name, value)) if value else others)
