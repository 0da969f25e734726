"""Tests of model/cloud_object.py."""

import pytest

from imgkit.model.cloud_object import ObjectInfo, OssLocation


@pytest.mark.parametrize(
    ("text", "bucket", "key", "prefix"),
    [
        ("oss://b/key", "b", "key", False),
        ("oss://b/folder/", "b", "folder/", True),
        ("oss://b", "b", "", True),
        ("oss://b/a/b c?d", "b", "a/b c?d", False),
    ],
)
def test_locations_are_read(text, bucket, key, prefix):
    location = OssLocation.parse(text)
    assert (location.bucket, location.key, location.is_prefix) == (bucket, key, prefix)


@pytest.mark.parametrize("text", ["http://b/k", "oss:/b/k", "b/k", "oss://", "oss:///k"])
def test_other_words_are_no_location(text):
    with pytest.raises(ValueError, match="oss://"):
        OssLocation.parse(text)


@pytest.mark.parametrize(
    ("storage_class", "restore", "frozen"),
    [
        ("Standard", "", False),
        ("Archive", "", True),
        ("ColdArchive", 'ongoing-request="true"', True),
        ("Archive", 'ongoing-request="false", expiry-date="x"', False),
    ],
)
def test_an_archived_object_is_frozen_until_its_restore_is_done(storage_class, restore, frozen):
    info = ObjectInfo(bucket="b", key="k", size=1, etag="e", storage_class=storage_class, restore=restore)
    assert info.frozen is frozen
    assert info.url == "oss://b/k"
