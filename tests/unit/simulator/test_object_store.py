"""Objects that appear whole, and stay what they were for those who read them."""

import hashlib
from typing import Any

import pytest
from tests.unit.simulator.requests_at_rest import NOW

from imgkit.digests import crc64
from imgkit.simulator.object_files import StoredObject
from imgkit.simulator.object_store import Nature, ObjectStore

DATA = b"0123456789"


@pytest.fixture
def store(tmp_path):
    store = ObjectStore(tmp_path)
    store.add_bucket("b")
    return store


def put(
    store: ObjectStore, key: str = "key", data: bytes = DATA, *, with_md5: bool = True, **nature: Any
) -> StoredObject:
    with store.incoming("b", with_md5=with_md5) as incoming:
        incoming.write(data[:4])
        incoming.write(data[4:])
        return store.publish("b", key, incoming, Nature(modified=NOW, **nature))


def read(store: ObjectStore, key: str = "key") -> bytes:
    found = store.open("b", key)
    assert found is not None
    with found[1] as file:
        return file.read()


def test_an_object_has_its_digests(store):
    stored = put(store)
    assert stored.etag == hashlib.md5(DATA).hexdigest().upper()
    assert (stored.crc64, stored.size, stored.object_type) == (crc64(DATA), 10, "Normal")
    assert store.find("b", "key") == stored
    assert read(store) == DATA


def test_an_object_of_parts_has_an_etag_that_is_no_md5(store):
    first, second = put(store, with_md5=False), put(store, with_md5=False)
    assert (first.etag[32:], first.object_type) == ("-1", "Multipart")
    assert first.etag != second.etag


def test_what_is_not_published_never_appears(store, tmp_path):
    with store.incoming("b") as incoming:
        incoming.write(DATA)
        assert store.keys("b") == []
    assert store.find("b", "key") is None
    assert list((tmp_path / "b" / "incoming").iterdir()) == []


def test_leftovers_are_cleared_away(store, tmp_path):
    (tmp_path / "b" / "incoming" / "half").write_bytes(b"x")
    store.add_bucket("b")
    assert list((tmp_path / "b" / "incoming").iterdir()) == []


def test_an_open_object_stays_what_it_was(store):
    put(store)
    stored, file = store.open("b", "key")
    put(store, data=b"another one")
    with file:
        assert (stored.size, file.read()) == (10, DATA)
    assert read(store) == b"another one"


def test_replacing_keeps_the_length_and_changes_every_byte(store):
    before = put(store)
    store.replace_with_other_bytes("b", "key", NOW)
    after = store.find("b", "key")
    assert (after.size, after.etag == before.etag, after.crc64 == before.crc64) == (10, False, False)
    assert read(store) == bytes(255 - byte for byte in DATA)


def test_replacing_what_is_not_there_does_nothing(store):
    store.replace_with_other_bytes("b", "key", NOW)
    assert store.keys("b") == []


def test_a_file_that_somebody_dropped_is_an_object(store, tmp_path):
    (tmp_path / "b" / "objects" / "dropped").write_bytes(DATA)
    stored = store.find("b", "dropped")
    assert (stored.crc64, stored.size, stored.object_type) == (crc64(DATA), 10, "Multipart")
    assert store.find("b", "dropped") == stored


def test_a_file_that_grew_is_looked_at_again(store, tmp_path):
    put(store)
    (tmp_path / "b" / "objects" / "key").write_bytes(DATA * 2)
    assert store.find("b", "key").crc64 == crc64(DATA * 2)


def test_long_keys_are_listed_as_they_are(store):
    put(store, key="ü" * 300)
    assert store.keys("b") == ["ü" * 300]


def test_deleting_what_is_not_there_is_no_error(store):
    put(store)
    store.delete("b", "key")
    store.delete("b", "key")
    assert store.find("b", "key") is None


def test_versions_are_told_where_they_are_kept(store):
    assert put(store).version_id == ""
    assert put(store, versioned=True).version_id


def test_what_was_replaced_in_a_bucket_with_versions_is_found_by_its_id(store):
    first = put(store, versioned=True)
    second = put(store, data=b"abcdefghij", versioned=True)
    assert read(store) == b"abcdefghij"
    for stored, data in ((first, DATA), (second, b"abcdefghij")):
        found = store.open("b", "key", stored.version_id)
        assert found is not None
        with found[1] as file:
            assert (found[0].etag, file.read()) == (stored.etag, data)
    assert store.open("b", "key", "CAEQ0") is None
    assert store.keys("b") == ["key"]
