"""Names of files that keys become, and records."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.simulator.requests_at_rest import NOW

from imgkit.simulator.object_files import StoredObject, decode_key, encode_key, read_record, write_record
from imgkit.simulator.restoring import start_restore

STORED = StoredObject(
    key="dir/ü",
    size=3,
    etag="ABC-1",
    crc64=2**64 - 1,
    modified=NOW,
    storage_class="Archive",
    metadata=(("x-oss-meta-case", "42"),),
    restore=start_restore(NOW, seconds=1, days=1),
)


@pytest.mark.parametrize("key", ["a", "a/b", "../../etc/passwd", ".", "..", ".hidden", "a\0b", "ü" * 300, "/", "~"])
def test_a_key_becomes_one_plain_name(key):
    name = encode_key(key)
    assert "/" not in name
    assert "\0" not in name
    assert not name.startswith(".")
    assert 0 < len(name.encode()) <= 255


@given(st.text(min_size=1, max_size=60), st.text(min_size=1, max_size=60))
def test_no_two_keys_share_a_name(left, right):
    try:
        names = encode_key(left), encode_key(right)
    except UnicodeEncodeError:  # half a character: no key can hold it
        return
    assert (names[0] == names[1]) == (left == right)


def test_short_names_can_be_read_back():
    assert [decode_key(encode_key(key)) for key in ("a b/ü", "..", "100%")] == ["a b/ü", "..", "100%"]


def test_a_record_holds_everything(tmp_path):
    write_record(tmp_path / "record", STORED)
    assert read_record(tmp_path / "record") == STORED


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"key": 1}'])
def test_a_record_that_is_none_is_not_trusted(tmp_path, text):
    (tmp_path / "record").write_text(text)
    assert read_record(tmp_path / "record") is None
    assert read_record(tmp_path / "absent") is None
