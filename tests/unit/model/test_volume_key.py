from imgkit.model.volume_key import VolumeKey


def test_a_key_fits_its_place_or_any():
    assert VolumeKey(label="f", secrets=(b"x",), place="xvdb").fits("xvdb")
    assert not VolumeKey(label="f", secrets=(b"x",), place="xvdb").fits("xvdb:1")
    assert VolumeKey(label="f", secrets=(b"x",)).fits("xvdb:1")


def test_its_secrets_are_not_in_its_words():
    assert "sesame" not in f"{VolumeKey(label='f', secrets=(b'sesame',))!r}"
