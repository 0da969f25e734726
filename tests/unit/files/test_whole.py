"""Tests of files/whole.py."""

import os
from pathlib import Path

import pytest

from imgkit.errors import TargetExists
from imgkit.files.whole import (
    append_durably,
    appending_alone,
    folder_for_results,
    open_evidence,
    partial_path,
    publish,
    refuse_existing,
    sync_file,
    sync_folder,
    write_bytes_durably,
)


def test_a_file_appears_only_when_the_block_ends(tmp_path):
    target = tmp_path / "disk.raw"
    with partial_path(target) as partial:
        partial.write_bytes(b"whole")
        assert not target.exists()
    assert target.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [target]


def test_an_error_leaves_nothing(tmp_path):
    def write_half() -> None:
        with partial_path(tmp_path / "disk.raw") as partial:
            partial.write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_not_overwritten_unasked(tmp_path):
    target = tmp_path / "disk.raw"
    target.write_bytes(b"old")
    with pytest.raises(TargetExists, match=r"disk\.raw"), partial_path(target):
        pytest.fail("the block must not run")
    assert target.read_bytes() == b"old"


def test_a_target_that_came_meanwhile_is_not_overwritten(tmp_path):
    target = tmp_path / "disk.raw"

    def write_while_somebody_else_does() -> None:
        with partial_path(target) as partial:
            partial.write_bytes(b"new")
            target.write_bytes(b"somebody else's")

    with pytest.raises(TargetExists):
        write_while_somebody_else_does()
    assert target.read_bytes() == b"somebody else's"


def test_a_dangling_link_counts_as_there(tmp_path):
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(TargetExists):
        refuse_existing(tmp_path / "link")


def test_overwriting_is_possible_when_asked(tmp_path):
    target = tmp_path / "disk.raw"
    target.write_bytes(b"old")
    with partial_path(target, overwrite=True) as partial:
        partial.write_bytes(b"new")
    assert target.read_bytes() == b"new"


def test_an_old_unfinished_file_is_not_gone_on_with(tmp_path):
    (tmp_path / "disk.raw.imgkit-partial").write_bytes(b"stale")
    with partial_path(tmp_path / "disk.raw") as partial:
        assert not partial.exists()
        partial.write_bytes(b"new")
    assert (tmp_path / "disk.raw").read_bytes() == b"new"


def test_publishing_moves_the_file(tmp_path):
    (tmp_path / "part").write_bytes(b"x")
    publish(tmp_path / "part", tmp_path / "final")
    assert [each.name for each in tmp_path.iterdir()] == ["final"]


def test_small_files_are_replaced_and_appended_to(tmp_path):
    path = tmp_path / "record"
    write_bytes_durably(path, b"one\n")
    write_bytes_durably(path, b"two\n")
    append_durably(path, b"three\n")
    sync_file(path)
    sync_folder(tmp_path)
    assert path.read_bytes() == b"two\nthree\n"
    assert list(tmp_path.iterdir()) == [path]


def test_evidence_is_opened_for_reading_alone(tmp_path):
    (tmp_path / "disk.raw").write_bytes(b"bytes")
    with open_evidence(tmp_path / "disk.raw") as source:
        assert source.read() == b"bytes"
        assert not source.writable()


def test_a_link_in_the_place_of_an_unfinished_or_growing_file_is_not_followed(tmp_path):
    (tmp_path / "letter").write_text("precious")
    (tmp_path / "record.imgkit-partial").symlink_to("letter")
    (tmp_path / "lines").symlink_to("letter")
    write_bytes_durably(tmp_path / "record", b"new")
    with pytest.raises(OSError, match="symbolic links"):
        append_durably(tmp_path / "lines", b"new")
    assert (tmp_path / "letter").read_text() == "precious"


def test_a_small_file_that_could_not_be_replaced_leaves_nothing_unfinished(tmp_path):
    (tmp_path / "record").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_bytes_durably(tmp_path / "record", b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["record"]


@pytest.mark.parametrize("name", ["pipe", "/dev/zero"])
def test_what_has_no_end_is_no_source(tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no file but a pipe or a device"):
        open_evidence(tmp_path / name)


def test_a_folder_that_was_made_goes_again_where_nothing_is_in_it(tmp_path):
    def fail(folder: Path) -> None:
        with folder_for_results(folder) as made:
            assert made.is_dir()
            raise RuntimeError

    for name in ("new/er", "."):
        with pytest.raises(RuntimeError):
            fail(tmp_path / name)
        assert list(tmp_path.iterdir()) == []
    with folder_for_results(tmp_path / "new"):
        (tmp_path / "new" / "result").touch()
    assert (tmp_path / "new" / "result").exists()


def test_a_record_that_somebody_keeps_locked_is_not_waited_for_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr("imgkit.files.whole._LOCK_SECONDS", 0.01)
    with appending_alone(tmp_path / "record"), pytest.raises(TimeoutError, match="keeps it locked"):
        append_durably(tmp_path / "record", b"line\n")
    append_durably(tmp_path / "record", b"line\n")
    assert (tmp_path / "record").read_bytes() == b"line\n"
