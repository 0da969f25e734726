from dataclasses import replace

import pytest
from tests.unit.facts.tree import guest_with

from imgkit.facts.container_files import (
    parse_moment,
    read_object,
    say_what_stands_out,
    unknown_container,
    variable_names,
)
from imgkit.facts.gathering import Gathering
from imgkit.model.containers import EngineKind

BARE = unknown_container(EngineKind.LXC, "web", b"/var/lib/lxc/web")


@pytest.mark.parametrize("text", ["", "never", "0001-01-01T00:00:00Z", "2026-99-01T00:00:00Z", 5])
def test_what_is_no_time_is_none(text):
    assert parse_moment(text) is None


def test_times_of_go_are_read_in_any_zone():
    found = parse_moment("2026-02-27T18:00:00.123456789+08:00")
    assert found is not None
    assert found.isoformat() == "2026-02-27T10:00:00.123456+00:00"


def test_an_object_that_is_not_there_is_empty_and_one_that_is_none_is_lacking():
    look = Gathering(guest_with({"/a": '{"b": 1}', "/c": "["}))
    assert (read_object(look, b"/a"), read_object(look, b"/none"), look.fact((1,), nothing="").partial) == (
        {"b": 1},
        {},
        False,
    )
    assert read_object(look, b"/c") == {}
    assert look.fact((1,), nothing="").partial


def test_of_an_environment_the_names_are_told():
    assert variable_names(["A=s3cret", "B", 5]) == ("A", "B")


def test_of_a_container_that_is_not_known_nothing_is_said():
    look = Gathering(guest_with({}))
    say_what_stands_out(look, BARE, ())
    assert (BARE.id, BARE.running, BARE.privileged, look.fact((1,), nothing="").remarks) == ("web", None, None, ())


@pytest.mark.parametrize(
    ("bind", "seen"),
    [
        ("/etc/../:/x", "/"),
        ("//:/x", "/"),
        ("//etc:/x", "/etc"),
        ("/var/run:/x", "/var/run"),
        ("/var/run/docker.sock:/s", "/var/run/docker.sock"),
        ("/run/containerd/containerd.sock:/s", "/run/containerd/containerd.sock"),
        ("/var/lib/kubelet:/k:ro", "/var/lib/kubelet"),
        ("/srv:/srv", ""),
        ("docker.sock:/volume", ""),
    ],
)
def test_what_reveals_the_system_stands_out(bind, seen):
    look = Gathering(guest_with({}))
    say_what_stands_out(look, replace(BARE, binds=(bind,)), ["Pid"])
    expected = ["the container web shares the system's own pid"]
    expected += [f"the container web sees {seen} of the system"] if seen else []
    assert list(look.fact((1,), nothing="").remarks) == expected
