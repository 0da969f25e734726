"""OSS: finds out what is asked, lets in who may ask, and answers."""

from collections.abc import Callable
from dataclasses import replace

from imgkit.simulator.cloud import Cloud, new_oss_request_id
from imgkit.simulator.faults import Fault
from imgkit.simulator.messages import Request, Response
from imgkit.simulator.oss_auth import Caller, Gate, authenticate
from imgkit.simulator.oss_buckets import BucketOperations
from imgkit.simulator.oss_call import OssCall, operation
from imgkit.simulator.oss_errors import OssError, error_response
from imgkit.simulator.oss_objects import ObjectOperations
from imgkit.simulator.oss_places import Place, read_place


class OssService:
    """Answers requests to OSS."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        buckets, objects = BucketOperations(cloud), ObjectOperations(cloud)
        self._operations: dict[str, Callable[[OssCall], Response]] = {
            "ListBuckets": buckets.list_buckets,
            "GetBucketInfo": buckets.info,
            "GetBucketLocation": buckets.location,
            "GetBucketStat": buckets.stat,
            "GetBucketAcl": buckets.acl,
            "ListObjects": buckets.list_v1,
            "ListObjectsV2": buckets.list_v2,
            "GetObject": objects.get,
            "HeadObject": objects.head,
            "GetObjectMeta": objects.head,
            "PutObject": objects.put,
            "DeleteObject": objects.delete,
            "RestoreObject": objects.restore,
        }

    def handle(self, request: Request, faults: tuple[Fault, ...] = ()) -> tuple[Response, str]:
        """Return the answer to a request, and by which kind of signature it was let in."""
        request_id = new_oss_request_id()
        place = read_place(request)
        signature = ""
        try:
            signature = self._let_in(request, place).signature
            response = self._answer(request, place, request_id, faults)
        except OssError as error:
            response = error_response(error, request, request_id)
        return _with_marks(response, request_id), signature

    def refuse(self, request: Request, error: OssError) -> Response:
        """Return a refusal that a fault demands."""
        request_id = new_oss_request_id()
        return _with_marks(error_response(error, request, request_id), request_id)

    def _let_in(self, request: Request, place: Place) -> Caller:
        settings = self._cloud.settings
        bucket = self._cloud.bucket(place.bucket)
        gate = Gate(
            keyring=self._cloud.keyring,
            now=self._cloud.now(),
            region=bucket.region_id if bucket else "",
            home_region=settings.region_id,
            refuse_v1=settings.refuse_v1,
        )
        return authenticate(request, place, gate)

    def _answer(self, request: Request, place: Place, request_id: str, faults: tuple[Fault, ...]) -> Response:
        bucket = self._cloud.bucket(place.bucket)
        if place.bucket and bucket is None:
            raise OssError("NoSuchBucket", extra={"BucketName": place.bucket})
        name = operation(request, place)
        if name not in self._operations:
            raise OssError("NotImplemented")
        if bucket is not None and bucket.requester_pays and _payer(request) != "requester":
            detail = "0003-00000703" if request.header("authorization") else "0003-00000702"
            raise OssError("AccessDenied", "Bucket is requester pays bucket, but no payer is named.", detail=detail)
        now = self._cloud.now()
        call = OssCall(request=request, place=place, bucket=bucket, now=now, request_id=request_id, faults=faults)
        return self._operations[name](call)


def _payer(request: Request) -> str:
    return request.header("x-oss-request-payer") or request.parameter("x-oss-request-payer")


def _with_marks(response: Response, request_id: str) -> Response:
    marks = (("x-oss-request-id", request_id), ("x-oss-server-time", "3"))  # milliseconds
    return replace(response, headers=(*marks, *response.headers))
