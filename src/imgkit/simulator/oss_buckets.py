"""Operations on OSS buckets: what they are, where they are, and what is in them."""

from imgkit.simulator.cloud import Cloud
from imgkit.simulator.listing import ListPage, ListQuery, list_page, read_token, write_token
from imgkit.simulator.messages import Request, Response
from imgkit.simulator.object_files import StoredObject
from imgkit.simulator.oss_call import OssCall
from imgkit.simulator.oss_errors import OssError
from imgkit.simulator.oss_xml import (
    bucket_acl,
    bucket_info,
    bucket_list,
    bucket_location,
    elements,
    object_list,
    xml_response,
)
from imgkit.simulator.restoring import restore_header, restore_state

_LARGEST_PAGE = 1000


class BucketOperations:
    """Answers requests about buckets."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def list_buckets(self, _: OssCall) -> Response:
        """Answer ListBuckets."""
        return bucket_list(self._cloud.buckets())

    def info(self, call: OssCall) -> Response:
        """Answer GetBucketInfo."""
        return bucket_info(call.owned)

    def location(self, call: OssCall) -> Response:
        """Answer GetBucketLocation."""
        return bucket_location(call.owned)

    def acl(self, call: OssCall) -> Response:
        """Answer GetBucketAcl."""
        return bucket_acl(call.owned)

    def stat(self, call: OssCall) -> Response:
        """Answer GetBucketStat."""
        found = self._objects(call, self._cloud.store.keys(call.owned.name))
        sizes = [stored.size for stored, _ in found]
        counts = {"Storage": str(sum(sizes)), "ObjectCount": str(len(sizes)), "MultipartUploadCount": "0"}
        return xml_response("BucketStat", elements(counts))

    def list_v2(self, call: OssCall) -> Response:
        """Answer ListObjectsV2."""
        request = call.request
        token = request.parameter("continuation-token")
        after = read_token(token) if token else request.parameter("start-after")
        if after is None:
            raise OssError("InvalidArgument", "The continuation token provided is incorrect")
        query = _read_query(request, after)
        page = list_page(self._cloud.store.keys(call.owned.name), query)
        facts = {
            "StartAfter": request.parameter("start-after"),
            "KeyCount": str(len(page.keys) + len(page.prefixes)),
            **({"ContinuationToken": token} if token else {}),
            **({"NextContinuationToken": write_token(page.go_on_after)} if page.go_on_after else {}),
        }
        return self._listing(call, query, page, facts)

    def list_v1(self, call: OssCall) -> Response:
        """Answer ListObjects, the older listing with markers."""
        marker = call.request.parameter("marker")
        query = _read_query(call.request, marker)
        page = list_page(self._cloud.store.keys(call.owned.name), query)
        more = {"NextMarker": page.go_on_after} if page.go_on_after else {}
        return self._listing(call, query, page, {"Marker": marker, **more})

    def _listing(self, call: OssCall, query: ListQuery, page: ListPage, facts: dict[str, str]) -> Response:
        return object_list(
            call.owned,
            query,
            page,
            contents=self._objects(call, page.keys),
            facts=facts,
            url_encoded=call.request.parameter("encoding-type") == "url",
        )

    def _objects(self, call: OssCall, keys: "list[str] | tuple[str, ...]") -> list[tuple[StoredObject, str]]:
        found: list[tuple[StoredObject, str]] = []
        for key in keys:
            stored = self._cloud.store.find(call.owned.name, key)
            if stored is not None:  # else it was deleted a moment ago
                state = restore_state(stored.storage_class, stored.restore, call.now)
                found.append((stored, restore_header(state, stored.restore)))
        return found


def _read_query(request: Request, after: str) -> ListQuery:
    most = request.parameter("max-keys") or "100"
    if not (most.isascii() and most.isdigit() and len(most) < 6 and 1 <= int(most) <= _LARGEST_PAGE):
        raise OssError(
            "InvalidArgument",
            f"Argument max-keys must be an integer between 1 and {_LARGEST_PAGE}.",
            extra={"ArgumentName": "max-keys", "ArgumentValue": most},
        )
    return ListQuery(
        prefix=request.parameter("prefix"), delimiter=request.parameter("delimiter"), after=after, most=int(most)
    )
