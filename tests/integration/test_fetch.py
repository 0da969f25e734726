"""The whole road by the command itself, against the loopback cloud; inspection has tests of its own."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from tests.integration.loopback import IMAGE_ID, Loopback, loopback, put_image

from imgkit.process import run
from imgkit.simulator import CloudBucket, CloudDisk, CloudImage, Fault, FaultKind, Simulator
from imgkit.units import MiB

pytestmark = pytest.mark.tools("qemu-img", "qemu-nbd", "tar")

FETCH = ("fetch", IMAGE_ID, "--no-inspect")


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Loopback]:
    with loopback(tmp_path, {"system": 24, "xvdb": 9}) as made:
        yield made


def test_an_image_id_becomes_an_image_set(cloud):
    done = cloud.imgkit(*FETCH, "--to", "qcow2", "--to", "vhd", "--prefix", "case1")
    assert done.code == 0, done.err
    folder = cloud.folder / IMAGE_ID
    files = {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()}
    assert {each for each in files if not each.startswith(".imgkit/")} == {
        "imgkit.json",
        "SHA256SUMS",
        "custody.jsonl",
        f"objects/case1_{IMAGE_ID}_system.raw.tar.gz",
        f"objects/case1_{IMAGE_ID}_system.raw.tar.gz.parts.json",
        f"objects/case1_{IMAGE_ID}_data_xvdb.raw.tar.gz",
        f"objects/case1_{IMAGE_ID}_data_xvdb.raw.tar.gz.parts.json",
        "digests/system.chunks",
        "digests/xvdb.chunks",
        "system.qcow2",
        "system.vhd",
        "xvdb.qcow2",
        "xvdb.vhd",
    }
    cloud.require_whole_set()


@pytest.mark.tools("sha256sum")
def test_plain_tools_suffice_to_check_it(cloud):
    assert cloud.imgkit(*FETCH).code == 0
    run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=cloud.folder / IMAGE_ID)


def test_a_raw_disk_is_the_disk_itself_and_sparse(cloud):
    assert cloud.imgkit(*FETCH).code == 0
    raw = cloud.folder / IMAGE_ID / "system.raw"
    assert hashlib.sha256(raw.read_bytes()).hexdigest() == cloud.disks["system"]
    assert raw.stat().st_blocks * 512 < 12 * MiB


def test_the_manifest_fits_its_published_schema(cloud):
    assert cloud.imgkit(*FETCH, "--examiner", "E", "--case", "C").code == 0
    schema = Path(__file__).parents[2] / "docs/reference/schemas/manifest-1.schema.json"
    manifest = json.loads((cloud.folder / IMAGE_ID / "imgkit.json").read_text())
    jsonschema.validate(manifest, json.loads(schema.read_text()))
    assert "loopback-secret" not in json.dumps(manifest)


def test_run_again_it_does_nothing_and_says_so(cloud):
    assert cloud.imgkit(*FETCH, "--to", "qcow2").code == 0
    cloud.simulator.clear_requests()
    again = cloud.imgkit(*FETCH, "--to", "qcow2")
    assert (again.code, "finished already" in again.out) == (0, True)
    assert not cloud.simulator.requests


def test_a_new_format_makes_only_what_is_missing(cloud):
    assert cloud.imgkit(*FETCH, "--to", "qcow2").code == 0
    before = (cloud.folder / IMAGE_ID / "system.qcow2").stat().st_mtime_ns
    cloud.simulator.clear_requests()
    assert cloud.imgkit(*FETCH, "--to", "vdi", "--for", "azure", "--for", "esxi").code == 0
    assert all((cloud.folder / IMAGE_ID / f"system.{end}").exists() for end in ("vdi", "azure.vhd", "esxi.vmdk"))
    assert (cloud.folder / IMAGE_ID / "system.qcow2").stat().st_mtime_ns == before
    assert not cloud.simulator.requests
    cloud.require_whole_set()


def test_another_source_is_refused(cloud):
    assert cloud.imgkit(*FETCH).code == 0
    refused = cloud.imgkit("fetch", "m-2zeother0000000000001", "-o", IMAGE_ID, "--no-inspect")
    assert refused.code == 81
    assert IMAGE_ID in refused.err


def test_an_export_that_is_there_is_offered_and_taken(cloud):
    assert cloud.imgkit("export", IMAGE_ID, "--prefix", "x").code == 0
    refused = cloud.imgkit(*FETCH, "--prefix", "x")
    assert (refused.code, "--reuse" in refused.err) == (12, True)
    done = cloud.imgkit(*FETCH, "--prefix", "x", "--reuse")
    assert done.code == 0, done.err
    assert len(cloud.simulator.tasks) == 1
    cloud.require_whole_set()


def test_a_missing_disk_is_named_and_can_be_assigned(cloud):
    assert cloud.imgkit("export", IMAGE_ID).code == 0
    key = f"{IMAGE_ID}_data_xvdb.raw.tar.gz"
    content = cloud.simulator.read_object(key)
    cloud.simulator.delete_object(key)
    first = cloud.imgkit(*FETCH, "--reuse")
    assert first.code == 3
    assert "disk xvdb is missing" in first.err
    cloud.simulator.put_object("rescued/second-disk.bin", content)
    second = cloud.imgkit(*FETCH, "--reuse", "--disk", "xvdb=rescued/second-disk.bin")
    assert second.code == 0, second.err
    cloud.require_whole_set()


def test_a_disk_of_which_the_task_failed_is_not_passed_over(cloud):
    cloud.simulator.add_faults(
        Fault(FaultKind.FAIL_DISK, action="ExportImage", device="xvdb", code="ParameterInvalid", times=None)
    )
    done = cloud.imgkit(*FETCH)
    assert done.code == 3, done.err
    assert "disk xvdb is missing" in done.err
    assert "ParameterInvalid" in done.err


@pytest.mark.parametrize("settings", [{"archive": "dense"}, {"naming": "hyphen"}, {"related_items": "absent"},
                                      {"support_cancel": "bool", "seconds_in_times": False}])  # fmt: skip
def test_every_way_the_service_may_name_and_pack_is_understood(cloud, settings):
    cloud.simulator.change_settings(**settings)
    done = cloud.imgkit(*FETCH, "--prefix", "database")
    assert done.code == 0, done.err
    cloud.require_whole_set()


@pytest.mark.parametrize("packaging", ["bare", "tar.gz"])
@pytest.mark.parametrize("image_format", ["qcow2", "vhd", "vmdk", "vdi"])
def test_every_format_that_a_region_offers_is_understood(tmp_path, image_format, packaging):
    work = tmp_path / "work"
    work.mkdir()
    (tmp_path / "cloud").mkdir()
    settings = {"region_id": "eu-central-1", "packaging": packaging}
    with Simulator(tmp_path / "cloud", settings=settings) as simulator:
        disks = put_image(simulator, tmp_path / "disks", {"system": 8})
        cloud = Loopback(simulator=simulator, folder=work, disks=disks)
        done = cloud.imgkit(*FETCH, "--format", image_format, "--to", "raw")
        assert done.code == 0, done.err
        cloud.require_whole_set()
        raw = work / IMAGE_ID / "system.raw"
        assert hashlib.sha256(raw.read_bytes()).hexdigest() == disks["system"]


def test_a_damaged_disk_keeps_none_of_the_others_from_coming(cloud):
    assert cloud.imgkit("export", IMAGE_ID).code == 0
    key = f"{IMAGE_ID}_system.raw.tar.gz"
    good = cloud.simulator.read_object(key)
    cloud.simulator.put_object(key, good[: len(good) // 2])
    ended = cloud.imgkit(*FETCH, "--reuse")
    assert ended.code == 31, ended.err
    raw = cloud.folder / IMAGE_ID / "xvdb.raw"
    assert hashlib.sha256(raw.read_bytes()).hexdigest() == cloud.disks["xvdb"]
    assert not (cloud.folder / IMAGE_ID / "system.raw").exists()


def test_objects_are_fetched_without_any_export(cloud):
    assert cloud.imgkit("export", IMAGE_ID).code == 0
    done = cloud.imgkit("fetch", "oss://evidence/", "-o", IMAGE_ID, "--no-inspect")
    assert done.code == 0, done.err
    cloud.require_whole_set()


def test_same_names_below_different_prefixes_do_not_collide(cloud):
    assert cloud.imgkit("export", IMAGE_ID).code == 0
    for role in ("system", "data_xvdb"):
        content = cloud.simulator.read_object(f"{IMAGE_ID}_{role}.raw.tar.gz")
        cloud.simulator.put_object(f"{role}/disk.raw.tar.gz", content)
    done = cloud.imgkit(
        "fetch", "oss://evidence/system/disk.raw.tar.gz", "oss://evidence/data_xvdb/disk.raw.tar.gz",
        "--disk", "system=system/disk.raw.tar.gz", "--disk", "xvdb=data_xvdb/disk.raw.tar.gz",
        "-o", IMAGE_ID, "--no-inspect",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert len(list((cloud.folder / IMAGE_ID / "objects").glob("*.gz"))) == 2
    cloud.require_whole_set()


def test_local_archives_are_fetched_and_left_where_they_are(cloud):
    assert cloud.imgkit("export", IMAGE_ID).code == 0
    archives = []
    for role in ("system", "data_xvdb"):
        archives.append(cloud.folder / f"{IMAGE_ID}_{role}.raw.tar.gz")
        archives[-1].write_bytes(cloud.simulator.read_object(archives[-1].name))
    done = cloud.imgkit("fetch", *(each.name for each in archives), "-o", IMAGE_ID, "--no-inspect", IMGKIT_REGION="")
    assert done.code == 0, done.err
    assert all(each.exists() for each in archives)
    cloud.require_whole_set()


def test_clean_deletes_exactly_the_sets_objects_once_it_holds(cloud):
    assert cloud.imgkit(*FETCH, "--prefix", "a").code == 0
    cloud.simulator.put_object("a_unrelated.txt", b"keep me")
    unasked = cloud.imgkit("clean", IMAGE_ID)
    assert unasked.code != 0
    assert len(cloud.simulator.object_keys()) == 3
    assert cloud.imgkit("clean", IMAGE_ID, "--yes").code == 0
    assert cloud.simulator.object_keys() == ("a_unrelated.txt",)
    cloud.require_whole_set()


def test_clean_refuses_a_set_that_does_not_hold(cloud):
    assert cloud.imgkit(*FETCH).code == 0
    with (cloud.folder / IMAGE_ID / "system.raw").open("r+b") as disk:
        disk.seek(2 * MiB)
        disk.write(b"x")
    refused = cloud.imgkit("clean", IMAGE_ID, "--yes")
    assert refused.code == 60
    assert len(cloud.simulator.object_keys()) == 2


def test_check_says_exactly_what_differs(cloud):
    assert cloud.imgkit(*FETCH, "--to", "qcow2").code == 0
    archive = cloud.folder / IMAGE_ID / "objects" / f"{IMAGE_ID}_system.raw.tar.gz"
    with archive.open("r+b") as damaged:
        damaged.seek(5000)
        damaged.write(b"xx")
    checked = cloud.imgkit("check", IMAGE_ID, "--json")
    assert checked.code == 60
    differing = [link for link in checked.data["links"] if link["outcome"] == "failed"]
    assert {link["subject"] for link in differing} == {f"objects/{archive.name}"}
    assert any("parts differ" in link["detail"] for link in differing)


def test_only_what_is_kept_stays(cloud):
    assert cloud.imgkit(*FETCH, "--to", "qcow2", "--keep", "images").code == 0
    folder = cloud.folder / IMAGE_ID
    assert not list((folder / "objects").iterdir())
    assert cloud.imgkit("check", IMAGE_ID).code == 0
    cloud.simulator.clear_requests()
    assert "finished already" in cloud.imgkit(*FETCH, "--to", "qcow2", "--keep", "images").out
    assert not cloud.simulator.requests


@pytest.mark.parametrize(
    ("words", "changes", "code", "said"),
    [
        (("fetch", "m-2zenosuchimage00000001"), {}, 15, "m-2zenosuchimage00000001"),
        (FETCH, {"IMGKIT_BUCKET": "no-such-bucket"}, 16, "no-such-bucket"),
        (FETCH, {"ALIBABA_CLOUD_ACCESS_KEY_ID": ""}, 4, "ALIBABA_CLOUD_ACCESS_KEY_ID"),
        (FETCH, {"ALIBABA_CLOUD_ACCESS_KEY_ID": "", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": ""}, 4, "credentials"),
        (FETCH, {"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "wrong"}, 4, "ignature"),
        (FETCH, {"IMGKIT_BUCKET": ""}, 4, "bucket"),
        (FETCH, {"IMGKIT_REGION": ""}, 4, "region"),
        ((*FETCH, "--prefix", "not_allowed"), {}, 4, "not_allowed"),
        (("fetch", "no-such-file.tar.gz"), {}, 83, "no-such-file.tar.gz"),
        (("fetch",), {}, 4, "nothing to fetch"),
        (("convert", "/etc/hostname", "--to", "qcow2"), {}, 51, "/etc/hostname"),
        (("check", "nowhere"), {}, 83, "nowhere"),
        (("tasks", "show", "t-nosuchtask"), {}, 15, "t-nosuchtask"),
    ],
)  # fmt: skip
def test_bad_input_gets_one_sentence_a_hint_and_its_exit_code(cloud, words, changes, code, said):
    ended = cloud.imgkit(*words, **changes)
    assert ended.code == code, ended.err
    lines = ended.err.strip().splitlines()
    assert any(said in line for line in lines if line.startswith("imgkit: ")), ended.err
    assert any(line.startswith("hint: ") for line in lines), ended.err
    assert "Traceback" not in ended.err


def test_an_error_is_one_json_document_too(cloud):
    ended = cloud.imgkit("fetch", "m-2zenosuchimage00000001", "--json")
    assert ended.data["error"]["exit_code"] == 15
    assert ended.data["error"]["kind"] == "NoSuchImageOrTask"


@pytest.mark.parametrize(
    ("image", "bucket", "code"),
    [
        ({"os_type": "windows"}, {}, 12),
        ({"product_code": "cmjj1"}, {}, 12),
        ({"status": "Creating"}, {}, 12),
        ({}, {"encryption": "AES256"}, 12),
        ({}, {"region_id": "cn-beijing"}, 16),
    ],
)
def test_what_cannot_be_exported_is_refused_before_anything_is_spent(cloud, image, bucket, code):
    disk = CloudDisk(device="/dev/xvda", file=str(next((cloud.folder.parent / "disks").iterdir())))
    cloud.simulator.put_image(CloudImage(image_id=IMAGE_ID, disks=(disk,), **image))
    cloud.simulator.put_bucket(CloudBucket(name="evidence", **bucket))
    refused = cloud.imgkit(*FETCH)
    assert refused.code == code, refused.err
    assert cloud.sent("ExportImage") == 0
    assert not cloud.simulator.tasks


def test_a_missing_program_is_named(cloud):
    assert cloud.imgkit(*FETCH).code == 0
    bare = cloud.folder / "bin"
    bare.mkdir()
    (bare / "tar").symlink_to("/usr/bin/tar")
    ended = cloud.imgkit(*FETCH, "--to", "qcow2", PATH=str(bare))
    assert ended.code == 41
    assert "qemu-img" in ended.err
    assert cloud.imgkit(*FETCH, "--to", "qcow2").code == 0


def test_faults_on_the_way_change_nothing_in_the_result(cloud):
    cloud.simulator.add_faults(
        Fault(FaultKind.ERROR, action="GetObject", code="ServiceUnavailable", status=503, times=3),
        Fault(FaultKind.CUT, action="GetObject", after_bytes=70000, skip=3, times=2),
        Fault(FaultKind.WHOLE, action="GetObject", skip=5),
        Fault(FaultKind.HTML, service="ecs", action="DescribeTaskAttribute", times=2),
        Fault(FaultKind.DROP_BEFORE, service="ecs", action="DescribeImages"),
    )
    done = cloud.imgkit(*FETCH)
    assert done.code == 0, done.err
    cloud.require_whole_set()


def test_wrong_bytes_never_get_a_final_name(cloud):
    cloud.simulator.add_faults(Fault(FaultKind.WRONG_BYTES, action="GetObject", count=8, times=None))
    ended = cloud.imgkit(*FETCH)
    assert ended.code in {21, 60}, ended.err
    assert not list((cloud.folder / IMAGE_ID / "objects").glob("*.gz"))
    assert not list((cloud.folder / IMAGE_ID).glob("*.raw"))
    cloud.simulator.clear_faults()
    assert cloud.imgkit(*FETCH).code == 0
    cloud.require_whole_set()
