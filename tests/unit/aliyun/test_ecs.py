"""ECS over a transport of our own: what is asked, what is repeated, and what is sent once."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from imgkit.aliyun.credentials import FixedCredentials, Keys
from imgkit.aliyun.ecs import EcsCloud, open_ecs
from imgkit.aliyun.ecs_transport import NoAnswer, Refused
from imgkit.aliyun.explain import Refusal
from imgkit.aliyun.retrying import Retry
from imgkit.errors import CloudError, NoSuchImageOrTask, NotExportable, SettingsError
from imgkit.model.image import ImageQuery
from imgkit.model.task import ExportRequest, SentExport, TaskState
from imgkit.ports import AnswerInDoubt, ExportRunning, ImageCloud

REQUEST = ExportRequest(region_id="cn-hangzhou", image_id="m-1", bucket="evidence", prefix="case7")
IMAGES = {"Images": {"Image": [{"ImageId": "m-1"}]}, "TotalCount": 1}
TASK = {"TaskId": "t-1", "TaskStatus": "Processing", "TaskProcess": "10%"}
IN_DOUBT = [
    NoAnswer("no answer came in time", sent=True),
    Refused(Refusal(code="InternalError", status=500)),
    Refused(Refusal(code="ServiceUnavailable", status=503)),
]


class FakeTransport:
    def __init__(self, *outcomes: Mapping[str, Any] | Exception) -> None:
        self.outcomes = list(outcomes)
        self.sent: list[tuple[str, Mapping[str, Any]]] = []
        self.closed = False

    def send(self, action: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        self.sent.append((action, {name: value for name, value in parameters.items() if value != []}))
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def close(self) -> None:
        self.closed = True


def cloud(transport: FakeTransport) -> EcsCloud:
    return EcsCloud(
        transport, region_id="cn-hangzhou", retry=Retry(attempts=3, sleep=lambda _: None, jitter=lambda: 0.0)
    )


def refused(code: str, status: int = 400) -> Refused:
    return Refused(Refusal(code=code, status=status, request_id="R1"))


def test_it_is_the_port_that_the_stages_know():
    port: ImageCloud = cloud(FakeTransport())

    assert port.region_id == "cn-hangzhou"


def test_an_image_is_looked_up_whatever_its_status():
    transport = FakeTransport(IMAGES)

    assert cloud(transport).image("m-1").image_id == "m-1"
    assert transport.sent == [("DescribeImages", {"RegionId": "cn-hangzhou", "ImageId": "m-1", "Status": "ALL"})]


@pytest.mark.parametrize("answer", [{"Images": {"Image": []}}, {"Images": {"Image": [{"ImageId": "m-12"}]}}])
def test_an_image_that_is_not_there_has_its_own_error(answer):
    with pytest.raises(NoSuchImageOrTask, match="m-1: this account has no such image in cn-hangzhou"):
        cloud(FakeTransport(answer)).image("m-1")


def test_images_come_from_all_pages_and_with_all_filters():
    first = {"Images": {"Image": [{"ImageId": f"m-{number}"} for number in range(100)]}, "TotalCount": 101}
    second = {"Images": {"Image": [{"ImageId": "m-100"}]}, "TotalCount": 101}
    transport = FakeTransport(first, second)
    query = ImageQuery(name="web*", family="f", resource_group_id="rg", tags=(("k", "v"),))

    assert len(list(cloud(transport).images(query))) == 101
    asked = transport.sent[0][1]
    assert [sent["PageNumber"] for _, sent in transport.sent] == [1, 2]
    assert (asked["ImageOwnerAlias"], asked["Status"], asked["PageSize"]) == ("self", "ALL", 100)
    assert (asked["ImageName"], asked["ImageFamily"], asked["ResourceGroupId"]) == ("web*", "f", "rg")
    assert asked["Tag"] == [{"Key": "k", "Value": "v"}]


def test_pages_end_where_no_total_is_told():
    transport = FakeTransport({"Images": {"Image": [{"ImageId": "m-1"}]}})

    assert len(list(cloud(transport).images(ImageQuery()))) == 1


def test_pages_end_where_the_total_is_wrong():
    transport = FakeTransport({"Images": {"Image": [{"ImageId": "m-1"}]}, "TotalCount": 5}, {"Images": {"Image": []}})

    assert len(list(cloud(transport).images(ImageQuery()))) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        NoAnswer("the connection was closed", sent=True),
        NoAnswer("connection refused", sent=False),
        refused("Throttling.User", 400),
        refused("Throttling", 429),
        refused("ServiceUnavailable", 503),
        refused("Brand.New", 502),
        {"RequestId": "an answer without images"},
    ],
)
def test_a_call_that_only_reads_is_repeated(trouble):
    assert cloud(FakeTransport(trouble, trouble, IMAGES)).image("m-1").image_id == "m-1"


def test_a_call_that_only_reads_is_given_up_with_the_reason():
    with pytest.raises(CloudError, match="look up image m-1: connection refused; asked 3 times") as caught:
        cloud(FakeTransport(*[NoAnswer("connection refused", sent=False)] * 3)).image("m-1")

    assert "proxy" in caught.value.hint


def test_a_refusal_is_not_repeated():
    transport = FakeTransport(refused("InvalidRegionId.NotFound"))

    with pytest.raises(SettingsError):
        cloud(transport).image("m-1")

    assert len(transport.sent) == 1


def test_an_untrusted_certificate_is_not_asked_again():
    transport = FakeTransport(NoAnswer("its certificate is not trusted", sent=False, untrusted=True))

    with pytest.raises(CloudError, match="not trusted") as caught:
        cloud(transport).image("m-1")

    assert "ca_bundle" in caught.value.hint
    assert len(transport.sent) == 1


def test_lacking_credentials_are_told_as_they_are():
    with pytest.raises(SettingsError, match="gone"):
        cloud(FakeTransport(SettingsError("gone"))).image("m-1")


def test_an_export_is_sent_with_what_was_asked():
    transport = FakeTransport({"TaskId": "t-9", "RequestId": "R-9"})

    assert cloud(transport).export(REQUEST) == SentExport(task_id="t-9", request_id="R-9")
    assert transport.sent == [
        (
            "ExportImage",
            {"RegionId": "cn-hangzhou", "ImageId": "m-1", "OSSBucket": "evidence", "OSSPrefix": "case7"},
        )
    ]


def test_an_export_names_format_and_role_where_wanted():
    transport = FakeTransport({"ExportTaskId": "t-8"})
    wanted = ExportRequest(region_id="r", image_id="m-1", bucket="b", image_format="qcow2", role_name="Role")

    assert cloud(transport).export(wanted) == SentExport(task_id="t-8")
    assert transport.sent[0][1]["ImageFormat"] == "qcow2"
    assert transport.sent[0][1]["RoleName"] == "Role"
    assert "OSSPrefix" not in transport.sent[0][1]


@pytest.mark.parametrize("outcome", [*IN_DOUBT, {"RequestId": "no task in it"}])
def test_an_export_without_a_clear_answer_is_in_doubt_and_sent_once(outcome):
    transport = FakeTransport(outcome)

    with pytest.raises(AnswerInDoubt, match="export image m-1 to bucket evidence"):
        cloud(transport).export(REQUEST)

    assert len(transport.sent) == 1


def test_an_export_that_never_left_this_machine_is_not_in_doubt():
    transport = FakeTransport(NoAnswer("connection refused", sent=False))

    with pytest.raises(CloudError, match="connection refused"):
        cloud(transport).export(REQUEST)

    assert len(transport.sent) == 1


def test_a_running_export_has_its_own_signal():
    with pytest.raises(ExportRunning):
        cloud(FakeTransport(refused("ImageIsExporting", 403))).export(REQUEST)


@pytest.mark.parametrize("code", ["Throttling.User", "SignatureNonceUsed"])
def test_even_a_throttled_export_is_sent_once(code):
    transport = FakeTransport(refused(code))

    with pytest.raises(CloudError) as caught:
        cloud(transport).export(REQUEST)

    assert caught.value.code == code
    assert len(transport.sent) == 1


@pytest.mark.parametrize("outcome", [{"RequestId": "fine"}, refused("DryRunOperation")])
def test_a_trial_passes_with_either_answer(outcome):
    transport = FakeTransport(outcome)
    cloud(transport).dry_run_export(REQUEST)

    assert transport.sent[0][1]["DryRun"] == "true"


def test_a_trial_raises_what_the_export_would():
    with pytest.raises(NotExportable):
        cloud(FakeTransport(refused("IncorrectImageStatus"))).dry_run_export(REQUEST)
    with pytest.raises(ExportRunning):
        cloud(FakeTransport(refused("ImageIsExporting", 403))).dry_run_export(REQUEST)


def test_a_trial_that_began_an_export_is_not_taken_for_a_trial():
    with pytest.raises(ExportRunning, match="t-7"):
        cloud(FakeTransport({"TaskId": "t-7"})).dry_run_export(REQUEST)


def test_a_task_is_looked_up():
    transport = FakeTransport(TASK)
    task = cloud(transport).task("t-1")

    assert (task.state, task.percent, task.region_id) == (TaskState.RUNNING, 10, "cn-hangzhou")
    assert transport.sent == [("DescribeTaskAttribute", {"RegionId": "cn-hangzhou", "TaskId": "t-1"})]


@pytest.mark.parametrize("nonsense", [{}, {"RequestId": "R"}])
def test_a_malformed_answer_about_a_task_is_asked_again(nonsense):
    assert cloud(FakeTransport(nonsense, TASK)).task("t-1").task_id == "t-1"


def test_a_task_that_is_not_there_has_its_own_error():
    with pytest.raises(NoSuchImageOrTask):
        cloud(FakeTransport(refused("InvalidTaskId.NotFound"))).task("t-1")


def test_export_tasks_come_newest_first_and_of_this_image_alone():
    tasks = [
        {"TaskId": "t-old", "TaskStatus": "Finished", "CreationTime": "2024-01-01T00:00Z", "ResourceId": "m-1"},
        {"TaskId": "t-other", "TaskStatus": "Finished", "CreationTime": "2024-01-03T00:00Z", "ResourceId": "m-2"},
        {"TaskId": "t-new", "TaskStatus": "Processing", "CreationTime": "2024-01-02T00:00Z", "ResourceId": "m-1"},
        {"TaskId": "t-dateless", "TaskStatus": "Processing"},
    ]
    transport = FakeTransport({"TaskSet": {"Task": tasks}, "TotalCount": 4})
    since = datetime(2024, 1, 1, 0, 0, 59, tzinfo=UTC)
    found = cloud(transport).export_tasks(image_id="m-1", since=since)

    assert [task.task_id for task in found] == ["t-new", "t-old", "t-dateless"]
    asked = transport.sent[0][1]
    assert (asked["TaskAction"], asked["ResourceIds"]) == ("ExportImage", ["m-1"])
    assert asked["StartTime"] == "2024-01-01T00:00:00Z"


def test_export_tasks_come_from_all_pages():
    full = [{"TaskId": f"t-{number}", "TaskStatus": "Finished"} for number in range(100)]
    transport = FakeTransport(
        {"TaskSet": {"Task": full}, "TotalCount": 101}, {"TaskSet": {"Task": [TASK]}, "TotalCount": 101}
    )

    assert len(list(cloud(transport).export_tasks())) == 101
    assert "ResourceIds" not in transport.sent[0][1]


def test_cancel_is_sent_once():
    transport = FakeTransport({"RequestId": "R"})
    cloud(transport).cancel("t-1")

    assert transport.sent == [("CancelTask", {"RegionId": "cn-hangzhou", "TaskId": "t-1"})]


@pytest.mark.parametrize("outcome", IN_DOUBT)
def test_cancel_without_an_answer_is_in_doubt(outcome):
    transport = FakeTransport(outcome)

    with pytest.raises(AnswerInDoubt, match="cancel task t-1"):
        cloud(transport).cancel("t-1")

    assert len(transport.sent) == 1


def test_closing_closes_the_transport():
    transport = FakeTransport()
    cloud(transport).close()

    assert transport.closed


@pytest.mark.parametrize(
    "options", [{"region_id": "nowhere!"}, {"region_id": "cn-hangzhou", "endpoint": "http://ecs.example"}]
)
def test_bad_settings_are_refused_before_anything_is_sent(options):
    with pytest.raises(SettingsError):
        open_ecs(credentials=FixedCredentials("a test", Keys("id", "s", "")), **options)
