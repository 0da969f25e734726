"""`imgkit fetch` that was killed, interrupted or left without an answer: the same command goes on, and exports once."""

import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.loopback import IMAGE_ID, Ended, Loopback, loopback

from imgkit.files.export_journal import read_intent
from imgkit.simulator import Fault, FaultKind
from imgkit.units import MiB

pytestmark = pytest.mark.tools("qemu-img", "qemu-nbd", "tar")

FETCH = ("fetch", IMAGE_ID, "--no-inspect")


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Loopback]:
    with loopback(tmp_path, {"system": 24, "xvdb": 9}) as made:
        yield made


def test_killed_at_any_moment_the_same_command_goes_on(cloud):
    """Seeded; the moments are spread over the time that the whole takes, and come later where the machine is slow."""
    chance = random.Random(20261122)
    words = (*FETCH, "--to", "qcow2")
    cloud.simulator.change_settings(export_seconds=0.5)
    cloud.simulator.add_faults(Fault(FaultKind.SLOW, action="GetObject", bytes_per_second=6 * MiB, times=None))
    for number in range(60):
        ended = cloud.killed_after(chance.uniform(0.8, 2.5) * 1.05**number, words)
        if ended.code == 0:
            break
        assert ended.code == -signal.SIGKILL, ended.err
    else:
        pytest.fail("it never came to its end")
    assert cloud.sent("ExportImage") == 1
    assert len(cloud.simulator.tasks) == 1
    cloud.require_whole_set()


def test_an_export_without_an_answer_is_not_sent_twice(cloud):
    cloud.simulator.change_settings(export_seconds=1.0, dry_run="success")
    cloud.simulator.add_faults(Fault(FaultKind.DROP_AFTER, action="ExportImage", skip=1))
    done = cloud.imgkit(*FETCH)
    assert done.code == 0, done.err
    assert len(cloud.simulator.tasks) == 1
    cloud.require_whole_set()


def test_a_running_export_is_joined(cloud):
    cloud.simulator.change_settings(export_seconds=15.0)  # a busy machine needs some for starting the second command
    assert cloud.imgkit("export", IMAGE_ID, "--no-wait").code == 0
    done = cloud.imgkit(*FETCH, "--no-preflight")
    assert done.code == 0, done.err
    assert len(cloud.simulator.tasks) == 1


def _interrupted_once(cloud: Loopback, begun: Callable[[], Any]) -> Ended:
    ended = cloud.interrupted_once(begun, FETCH)
    assert ended.code == 130, ended.err
    assert "the same command" in ended.err
    return ended


@pytest.mark.parametrize("late", ["the first question", "later questions"])
def test_interrupting_leaves_the_task_running_and_says_how_to_go_on(cloud, late):
    cloud.simulator.change_settings(export_seconds=600.0)
    if late == "the first question":
        cloud.simulator.add_faults(Fault(FaultKind.DELAY, action="DescribeTaskAttribute", seconds=30))
        ended = _interrupted_once(cloud, lambda: _journalled_task(cloud))
    else:
        ended = _interrupted_once(cloud, lambda: cloud.sent("DescribeTaskAttribute") > 1)
    task_id = cloud.simulator.tasks[0].task_id
    assert f"imgkit tasks cancel {task_id}" in ended.err
    assert cloud.imgkit("tasks", "cancel", task_id).code == 0
    assert cloud.imgkit(*FETCH, "--no-preflight").code == 14


def _journalled_task(cloud: Loopback) -> bool:
    intent = read_intent(cloud.folder / IMAGE_ID / ".imgkit" / "export.json")
    return intent is not None and intent.task_id != ""


def test_interrupting_before_the_answer_says_that_an_export_may_have_begun(cloud):
    cloud.simulator.change_settings(export_seconds=1.0)
    cloud.simulator.add_faults(Fault(FaultKind.STALL, action="ExportImage", skip=1, seconds=30))
    ended = _interrupted_once(cloud, lambda: cloud.simulator.tasks)
    assert f"an export of {IMAGE_ID} may have begun" in ended.err
    assert f"imgkit tasks list --image {IMAGE_ID}" in ended.err
    listed = cloud.imgkit("tasks", "list", "--image", IMAGE_ID)
    assert cloud.simulator.tasks[0].task_id in listed.out
    done = cloud.imgkit(*FETCH)
    assert done.code == 0, done.err
    assert len(cloud.simulator.tasks) == 1
    cloud.require_whole_set()
