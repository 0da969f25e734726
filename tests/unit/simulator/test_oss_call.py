"""What requests are called."""

import pytest
from tests.unit.simulator.requests_at_rest import request

from imgkit.simulator.oss_call import operation
from imgkit.simulator.oss_places import read_place


@pytest.mark.parametrize(
    ("method", "target", "name"),
    [
        ("GET", "/", "ListBuckets"),
        ("GET", "/b?bucketInfo", "GetBucketInfo"),
        ("GET", "/b/?location=", "GetBucketLocation"),
        ("GET", "/b/?list-type=2&prefix=a", "ListObjectsV2"),
        ("GET", "/b/", "ListObjects"),
        ("GET", "/b/key", "GetObject"),
        ("HEAD", "/b/key", "HeadObject"),
        ("HEAD", "/b/key?objectMeta", "GetObjectMeta"),
        ("PUT", "/b/key", "PutObject"),
        ("DELETE", "/b/key", "DeleteObject"),
        ("POST", "/b/key?restore", "RestoreObject"),
        ("PUT", "/b/key?partNumber=1&uploadId=2", ""),
        ("GET", "/b/?lifecycle", ""),
        ("DELETE", "/b", ""),
        ("POST", "/", ""),
    ],
)
def test_operations(method, target, name):
    asked = request(method, target)
    assert operation(asked, read_place(asked)) == name
