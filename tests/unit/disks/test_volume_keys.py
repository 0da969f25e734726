"""Key files, and that nothing shows what is in them."""

import pytest

from imgkit.disks.volume_keys import read_volume_keys
from imgkit.errors import NotAccessible, SettingsError


def test_a_passphrase_is_tried_without_and_with_the_line_break_of_its_editor(tmp_path):
    (tmp_path / "key").write_bytes(b"open sesame\n")
    (key,) = read_volume_keys([str(tmp_path / "key")])
    assert key.secrets == (b"open sesame", b"open sesame\n")
    assert key.fits("xvdb")


def test_the_bytes_of_a_key_are_taken_as_they_are(tmp_path):
    (tmp_path / "key").write_bytes(b"\0\xff\n\0")
    assert read_volume_keys([str(tmp_path / "key")])[0].secrets == (b"\0\xff\n\0",)


@pytest.mark.parametrize("place", ["system:2", "xvdb", "xvdb:1", "/dev/vg/lv_secret", "zfs:tank/a b"])
def test_a_key_may_be_for_one_volume(tmp_path, place):
    (tmp_path / "key=1").write_bytes(b"x")
    (key,) = read_volume_keys([f"{place}={tmp_path / 'key=1'}"])
    assert (key.place, key.secrets) == (place, (b"x",))
    assert key.fits(place)
    assert not key.fits("xvdz")


def test_a_file_name_with_an_equals_sign_is_no_place(tmp_path):
    (tmp_path / "a=b").write_bytes(b"x")
    assert read_volume_keys([str(tmp_path / "a=b")])[0].place == ""


def test_a_key_does_not_show_itself(tmp_path):
    (tmp_path / "key").write_bytes(b"open sesame")
    assert "sesame" not in repr(read_volume_keys([str(tmp_path / "key")]))


def test_a_file_that_is_not_there_and_one_that_is_empty_are_told(tmp_path):
    (tmp_path / "empty").touch()
    with pytest.raises(NotAccessible, match="nowhere"):
        read_volume_keys([str(tmp_path / "nowhere")])
    with pytest.raises(SettingsError, match="empty"):
        read_volume_keys([str(tmp_path / "empty")])


def test_something_far_too_large_is_no_key(tmp_path):
    with (tmp_path / "disk").open("wb") as file:
        file.truncate(2**24)
    with pytest.raises(SettingsError, match="larger than 8 MiB"):
        read_volume_keys([str(tmp_path / "disk")])
