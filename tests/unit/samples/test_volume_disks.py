from imgkit.samples import volume_disks
from imgkit.samples.volume_disks import RAW_KEY, volume_works


def test_every_layer_is_taken_apart_again(tmp_path, monkeypatch):
    monkeypatch.setattr(volume_disks, "make_disk", lambda path, *_: path.touch())
    works = {work.name: work for work in volume_works(tmp_path)}
    devices = [f"/dev/sd{letter}" for letter in "abcdef"]
    for name in ("group-on-two", "thin", "lvm-in-luks", "luks-in-lvm"):
        lines = works[name].lines(devices[: len(works[name].disks) + len(works[name].sources)])
        assert any("vgchange -q -an" in line for line in lines)


def test_the_raw_key_has_bytes_that_no_passphrase_has():
    assert b"\0" in RAW_KEY
