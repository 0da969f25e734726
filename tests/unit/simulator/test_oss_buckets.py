"""Operations on buckets."""

from typing import Any
from xml.etree import ElementTree as ET

import pytest
from tests.unit.simulator.requests_at_rest import NOW, request, small_cloud

from imgkit.simulator.cloud import Cloud
from imgkit.simulator.object_store import Nature
from imgkit.simulator.oss_buckets import BucketOperations
from imgkit.simulator.oss_call import OssCall
from imgkit.simulator.oss_errors import OssError
from imgkit.simulator.oss_places import Place


@pytest.fixture
def cloud(tmp_path):
    cloud = small_cloud(tmp_path)
    for key in ("a", "b", "c/d"):
        with cloud.store.incoming("evidence") as incoming:
            incoming.write(b"12345")
            cloud.store.publish("evidence", key, incoming, Nature(modified=NOW))
    return cloud


def call(cloud: Cloud, query: str) -> OssCall:
    asked = request(target=f"/evidence/?{query}")
    place = Place(bucket="evidence")
    return OssCall(request=asked, place=place, bucket=cloud.bucket("evidence"), now=NOW, request_id="R")


def listed(cloud: Cloud, query: str, *, v2: bool = True) -> Any:
    operations = BucketOperations(cloud)
    answer = (operations.list_v2 if v2 else operations.list_v1)(call(cloud, query))
    return ET.fromstring(answer.body)


def test_pages_follow_their_tokens(cloud):
    first = listed(cloud, "max-keys=2")
    assert (first.findtext("IsTruncated"), first.findtext("KeyCount")) == ("true", "2")
    token = first.findtext("NextContinuationToken").replace("=", "%3D")
    second = listed(cloud, f"max-keys=2&continuation-token={token}")
    assert [one.text for one in second.findall("Contents/Key")] == ["c/d"]
    assert (second.findtext("IsTruncated"), second.find("NextContinuationToken")) == ("false", None)


def test_a_listing_may_start_after_a_key(cloud):
    assert [one.text for one in listed(cloud, "start-after=a").findall("Contents/Key")] == ["b", "c/d"]


def test_the_older_listing_goes_on_after_its_marker(cloud):
    first = listed(cloud, "max-keys=1", v2=False)
    assert first.findtext("NextMarker") == "a"
    assert listed(cloud, "marker=b", v2=False).findtext("Contents/Key") == "c/d"


@pytest.mark.parametrize(
    "query", ["max-keys=0", "max-keys=1001", "max-keys=many", "max-keys=-1", "continuation-token=!"]
)
def test_nonsense_is_refused(cloud, query):
    with pytest.raises(OssError, match="InvalidArgument"):
        listed(cloud, query)


def test_a_bucket_knows_how_much_it_holds(cloud):
    stat = ET.fromstring(BucketOperations(cloud).stat(call(cloud, "stat")).body)
    assert (stat.findtext("Storage"), stat.findtext("ObjectCount")) == ("15", "3")
