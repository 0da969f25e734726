import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.tree import guest_with

from imgkit.facts.docker import docker_containers, docker_engine, docker_images, docker_root
from imgkit.facts.gathering import Gathering
from imgkit.model.containers import Container

ROOT = b"/var/lib/docker"
CONFIG = {
    "ID": "abc",
    "Name": "/web",
    "Created": "2026-02-27T10:00:00.123456789Z",
    "Path": "nginx",
    "Args": ["-g", "--password=s3cret"],
    "State": {
        "Running": True,
        "ExitCode": 0,
        "StartedAt": "2026-02-27T10:00:01Z",
        "FinishedAt": "0001-01-01T00:00:00Z",
    },
    "Config": {"Image": "nginx:1", "Env": ["PATH=/bin", "DB_PASSWORD=s3cret"], "Labels": {"a": "b"}},
    "MountPoints": {
        "/host": {"Type": "bind", "Source": "/", "Destination": "/host", "RW": False},
        "/data": {"Type": "volume", "Name": "v", "Source": "/var/lib/docker/volumes/v/_data", "Destination": "/data"},
    },
}
HOST = {
    "Privileged": True,
    "NetworkMode": "host",
    "RestartPolicy": {"Name": "always"},
    "Binds": ["/var/run/docker.sock:/var/run/docker.sock"],
    "CapAdd": ["SYS_ADMIN"],
    "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]},
}


def containers(config: object, host: object) -> tuple[list[Container], Gathering]:
    folder = "/var/lib/docker/containers/abc"
    files = {f"{folder}/config.v2.json": json.dumps(config), f"{folder}/hostconfig.json": json.dumps(host)}
    gathering = Gathering(guest_with(files))
    return list(docker_containers(gathering, ROOT)), gathering


def test_a_container_is_told_with_what_it_sees_and_without_its_secrets():
    (found,), gathering = containers(CONFIG, HOST)
    assert (found.name, found.image, found.running, found.exit_code, found.privileged) == (
        "web",
        "nginx:1",
        True,
        0,
        True,
    )
    assert found.created == datetime(2026, 2, 27, 10, 0, 0, 123456, tzinfo=UTC)
    assert (found.started, found.finished) == (datetime(2026, 2, 27, 10, 0, 1, tzinfo=UTC), None)
    assert found.binds == ("/:/host:ro", "/var/run/docker.sock:/var/run/docker.sock")
    assert (found.environment, found.ports) == (("PATH", "DB_PASSWORD"), ("*:8080 to 80/tcp",))
    assert (found.restart, found.network, found.capabilities) == ("always", "host", ("SYS_ADMIN",))
    assert "s3cret" not in repr(found)
    assert gathering.fact((found,), nothing="").remarks == (
        "the container web is privileged",
        "the container web shares the system's own network",
        "the container web sees / of the system",
        "the container web sees /var/run/docker.sock of the system",
    )


def test_a_container_that_was_never_started_has_no_exit_code():
    """As Docker writes it between `create` and `start`."""
    never = "0001-01-01T00:00:00Z"
    state = {"Running": False, "Pid": 0, "ExitCode": 0, "StartedAt": never, "FinishedAt": never}
    (found,), _ = containers({**CONFIG, "State": state}, HOST)
    assert (found.started, found.running, found.exit_code) == (None, False, None)


def test_images_are_told_by_all_their_names():
    kept = {"Repositories": {"nginx": {"nginx:1": "sha256:1", "nginx@sha256:9": "sha256:1"}, "x": {"x:2": "sha256:2"}}}
    gathering = Gathering(guest_with({"/var/lib/docker/image/overlay2/repositories.json": json.dumps(kept)}))
    assert [(one.id, one.names) for one in docker_images(gathering, ROOT)] == [
        ("sha256:1", ("nginx:1", "nginx@sha256:9")),
        ("sha256:2", ("x:2",)),
    ]


def test_the_engine_is_told_with_known_settings_alone():
    text = '{"data-root": "/data/docker/", "hosts": ["tcp://0.0.0.0:2375"], "live-restore": true, "other": "x"}'
    found = docker_engine(Gathering(guest_with({"/etc/docker/daemon.json": text})))
    assert found.path == b"/data/docker"
    assert {one.name: one.value for one in found.settings} == {
        "data-root": "/data/docker/",
        "hosts": "tcp://0.0.0.0:2375",
        "live-restore": "true",
    }
    assert docker_engine(Gathering(guest_with({}))) is None


@pytest.mark.parametrize("chosen", ["", "relative", "/a\0b", 5, None])
def test_a_folder_of_data_that_is_none_is_the_usual_one(chosen):
    assert docker_root({"data-root": chosen}) == ROOT


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*CONFIG, *HOST, "Image", "Env"]), inner)
    ),
    max_leaves=10,
)


@given(JSON, JSON)
def test_any_configuration_is_borne(config, host):
    containers(config, host)
