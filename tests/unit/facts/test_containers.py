from tests.unit.facts.test_docker import CONFIG
from tests.unit.facts.test_podman import FILES
from tests.unit.facts.tree import Folder, Shut, guest_with

from imgkit.facts.containers import describe_containers
from imgkit.model.fact import FactState, facts_within


def test_docker_and_podman_stand_together():
    files = {
        **FILES,
        "/etc/docker/daemon.json": '{"hosts": ["tcp://0.0.0.0:2375"]}',
        "/var/lib/docker/containers/abc/config.v2.json": str(CONFIG)
        .replace("'", '"')
        .replace("True", "true")
        .replace("False", "false"),
        "/var/lib/docker/volumes/v/_data": Folder(),
    }
    found = describe_containers(guest_with(files))
    assert [(one.engine, one.name) for one in found.containers.value] == [
        ("docker", "web"), ("podman", ""), ("podman", ""), ("podman", "web"),
    ]  # fmt: skip
    assert [one.kind for one in found.engines.value] == ["docker", "podman"]
    assert found.engines.remarks == ("Docker listens on the network: tcp://0.0.0.0:2375",)
    assert [one.name for one in found.volumes.value] == ["v"]


def test_an_engine_is_told_by_its_program_alone_and_one_with_data_has_it_too():
    files = {
        "/usr/sbin/dockerd": b"\x7fELF",
        "/usr/bin/podman": b"\x7fELF",
        "/usr/local/bin/k3s": b"\x7fELF",
        "/var/lib/docker/image": Folder(),
        "/var/lib/lxc/web/config": "lxc.rootfs.path = dir:/var/lib/lxc/web/rootfs",
        "/var/lib/machines": Folder(),
    }
    found = describe_containers(guest_with(files)).engines
    assert [(one.kind, one.path, one.program) for one in found.value] == [
        ("docker", b"/var/lib/docker", b"/usr/sbin/dockerd"),
        ("lxc", b"/var/lib/lxc", b""),
        ("podman", b"", b"/usr/bin/podman"),
        ("kubernetes", b"", b"/usr/local/bin/k3s"),
    ]


def test_nothing_there_is_absent_and_a_folder_that_is_shut_is_not():
    assert {fact.state for _, fact in facts_within(describe_containers(guest_with({})))} == {FactState.ABSENT}
    shut = describe_containers(guest_with({"/var/lib/docker/containers": Shut("torn")}))
    assert shut.containers.state is FactState.UNDETERMINED
