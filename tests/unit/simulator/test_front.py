"""The way of a request."""

from pathlib import Path
from typing import Any

import pytest
from tests.unit.simulator.requests_at_rest import request, small_cloud

from imgkit.simulator.control import Control
from imgkit.simulator.ecs_service import EcsService
from imgkit.simulator.exports import Exporter
from imgkit.simulator.faults import Call, Fault, FaultKind
from imgkit.simulator.front import Front, read_call
from imgkit.simulator.messages import Request
from imgkit.simulator.oss_service import OssService


class Tried:
    """A front whose sleeps are only noted."""

    def __init__(self, root: Path) -> None:
        self.slept: list[float] = []
        self.cloud = small_cloud(root)
        self.front = Front(
            self.cloud,
            EcsService(self.cloud, Exporter(self.cloud)),
            OssService(self.cloud),
            Control(self.cloud, "token", dict[str, Any]),
            sleep=self.slept.append,
        )

    def ask(self, asked: Request, *faults: Fault) -> Any:
        self.cloud.faults.add(faults)
        return self.front.answer(asked)


@pytest.fixture
def tried(tmp_path):
    return Tried(tmp_path)


def test_calls_are_told_apart():
    assert read_call(request("POST", "/", {"x-acs-action": "ExportImage"})) == Call(
        service="ecs", action="ExportImage", method="POST"
    )
    assert read_call(request("GET", "/b/k", {"range": "bytes=0-1"})) == Call(
        service="oss", action="GetObject", method="GET", bucket="b", key="k", range_header="bytes=0-1"
    )


def test_errors_on_demand_speak_the_language_of_their_service(tried):
    fault = Fault(FaultKind.ERROR, code="InternalError", times=2)
    oss = tried.ask(request(target="/b/k"), fault).response
    ecs = tried.ask(request("POST", "/", {"x-acs-action": "DescribeImages"})).response
    assert (oss.status, oss.header("content-type")) == (500, "application/xml")
    assert (ecs.status, ecs.header("content-type").partition(";")[0]) == (500, "application/json")


def test_a_page_and_a_delay(tried):
    exchange = tried.ask(request(target="/b/k"), Fault(FaultKind.HTML), Fault(FaultKind.DELAY, seconds=9))
    assert (exchange.response.status, tried.slept) == (503, [9])


def test_a_dropped_connection_has_no_answer_but_a_note(tried):
    exchange = tried.ask(request(target="/b/k"), Fault(FaultKind.DROP_BEFORE))
    tried.front.note(exchange)
    (served,) = tried.cloud.log.all()
    assert (exchange.response, served.status, served.faults) == (None, 0, ("drop_before",))


def test_what_went_out_is_noted(tried):
    exchange = tried.ask(request(target="/evidence/k?x-oss-signature=secret"))
    tried.front.finish(tried.front.note(exchange), 5)
    (served,) = tried.cloud.log.all()
    assert (served.action, served.path, served.status, served.bytes_sent) == ("GetObject", "/evidence/k", 400, 5)


def test_the_control_endpoint_meets_no_faults_and_leaves_no_note(tried):
    exchange = tried.ask(request(target="/_control/token/faults"), Fault(FaultKind.HTML))
    assert exchange.response.status == 200
    assert tried.front.note(exchange) == -1
    assert tried.cloud.log.all() == ()
