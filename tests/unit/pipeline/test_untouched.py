"""Images before and after."""

import hashlib
import os
from dataclasses import replace

import pytest
from tests.unit.render.sample_report import make_report

from imgkit.errors import Differs, NotAccessible
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.model.role import DiskRole
from imgkit.pipeline.untouched import Watch, require_untouched


@pytest.fixture
def image(tmp_path) -> DiskImage:
    (tmp_path / "system.raw").write_bytes(b"evidence")
    return DiskImage(path=tmp_path / "system.raw", format=DiskFormat.RAW, role=DiskRole())


def test_what_nobody_touched_has_not_changed(image):
    (state,) = Watch([image], digests=True).states()
    assert (state.size_bytes, state.changed) == (8, ())
    assert state.sha256 == hashlib.sha256(b"evidence").hexdigest()


def test_without_digests_nothing_is_read(image):
    assert Watch([image]).states()[0].sha256 == ""


@pytest.mark.parametrize(
    ("touch", "words"),
    [
        (lambda path: os.utime(path, ns=(0, path.stat().st_mtime_ns + 1)), "time of change"),
        (lambda path: path.write_bytes(b"longer than before"), "size"),
        (lambda path: (path.rename(path.with_name("old")), path.write_bytes(b"evidence")), "inode"),
    ],
    ids=["a nanosecond", "size", "another file"],
)
def test_what_changed_is_named(image, touch, words):
    watch = Watch([image])
    touch(image.path)
    (state,) = watch.states()
    assert any(words in each for each in state.changed)


def test_bytes_that_changed_behind_the_back_of_the_clock_show_in_the_digest(image):
    watch = Watch([image], digests=True)
    times = image.path.stat().st_mtime_ns
    with image.path.open("r+b") as file:
        file.write(b"E")
    os.utime(image.path, ns=(times, times))
    assert [each.split()[0] for each in watch.states()[0].changed] == ["SHA-256"]


def test_an_image_that_is_gone_is_told(image):
    watch = Watch([image])
    image.path.unlink()
    with pytest.raises(NotAccessible):
        watch.states()


def test_a_report_on_a_changed_image_is_an_error():
    report = make_report()
    require_untouched(report)
    images = tuple(replace(one, changed=("size was 1, is 2",)) for one in report.run.images)
    with pytest.raises(Differs, match="size was 1, is 2"):
        require_untouched(replace(report, run=replace(report.run, images=images)))
