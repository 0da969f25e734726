import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.tree import Link, Shut, guest_with

from imgkit.facts.cloud_init import read_cloud_init, read_instance_data, read_runs, read_stages
from imgkit.facts.guest import Guest
from imgkit.model.cloud import CloudRun
from imgkit.model.fact import FactState

FILES = {
    "/var/lib/cloud/instance": Link(b"instances/i-1"),
    "/var/lib/cloud/instances/i-1/datasource": "DataSourceAliYun: DataSourceAliYun\n",
    "/var/lib/cloud/instances/i-1/boot-finished": "22.07 - Sun, 22 Nov 2026 10:00:00 +0000 - v. 23.2.2\n",
    "/var/lib/cloud/instances/i-1/user-data.txt": "#cloud-config\npassword: s3cret\n",
    "/var/lib/cloud/instances/i-0/vendor-data.txt": "#!/bin/sh\necho s3cret\n",
    "/var/lib/cloud/data/instance-id": "i-1\n",
    "/var/lib/cloud/data/previous-instance-id": "i-0\n",
    "/var/lib/cloud/data/status.json": '{"v1": {"stage": null, "init": {"start": 1700000001.5, "finished": 1700000003, '
    '"errors": ["password=s3cret failed"]}}}',
    "/etc/cloud/cloud.cfg": "datasource_list: [AliYun, None]\ndisable_root: false\npassword: s3cret\n"
    "system_info:\n  default_user: {name: ecs-user}\n",
    "/etc/cloud/cloud.cfg.d/10.cfg": "disable_root: true\n",
    "/var/log/cloud-init.log": "2026 - util.py[DEBUG]: Cloud-init v. 23.2.2 running 'init-local' at "
    "Sun, 22 Nov 2026 10:00:00 +0000. Up 5.4 seconds.\nx\n",
}


def test_the_instance_and_the_settings_are_told():
    found = read_cloud_init(guest_with(FILES)).value
    assert (found.instance_id, found.previous_instance_id, found.version) == ("i-1", "i-0", "23.2.2")
    assert (found.data_source, found.instances, found.disabled) == (
        "DataSourceAliYun: DataSourceAliYun", ("i-0", "i-1"), False,
    )  # fmt: skip
    assert {one.name: one.value for one in found.settings} == {
        "datasource_list": "AliYun, None",
        "default_user": "ecs-user",
        "disable_root": "true",
    }


def test_seconds_since_the_start_are_no_time_and_errors_that_it_got_over_have_their_level():
    """As cloud-init 25.1 of Debian 13 writes it in the middle of its last stage."""
    stage = {"start": 71.82, "finished": None, "errors": ["no"], "recoverable_errors": {"WARNING": ["a", "b"]}}
    (found,) = read_stages(status_with(stage)).value or ()
    assert (found.started, found.started_after_ms) == (None, 71_820)
    assert (found.finished, found.finished_after_ms) == (None, None)
    assert found.errors == ("no", "WARNING: a", "WARNING: b")


def status_with(stage: Mapping[str, object]) -> Guest:
    return guest_with({"/var/lib/cloud/data/status.json": json.dumps({"v1": {"modules-final": stage}})})


def test_what_was_handed_over_is_named_and_never_quoted():
    fact = read_instance_data(guest_with(FILES))
    assert [(one.instance_id, one.name, one.form, one.size) for one in fact.value] == [
        ("i-0", "vendor-data", "script", 22),
        ("i-1", "user-data", "cloud-config", 31),
    ]
    assert "s3cret" not in repr(fact)


def test_it_is_quoted_where_secrets_are_wanted():
    fact = read_instance_data(replace(guest_with(FILES), include_secrets=True))
    assert [("s3cret" in one.text) for one in fact.value or ()] == [True, True]


def test_stages_and_runs_are_told_without_secrets():
    fact = read_stages(guest_with(FILES))
    (stage,) = fact.value or ()
    assert (stage.name, stage.started.timestamp(), stage.finished.timestamp()) == (
        "init", 1_700_000_001.5, 1_700_000_003,
    )  # fmt: skip
    assert "s3cret" not in repr(fact)
    assert read_runs(guest_with(FILES)).value == (
        CloudRun(stage="init-local", version="23.2.2", at="Sun, 22 Nov 2026 10:00:00 +0000"),
    )


def test_nothing_there_is_absent_and_damage_is_partial():
    for read in (read_cloud_init, read_instance_data, read_stages, read_runs):
        assert read(guest_with({})).state is FactState.ABSENT
    assert read_stages(guest_with({"/var/lib/cloud/data/status.json": "{"})).partial
    assert read_cloud_init(guest_with({"/etc/cloud/cloud.cfg": "a: ["})).partial
    assert read_runs(guest_with({"/var/log/cloud-init.log": Shut()})).state is FactState.UNDETERMINED


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        '{"v1": []}',
        '{"v1": {"a": {"start": 1e999, "errors": "x"}}}',
        '{"v1": {"a": {"start": -1e30, "finished": "x"}}}',
    ],
)
def test_state_of_another_shape_is_borne(text):
    read_stages(guest_with({"/var/lib/cloud/data/status.json": text}))


@given(st.text(alphabet="datasource_list: []{}#!\n- x&*", max_size=100))
def test_any_configuration_is_borne(text):
    read_cloud_init(guest_with({"/etc/cloud/cloud.cfg": text}))
