"""Attempts to make `imgkit fetch` lose, overwrite or misreport something, by the command itself."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration import kill_boundaries
from tests.integration.loopback import IMAGE_ID, Loopback, loopback

from imgkit.process import run
from imgkit.simulator import CloudBucket, Fault, FaultKind

pytestmark = pytest.mark.tools("qemu-img", "qemu-nbd", "tar")

FETCH = ("fetch", IMAGE_ID, "--no-inspect")


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Loopback]:
    with loopback(tmp_path, {"system": 5}) as made:
        yield made


def _files(folder: Path) -> set[str]:
    return {each.name for each in folder.rglob("*") if each.is_file()}


def test_killed_around_a_durable_change_the_same_command_goes_on_and_the_set_holds(cloud):
    assert cloud.imgkit("export", IMAGE_ID).code == 0
    words = [*FETCH, "--reuse", "--to", "qcow2", "--keep", "images"]
    program = [sys.executable, kill_boundaries.__file__, "14", str(cloud.folder), *words]
    told = json.loads(run(program, cwd=cloud.folder, env=cloud.environment(), timeout_seconds=150).stdout)
    assert told["moments"] > 60
    assert not told["wrong"]


@pytest.mark.parametrize("keep", ["raw", "raw,images"])
def test_raw_that_was_asked_to_stay_stays(cloud, keep):
    assert cloud.imgkit(*FETCH, "--keep", keep).code == 0
    assert "system.raw" in _files(cloud.folder)
    assert not list((cloud.folder / IMAGE_ID / "objects").iterdir())


def test_a_bare_image_that_is_the_format_asked_for_is_not_thrown_away_with_the_objects(tmp_path):
    with loopback(tmp_path, {"system": 5}, region_id="eu-central-1", packaging="bare") as cloud:
        done = cloud.imgkit(*FETCH, "--format", "qcow2", "--to", "qcow2", "--keep", "images")
        assert done.code == 0, done.err
        assert f"{IMAGE_ID}_system.qcow2" in _files(cloud.folder)


def test_a_disk_that_a_machine_was_started_from_is_not_made_anew(cloud):
    assert cloud.imgkit(*FETCH, "--to", "qcow2").code == 0
    image = cloud.folder / IMAGE_ID / "system.qcow2"
    with image.open("ab") as used:
        used.write(b"what the machine wrote")
    used_bytes = image.read_bytes()
    refused = cloud.imgkit(*FETCH, "--to", "qcow2")
    assert (refused.code, "system.qcow2 has been changed" in refused.err) == (81, True)
    assert image.read_bytes() == used_bytes
    image.rename(cloud.folder / "mine.qcow2")
    assert cloud.imgkit(*FETCH, "--to", "qcow2").code == 0
    assert cloud.imgkit("check", IMAGE_ID).code == 0


def test_links_in_a_set_never_lead_a_write_or_a_removal_outside(cloud):
    assert cloud.imgkit(*FETCH).code == 0
    folder, outside = cloud.folder / IMAGE_ID, cloud.folder / "outside"
    outside.mkdir()
    (outside / "letter").write_text("precious")
    (folder / "imgkit.json.imgkit-partial").symlink_to(outside / "letter")
    assert cloud.imgkit(*FETCH, "--to", "vdi").code == 0
    (folder / ".imgkit" / "lock").unlink()
    (folder / ".imgkit" / "lock").symlink_to(outside / "letter")
    assert cloud.imgkit(*FETCH, "--to", "vhd").code == 83
    (folder / ".imgkit" / "lock").unlink()
    shutil.move(folder / "objects", outside / "objects")
    (folder / "objects").symlink_to(outside / "objects")
    refused = cloud.imgkit(*FETCH, "--keep", "images")
    assert (refused.code, "symbolic link" in refused.err) == (83, True)
    assert (outside / "letter").read_text() == "precious"
    assert list((outside / "objects").glob("*.tar.gz"))


def test_somebody_elses_export_into_another_bucket_does_not_block_for_ever(cloud):
    cloud.simulator.put_bucket(CloudBucket(name="elsewhere"))
    cloud.simulator.change_settings(export_seconds=20.0)
    state = str(cloud.folder / "state")
    assert cloud.imgkit("export", IMAGE_ID, "--no-wait", "--bucket", "elsewhere", XDG_STATE_HOME=state).code == 0
    joined = cloud.imgkit(*FETCH)
    assert (joined.code, "elsewhere" in joined.err) == (16, True)
    again = cloud.imgkit(*FETCH)
    assert again.code == 0, again.err


def test_an_object_that_was_replaced_before_its_first_byte_came_is_refused(cloud):
    assert cloud.imgkit("export", IMAGE_ID).code == 0
    cloud.simulator.add_faults(Fault(FaultKind.ERROR, action="GetObject", code="AccessDenied", status=403, times=None))
    assert cloud.imgkit(*FETCH, "--reuse").code == 11
    cloud.simulator.clear_faults()
    unfinished = cloud.imgkit("check", IMAGE_ID)
    assert (unfinished.code, "not here yet" in unfinished.err) == (3, True)
    shutil.rmtree(cloud.folder / IMAGE_ID / ".imgkit")
    (key,) = cloud.simulator.object_keys()
    cloud.simulator.put_object(key, cloud.simulator.read_object(key) + bytes(512))
    assert cloud.imgkit(*FETCH, "--reuse").code == 22


def test_an_archive_that_was_changed_is_never_made_into_the_disk(cloud):
    assert cloud.imgkit("export", IMAGE_ID).code == 0
    (key,) = cloud.simulator.object_keys()
    archive = cloud.folder / key
    archive.write_bytes(cloud.simulator.read_object(key))
    words = ("fetch", key, "-o", IMAGE_ID, "--no-inspect")
    assert cloud.imgkit(*words).code == 0
    with archive.open("r+b") as changed:
        changed.seek(4)  # the time in gzip's header, which no checksum covers
        changed.write(b"\1\2\3\4")
    (cloud.folder / IMAGE_ID / "system.raw").unlink()
    refused = cloud.imgkit(*words)
    assert (refused.code, archive.name in refused.err) == (60, True)
    assert not (cloud.folder / IMAGE_ID / "system.raw").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small file system")
@pytest.mark.parametrize("kibibytes", [32, 1000, 2600, 4300])
def test_a_full_disk_is_one_sentence_and_loses_nothing(cloud, kibibytes):
    assert cloud.imgkit("export", IMAGE_ID).code == 0
    place = cloud.folder / "small"
    place.mkdir()
    try:
        run(["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", place])
    except Exception as error:  # noqa: BLE001  # containers forbid it
        pytest.skip(f"no file system can be mounted here: {error}")
    try:
        words = (*FETCH, "--reuse", "--no-preflight", "--to", "qcow2", "-o", str(place / "set"))
        full = cloud.imgkit(*words)
        assert full.code == 82, full.err
        assert "this is a bug" not in full.err
        run(["mount", "-o", "remount,size=64m", place])
        assert cloud.imgkit(*words).code == 0
        assert cloud.imgkit("check", str(place / "set")).code == 0
    finally:
        run(["umount", place])


def test_what_somebody_called_an_object_never_reaches_the_terminal(cloud):
    for key in ("a/\x1b[31mone", "a/\x1b[31mtwo"):
        cloud.simulator.put_object(key, b"x")
    for words in (("fetch", "oss://evidence/a/"), ("fetch", "no\x1b[2Jsuch"), ("fetch", "oss://evidence/no\x1b[2J")):
        ended = cloud.imgkit(*words, "-o", "set")
        assert ended.code
        assert "\x1b" not in ended.err + ended.out


@pytest.mark.parametrize("name", ["imgkit.json", "custody.jsonl", "SHA256SUMS"])
def test_one_flipped_bit_in_the_record_is_noticed_and_named(cloud, name):
    assert cloud.imgkit(*FETCH).code == 0
    path = cloud.folder / IMAGE_ID / name
    sound = path.read_bytes()
    places = [sound.index(b"2026")] if b"2026" in sound else [0, 70]
    for place in places:
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 1]) + sound[place + 1 :])
        checked = cloud.imgkit("check", IMAGE_ID)
        assert (checked.code, name in checked.err) == (60, True), checked.err
