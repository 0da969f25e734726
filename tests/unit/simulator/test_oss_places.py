"""Where requests point."""

import pytest
from tests.unit.simulator.requests_at_rest import request

from imgkit.simulator.oss_places import Place, read_place


@pytest.mark.parametrize(
    ("path", "bucket", "key", "canonical"),
    [
        ("/", "", "", "/"),
        ("/evidence", "evidence", "", "/evidence/"),
        ("/evidence/", "evidence", "", "/evidence/"),
        ("/evidence/dir%2Fa%20b", "evidence", "dir/a b", "/evidence/dir/a b"),
        ("/evidence/dir/%C3%BC+", "evidence", "dir/ü+", "/evidence/dir/ü+"),
        ("/evidence//key", "evidence", "/key", "/evidence//key"),
    ],
)
def test_path_style(path, bucket, key, canonical):
    place = read_place(request(target=path))
    assert (place, place.canonical) == (Place(bucket=bucket, key=key), canonical)


@pytest.mark.parametrize(
    "host", ["evidence.oss-cn-hangzhou.aliyuncs.com", "evidence.oss-cn-beijing-internal.aliyuncs.com:80"]
)
def test_a_bucket_in_the_host(host):
    assert read_place(request(target="/dir/key", headers={"host": host})) == Place(bucket="evidence", key="dir/key")


def test_a_key_in_the_host_style_may_begin_with_a_slash():
    asked = request(target="//key", headers={"host": "evidence.oss-cn-hangzhou.aliyuncs.com"})
    assert read_place(asked) == Place(bucket="evidence", key="/key")


def test_another_host_is_none():
    assert read_place(request(target="/a/b", headers={"host": "127.0.0.1:9"})) == Place(bucket="a", key="b")
