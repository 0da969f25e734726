"""Which host is spoken to, and over what."""

import pytest

from imgkit.aliyun.endpoints import check_bucket, check_region, ecs_endpoint, oss_endpoint
from imgkit.errors import SettingsError


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({}, "https://oss-cn-hangzhou.aliyuncs.com"),
        ({"internal": True}, "https://oss-cn-hangzhou-internal.aliyuncs.com"),
        ({"accelerate": True}, "https://oss-accelerate.aliyuncs.com"),
        ({"explicit": "oss-accelerate-overseas.aliyuncs.com"}, "https://oss-accelerate-overseas.aliyuncs.com"),
        ({"explicit": "https://files.example:8443/"}, "https://files.example:8443"),
        ({"explicit": "http://127.0.0.1:9000"}, "http://127.0.0.1:9000"),
        ({"explicit": "localhost:9000"}, "http://localhost:9000"),
        ({"explicit": "https://127.0.0.1:9000"}, "https://127.0.0.1:9000"),
    ],
)
def test_endpoint_of_oss(options, url):
    assert oss_endpoint("cn-hangzhou", **options).url == url


def test_a_bound_domain_is_marked_as_such():
    assert oss_endpoint("cn-hangzhou", explicit="disks.example", cname=True).cname


@pytest.mark.parametrize(
    "options",
    [
        {"internal": True, "accelerate": True},
        {"internal": True, "explicit": "a.example"},
        {"accelerate": True, "explicit": "a.example"},
        {"cname": True},
        {"cname": True, "internal": True},
    ],
)
def test_contradictions_are_refused(options):
    with pytest.raises(SettingsError):
        oss_endpoint("cn-hangzhou", **options)


@pytest.mark.parametrize("make", [ecs_endpoint, lambda text: oss_endpoint("cn-hangzhou", explicit=text)])
@pytest.mark.parametrize(
    "text", ["http://oss.example", "HTTP://10.0.0.1:80", "ftp://127.0.0.1", "http://127.0.0.1.evil.example"]
)
def test_plain_http_leaves_loopback_never(make, text):
    with pytest.raises(SettingsError, match="must be https"):
        make(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://",
        "a b",
        "user:pw@host",
        "host/path",
        "host?x=1",
        "host:0",
        "host:99999",
        "host:x",
        "[::1]:80",
        "-a",
        "[::1",
    ],
)
def test_malformed_endpoints_are_refused(text):
    with pytest.raises(SettingsError, match="is no endpoint"):
        ecs_endpoint(text)


@pytest.mark.parametrize(
    ("text", "scheme", "netloc"),
    [
        ("127.0.0.1:8080", "http", "127.0.0.1:8080"),
        ("http://localhost:8080", "http", "localhost:8080"),
        ("ecs.eu-central-1.aliyuncs.com", "https", "ecs.eu-central-1.aliyuncs.com"),
        ("https://ecs.example:444", "https", "ecs.example:444"),
    ],
)
def test_endpoint_of_ecs_with_and_without_scheme(text, scheme, netloc):
    endpoint = ecs_endpoint(text)

    assert endpoint is not None
    assert (endpoint.scheme, endpoint.netloc) == (scheme, netloc)


def test_without_an_endpoint_the_sdk_chooses():
    assert ecs_endpoint("") is None


@pytest.mark.parametrize("region", ["cn-hangzhou", "ap-southeast-1", "cn-hangzhou-finance", "me-east-1"])
def test_regions_are_taken(region):
    assert check_region(region) == region


@pytest.mark.parametrize(
    "region", ["", "oss-cn-hangzhou", "CN-HANGZHOU", "evil.example/", "cn-hangzhou.evil", "hangzhou", "cn-a\n"]
)
def test_what_is_no_region_becomes_no_host_name(region):
    with pytest.raises(SettingsError) as caught:
        check_region(region)

    assert "--region" in caught.value.hint


@pytest.mark.parametrize("bucket", ["abc", "evidence-2026", "0ab"])
def test_buckets_are_taken(bucket):
    assert check_bucket(bucket) == bucket


@pytest.mark.parametrize("bucket", ["ab", "Abc", "a_c", "-abc", "abc-", "a.b.c", "x" * 64, "abc/def", ""])
def test_what_is_no_bucket_is_refused(bucket):
    with pytest.raises(SettingsError, match="no bucket name"):
        check_bucket(bucket)
