"""Names of buckets."""

import pytest

from imgkit.simulator.buckets import CloudBucket, is_bucket_name


@pytest.mark.parametrize("name", ["abc", "a-1", "0" * 63])
def test_names_that_oss_allows(name):
    assert is_bucket_name(name)


@pytest.mark.parametrize("name", ["", "ab", "..", "a/b", "Abc", "-ab", "ab-", "a_b", "0" * 64, "abc\n"])
def test_names_that_oss_refuses(name):
    with pytest.raises(ValueError, match="no bucket name"):
        CloudBucket(name=name)
