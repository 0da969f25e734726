"""ECS through the real SDK against the loopback cloud: real signatures, every code, every doubt."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from imgkit.aliyun.credentials import FixedCredentials, Keys
from imgkit.aliyun.ecs import EcsCloud, open_ecs
from imgkit.aliyun.error_table import ECS_CODES
from imgkit.aliyun.network import NetworkSettings
from imgkit.aliyun.retrying import Retry
from imgkit.errors import (
    CloudError,
    ExportFailed,
    ImgkitError,
    NoSuchImageOrTask,
    SettingsError,
    UrlExpired,
)
from imgkit.model.image import ImageQuery
from imgkit.model.task import ExportRequest, TaskState
from imgkit.ports import AnswerInDoubt, ExportRunning
from imgkit.simulator.faults import Fault, FaultKind
from imgkit.simulator.images import CloudDisk, CloudImage
from imgkit.simulator.keyring import AccessKey
from imgkit.simulator.simulator import Simulator

IMAGE = "m-2ze6tciolfdoydrr6ze3"
QUICK = Retry(attempts=3, sleep=lambda _: None)
# Codes that are no error of ours when an export meets them.
SIGNALS = {"ImageIsExporting": ExportRunning, "ServiceUnavailable": AnswerInDoubt, "InternalError": AnswerInDoubt}


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    folder = tmp_path / "images" / IMAGE
    folder.mkdir(parents=True)
    for name in ("system.raw", "xvdb.raw"):
        (folder / name).write_bytes(name.encode() * 4096)
    with Simulator(tmp_path) as running:
        yield running
    assert running.bugs == ()


@pytest.fixture
def clouds() -> Iterator[list[EcsCloud]]:
    made: list[EcsCloud] = []
    yield made
    for cloud in made:
        cloud.close()


@pytest.fixture
def cloud(simulator: Simulator, clouds: list[EcsCloud]) -> EcsCloud:
    return reach(simulator, clouds)


def reach(simulator: Simulator, clouds: list[EcsCloud], key: AccessKey | None = None, **network: Any) -> EcsCloud:
    told = simulator.describe()
    key = key or AccessKey(key_id=told["access_key_id"], secret=told["access_key_secret"])
    cloud = open_ecs(
        region_id=told["region_id"],
        credentials=FixedCredentials("a test", Keys(key.key_id, key.secret, key.token)),
        endpoint=told["ecs_endpoint"],
        network=NetworkSettings(**network),
        retry=QUICK,
    )
    clouds.append(cloud)
    return cloud


def request(simulator: Simulator, image_id: str = IMAGE) -> ExportRequest:
    settings = simulator.settings
    return ExportRequest(region_id=settings.region_id, image_id=image_id, bucket=settings.bucket, prefix="case7")


def wait(cloud: EcsCloud, task_id: str) -> TaskState:
    for _ in range(200):
        state = cloud.task(task_id).state
        if state is not TaskState.RUNNING:
            return state
        time.sleep(0.05)
    raise AssertionError("the task does not end")


def sent(simulator: Simulator, action: str) -> int:
    return sum(1 for served in simulator.requests if served.action == action)


def test_an_image_comes_with_its_disks(cloud):
    image = cloud.image(IMAGE)

    assert image.owner_alias == "self"
    assert [disk.role.name for disk in image.disks] == ["system", "xvdb"]


def test_an_image_that_is_not_available_is_found_all_the_same(simulator, cloud):
    simulator.put_image(CloudImage(image_id="m-creating1", disks=(CloudDisk(),), status="Creating"))

    assert cloud.image("m-creating1").status == "Creating"
    assert {image.image_id for image in cloud.images(ImageQuery())} == {IMAGE, "m-creating1"}


def test_an_image_that_is_not_there(cloud):
    with pytest.raises(NoSuchImageOrTask, match="m-nothere"):
        cloud.image("m-nothere")


def test_images_of_several_pages_and_by_tag(simulator, cloud):
    for number in range(120):
        simulator.put_image(CloudImage(image_id=f"m-page{number}", disks=(CloudDisk(),), tags=(("n", str(number)),)))

    assert len(list(cloud.images(ImageQuery()))) == 121
    assert [image.image_id for image in cloud.images(ImageQuery(tags=(("n", "7"),)))] == ["m-page7"]


@pytest.mark.parametrize("style", ["error", "success"])
def test_a_trial_passes_and_begins_nothing(simulator, cloud, style):
    simulator.change_settings(dry_run=style)
    cloud.dry_run_export(request(simulator))

    assert simulator.tasks == ()


def test_a_trial_finds_what_the_export_would(simulator, cloud):
    with pytest.raises(NoSuchImageOrTask):
        cloud.dry_run_export(request(simulator, "m-nothere"))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"task_id_field": "ExportTaskId"},
        {"support_cancel": "bool", "seconds_in_times": False},
        {"related_items": "together"},
        {"naming": "hyphen"},
    ],
)
def test_an_export_from_beginning_to_end(simulator, cloud, settings):
    simulator.change_settings(**settings)
    task_id = cloud.export(request(simulator)).task_id

    assert wait(cloud, task_id) is TaskState.FINISHED
    task = cloud.task(task_id)
    assert task.percent == 100
    assert not task.cancellable
    assert task.created is not None
    assert sorted(one.key for one in task.objects) == sorted(simulator.object_keys())
    assert {one.bucket for one in task.objects} == {"evidence"}


def test_a_task_without_operations_has_no_objects(simulator, cloud):
    simulator.change_settings(related_items="absent")
    task_id = cloud.export(request(simulator)).task_id
    wait(cloud, task_id)

    assert cloud.task(task_id).objects == ()


def test_an_unknown_status_word_counts_as_running(simulator, cloud):
    simulator.change_settings(export_seconds=60.0, running_word="Pondering")
    task_id = cloud.export(request(simulator)).task_id
    simulator.add_faults(Fault(FaultKind.STATUS_WORD, value="Pondering", times=None))

    assert cloud.task(task_id).state is TaskState.RUNNING
    assert cloud.task(task_id).status_word == "Pondering"


def test_a_task_can_be_cancelled(simulator, cloud):
    simulator.change_settings(export_seconds=60.0)
    task_id = cloud.export(request(simulator)).task_id
    assert cloud.task(task_id).cancellable
    cloud.cancel(task_id)

    assert wait(cloud, task_id) is TaskState.CANCELLED


def test_a_finished_task_cannot(simulator, cloud):
    task_id = cloud.export(request(simulator)).task_id
    wait(cloud, task_id)

    with pytest.raises(CloudError, match="not running any more"):
        cloud.cancel(task_id)


def test_an_object_in_the_way_fails_the_task(simulator, cloud):
    wait(cloud, cloud.export(request(simulator)).task_id)
    task_id = cloud.export(request(simulator)).task_id

    assert wait(cloud, task_id) is TaskState.FAILED
    assert "IMAGE_ALREADY_EXIST" in {failure.code for failure in cloud.task(task_id).failures}


def test_tasks_of_this_image_come_newest_first(simulator, cloud):
    begun = datetime.now(UTC)
    first = cloud.export(request(simulator)).task_id
    wait(cloud, first)
    time.sleep(1.0)  # tasks have whole seconds
    second = cloud.export(request(simulator)).task_id
    wait(cloud, second)

    assert [task.task_id for task in cloud.export_tasks(image_id=IMAGE, since=begun)] == [second, first]
    assert list(cloud.export_tasks(image_id="m-other")) == []
    assert list(cloud.export_tasks(since=datetime.now(UTC) + timedelta(hours=1))) == []


def test_a_running_export_of_the_same_image_is_told(simulator, cloud):
    simulator.change_settings(export_seconds=60.0)
    cloud.export(request(simulator))

    with pytest.raises(ExportRunning):
        cloud.export(request(simulator))


@pytest.mark.parametrize("code", sorted(set(ECS_CODES) - set(SIGNALS)))
def test_every_code_of_the_table_reaches_its_error(simulator, cloud, code):
    meaning = ECS_CODES[code]
    name, _, status = code.partition("/")
    simulator.add_faults(Fault(FaultKind.ERROR, action="ExportImage", code=name, status=int(status or 0)))

    with pytest.raises(ImgkitError) as caught:
        cloud.export(request(simulator))

    assert type(caught.value) is meaning.kind
    assert name in caught.value.message
    assert "request " in caught.value.message
    assert caught.value.hint
    assert sent(simulator, "ExportImage") == 1


@pytest.mark.parametrize("code", sorted(SIGNALS))
def test_codes_that_are_signals_for_the_export(simulator, cloud, code):
    simulator.add_faults(Fault(FaultKind.ERROR, action="ExportImage", code=code))

    with pytest.raises(SIGNALS[code]):
        cloud.export(request(simulator))

    assert sent(simulator, "ExportImage") == 1


def test_an_unknown_code_keeps_its_words(simulator, cloud):
    simulator.add_faults(
        Fault(FaultKind.ERROR, action="ExportImage", code="Brand.New", message="Never seen.", status=400)
    )

    with pytest.raises(CloudError, match=r"Never seen \(Brand.New, request ") as caught:
        cloud.export(request(simulator))

    assert (caught.value.code, bool(caught.value.request_id)) == ("Brand.New", True)


@pytest.mark.parametrize("kind", [FaultKind.HTML, FaultKind.DROP_AFTER, FaultKind.DROP_BEFORE])
def test_an_export_whose_answer_is_lost_is_in_doubt_and_sent_once(simulator, cloud, kind):
    simulator.add_faults(Fault(kind, action="ExportImage"))

    with pytest.raises(AnswerInDoubt):
        cloud.export(request(simulator))

    assert sent(simulator, "ExportImage") == 1
    assert len(simulator.tasks) == (1 if kind is FaultKind.DROP_AFTER else 0)


def test_an_export_that_takes_too_long_is_in_doubt(simulator, clouds):
    simulator.add_faults(Fault(FaultKind.DELAY, action="ExportImage", seconds=5.0))
    hurried = reach(simulator, clouds, read_timeout_seconds=0.3)

    with pytest.raises(AnswerInDoubt, match="in time"):
        hurried.export(request(simulator))


def test_an_export_to_a_port_where_nobody_listens_is_certain(tmp_path, clouds):
    with Simulator(tmp_path) as simulator:
        deaf = reach(simulator, clouds)
        wanted = request(simulator)

    with pytest.raises(CloudError, match="connection refused"):
        deaf.export(wanted)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(FaultKind.HTML, times=2),
        Fault(FaultKind.DROP_BEFORE, times=2),
        Fault(FaultKind.DROP_AFTER, times=2),
        Fault(FaultKind.ERROR, code="Throttling.User", times=2),
        Fault(FaultKind.ERROR, code="ServiceUnavailable", times=2),
        Fault(FaultKind.CUT, after_bytes=10, times=2),
    ],
    ids=lambda fault: fault.kind if not fault.code else fault.code,
)
def test_calls_that_only_read_outlast_trouble(simulator, cloud, fault):
    simulator.add_faults(fault)

    assert cloud.image(IMAGE).image_id == IMAGE
    assert sent(simulator, "DescribeImages") == 3


def test_temporary_credentials_are_taken_and_their_end_is_told(simulator, clouds):
    key = simulator.issue_token()
    temporary = reach(simulator, clouds, key)
    assert temporary.image(IMAGE).image_id == IMAGE
    simulator.expire_token(key)

    with pytest.raises(UrlExpired, match="token has expired"):
        temporary.image(IMAGE)


def test_a_wrong_secret_is_a_matter_of_settings(simulator, clouds):
    told = simulator.describe()
    wrong = reach(simulator, clouds, AccessKey(key_id=told["access_key_id"], secret="wrong"))

    with pytest.raises(SettingsError, match="secret is wrong"):
        wrong.image(IMAGE)


def test_a_wrong_clock_is_told(simulator, cloud):
    simulator.change_settings(clock_offset_seconds=7200.0)

    with pytest.raises(CloudError, match="clock is wrong") as caught:
        cloud.image(IMAGE)

    assert "clock" in caught.value.hint


def test_export_failures_on_the_way_are_export_failures(simulator, cloud):
    simulator.add_faults(Fault(FaultKind.ERROR, action="ExportImage", code="ExportImageFailed"))

    with pytest.raises(ExportFailed):
        cloud.export(request(simulator))


def test_a_proxy_in_the_environment_is_not_asked_about_loopback(simulator, cloud, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    assert cloud.image(IMAGE).image_id == IMAGE


PROGRAM = """
import sys
from pathlib import Path
from imgkit.aliyun.credential_sources import find_credentials
from imgkit.aliyun.credentials import FixedCredentials, Keys
from imgkit.aliyun.ecs import open_ecs
from imgkit.aliyun.endpoints import oss_endpoint
from imgkit.aliyun.oss import open_bucket
from imgkit.errors import ImgkitError
ecs, oss, key_id, secret, home = sys.argv[1:]
try:
    find_credentials(profile="", home=Path(home), environment={"ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true"})
except ImgkitError:
    pass
keys = FixedCredentials("a test", Keys(key_id, secret, ""))
cloud = open_ecs(region_id="cn-hangzhou", credentials=keys, endpoint=ecs)
store = open_bucket("evidence", region_id="cn-hangzhou", credentials=keys,
                    endpoint=oss_endpoint("cn-hangzhou", explicit=oss))
for call in (lambda: cloud.image("m-nothere"), lambda: store.describe("nothere")):
    try:
        call()
    except ImgkitError as error:
        print(type(error).__name__)
"""


@pytest.mark.parametrize("debug", ["", "sdk"])
def test_the_sdks_print_nothing_even_when_debugging_is_asked_of_them(simulator, tmp_path, debug):
    told = simulator.describe()
    arguments = [told[name] for name in ("ecs_endpoint", "oss_endpoint", "access_key_id", "access_key_secret")]
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, *arguments, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env={"DEBUG": debug, "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true", "HOME": str(tmp_path)},
        timeout=60,
    )

    assert ran.stdout.split() == ["NoSuchImageOrTask", "NoSuchBucketOrObject"]
    assert ran.stderr == ""
