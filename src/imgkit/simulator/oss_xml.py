"""The XML documents that OSS answers with."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from urllib.parse import quote

from imgkit.simulator.buckets import CloudBucket
from imgkit.simulator.listing import ListPage, ListQuery
from imgkit.simulator.messages import Response
from imgkit.simulator.object_files import StoredObject
from imgkit.simulator.oss_errors import xml_text
from imgkit.simulator.regions import internal_endpoint, public_endpoint


def xml_response(root: str, inner: str) -> Response:
    """Return a document as an answer."""
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>{inner}</{root}>\n'
    return Response(status=200, headers=(("Content-Type", "application/xml"),), body=text.encode())


def elements(values: Mapping[str, str]) -> str:
    """Return texts as elements, in order."""
    return "".join(f"<{name}>{xml_text(value)}</{name}>" for name, value in values.items())


def bucket_info(bucket: CloudBucket) -> Response:
    """Answer GetBucketInfo."""
    facts = elements({
        "Name": bucket.name,
        "Location": f"oss-{bucket.region_id}",
        "CreationDate": bucket.creation_date,
        "ExtranetEndpoint": public_endpoint(bucket.region_id),
        "IntranetEndpoint": internal_endpoint(bucket.region_id),
        "StorageClass": bucket.storage_class,
        "DataRedundancyType": "LRS",
        "TransferAcceleration": "Disabled",
        "CrossRegionReplication": "Disabled",
        "ResourceGroupId": "rg-simulated",
        "AccessMonitor": "Disabled",
        "Comment": "",
        **({"Versioning": bucket.versioning} if bucket.versioning else {}),
    })  # fmt: skip
    owner = f"<Owner>{elements({'ID': bucket.owner_id, 'DisplayName': bucket.owner_id})}</Owner>"
    acl = f"<AccessControlList>{elements({'Grant': bucket.acl})}</AccessControlList>"
    rule = elements({"SSEAlgorithm": bucket.encryption or "None"})
    encryption = f"<ServerSideEncryptionRule>{rule}</ServerSideEncryptionRule>"
    return xml_response("BucketInfo", f"<Bucket>{facts}{owner}{acl}{encryption}</Bucket>")


def bucket_location(bucket: CloudBucket) -> Response:
    """Answer GetBucketLocation."""
    return xml_response("LocationConstraint", xml_text(f"oss-{bucket.region_id}"))


def bucket_acl(bucket: CloudBucket) -> Response:
    """Answer GetBucketAcl."""
    owner = f"<Owner>{elements({'ID': bucket.owner_id, 'DisplayName': bucket.owner_id})}</Owner>"
    grant = f"<AccessControlList>{elements({'Grant': bucket.acl})}</AccessControlList>"
    return xml_response("AccessControlPolicy", owner + grant)


def bucket_list(buckets: Iterable[CloudBucket]) -> Response:
    """Answer ListBuckets."""
    ordered = sorted(buckets, key=lambda one: one.name)
    owner = ordered[0].owner_id if ordered else "1234567890123456"
    entries = "".join(f"<Bucket>{_bucket_entry(bucket)}</Bucket>" for bucket in ordered)
    head = f"<Owner>{elements({'ID': owner, 'DisplayName': owner})}</Owner>"
    return xml_response("ListAllMyBucketsResult", f"{head}<Buckets>{entries}</Buckets>")


def object_list(
    bucket: CloudBucket,
    query: ListQuery,
    page: ListPage,
    *,
    contents: Iterable[tuple[StoredObject, str]],
    facts: Mapping[str, str],
    url_encoded: bool,
) -> Response:
    """Answer ListObjects and ListObjectsV2, which differ in `facts`; objects come with their restore state."""

    def word(text: str) -> str:
        return quote(text, safe="") if url_encoded else text

    head = elements({
        "Name": bucket.name,
        "Prefix": word(query.prefix),
        "MaxKeys": str(query.most),
        "Delimiter": word(query.delimiter),
        **({"EncodingType": "url"} if url_encoded else {}),
        "IsTruncated": "true" if page.go_on_after else "false",
        **facts,
    })  # fmt: skip
    entries = "".join(f"<Contents>{_entry(stored, word(stored.key), state)}</Contents>" for stored, state in contents)
    folders = "".join(f"<CommonPrefixes>{elements({'Prefix': word(one)})}</CommonPrefixes>" for one in page.prefixes)
    return xml_response("ListBucketResult", head + entries + folders)


def iso_time(moment: datetime) -> str:
    """Return a moment as listings have it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _entry(stored: StoredObject, key: str, restore: str) -> str:
    return elements({
        "Key": key,
        "LastModified": iso_time(stored.modified),
        "ETag": f'"{stored.etag}"',
        "Type": stored.object_type,
        "Size": str(stored.size),
        "StorageClass": stored.storage_class,
        **({"RestoreInfo": restore} if restore else {}),
    })  # fmt: skip


def _bucket_entry(bucket: CloudBucket) -> str:
    return elements({
        "CreationDate": bucket.creation_date,
        "ExtranetEndpoint": public_endpoint(bucket.region_id),
        "IntranetEndpoint": internal_endpoint(bucket.region_id),
        "Location": f"oss-{bucket.region_id}",
        "Name": bucket.name,
        "Region": bucket.region_id,
        "StorageClass": bucket.storage_class,
    })  # fmt: skip
