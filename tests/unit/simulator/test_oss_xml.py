"""Documents of OSS."""

from typing import Any
from xml.etree import ElementTree as ET

from tests.unit.simulator.requests_at_rest import NOW

from imgkit.simulator.buckets import CloudBucket
from imgkit.simulator.listing import ListPage, ListQuery
from imgkit.simulator.messages import Response
from imgkit.simulator.object_files import StoredObject
from imgkit.simulator.oss_xml import bucket_info, bucket_list, bucket_location, object_list

BUCKET = CloudBucket(name="evidence", region_id="cn-hangzhou", encryption="KMS", storage_class="IA")


def read(response: Response) -> Any:
    return ET.fromstring(response.body)


def test_bucket_info_tells_where_it_is_and_whether_it_is_encrypted():
    bucket = read(bucket_info(BUCKET)).find("Bucket")
    found = [bucket.findtext(name) for name in ("Location", "StorageClass", "ServerSideEncryptionRule/SSEAlgorithm")]
    assert found == ["oss-cn-hangzhou", "IA", "KMS"]
    assert read(bucket_info(CloudBucket(name="evidence"))).findtext(".//SSEAlgorithm") == "None"


def test_location_is_one_word():
    assert read(bucket_location(BUCKET)).text == "oss-cn-hangzhou"


def test_buckets_come_in_order():
    buckets = [CloudBucket(name="bbb"), CloudBucket(name="aaa")]
    assert [one.text for one in read(bucket_list(buckets)).findall("Buckets/Bucket/Name")] == ["aaa", "bbb"]
    assert read(bucket_list([])).findall("Buckets/Bucket") == []


def test_a_listing_can_be_quoted():
    stored = StoredObject(key="a b/ü", size=1, etag="E", crc64=0, modified=NOW)
    page = ListPage(keys=("a b/ü",), prefixes=("x y/",), go_on_after="x y/")
    for url_encoded, key, folder in ((True, "a%20b%2F%C3%BC", "x%20y%2F"), (False, "a b/ü", "x y/")):
        listed = read(
            object_list(BUCKET, ListQuery(), page, contents=[(stored, "")], facts={}, url_encoded=url_encoded)
        )
        assert (listed.findtext("Contents/Key"), listed.findtext("CommonPrefixes/Prefix")) == (key, folder)
        assert (listed.findtext("IsTruncated"), listed.findtext("Contents/ETag")) == ("true", '"E"')
