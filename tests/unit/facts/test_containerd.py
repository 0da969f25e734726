import json
from datetime import UTC, datetime

import pytest
from tests.unit.facts.containerd_samples import (
    INIT,
    META,
    NGINX,
    ROOT,
    SNAPSHOTS,
    STATES,
    containerd_files,
    database,
    packed,
)
from tests.unit.facts.tree import Link, guest_with

from imgkit.facts.containerd import (
    containerd_containers,
    containerd_engines,
    containerd_images,
    containerd_roots,
    containerd_sandboxes,
)
from imgkit.facts.containers import describe_containers
from imgkit.facts.gathering import Gathering
from imgkit.model.containers import Container

NO_IDS: frozenset[str] = frozenset()


def containers(look: Gathering) -> dict[str, Container]:
    return {one.name: one for one in containerd_containers(look, told=NO_IDS)}


def test_containers_are_told_as_kubernetes_and_ctr_name_them_without_sandboxes():
    found = containers(Gathering(guest_with(containerd_files())))
    assert sorted(found) == ["kube-system/agent-x/agent", "plain", "shop/web-0/init", "shop/web-0/nginx", "wide"]
    assert found["plain"].path == f"{SNAPSHOTS}/snapshots/10".encode()
    assert {one.image for one in found.values()} == {"registry.example/tools/sleeper:1"}


def test_what_became_of_a_container_is_what_kubernetes_noted():
    found = containers(Gathering(guest_with(containerd_files())))
    nginx, init, agent = (found[one] for one in ("shop/web-0/nginx", "shop/web-0/init", "kube-system/agent-x/agent"))
    assert (nginx.running, nginx.exit_code, nginx.finished) == (True, None, None)
    assert nginx.started == datetime(2026, 11, 28, 23, 39, 31, 611769, tzinfo=UTC)
    assert (init.running, init.exit_code) == (False, 7)
    assert (agent.running, agent.started, agent.exit_code) == (False, None, None)
    assert found["plain"].running is None, "of others nothing is kept beyond a restart"


@pytest.mark.parametrize("status", ["", "{", "[]", '{"StartedAt": 1e999, "FinishedAt": -1, "ExitCode": 1e999}'])
def test_a_state_that_cannot_be_understood_is_not_known(status):
    found = containers(Gathering(guest_with(containerd_files(states={NGINX: status}))))
    assert found["shop/web-0/nginx"].exit_code is None


def test_rights_are_those_that_were_asked_for():
    look = Gathering(guest_with(containerd_files()))
    found = containers(look)
    rights = {name: (one.privileged, one.network, one.capabilities) for name, one in found.items()}
    assert rights == {
        "kube-system/agent-x/agent": (True, "host", ()),
        "plain": (False, "", ()),
        "shop/web-0/init": (False, "host", ()),
        "shop/web-0/nginx": (False, "host", ("CAP_NET_ADMIN",)),
        "wide": (True, "host", ()),
    }
    remarks = look.fact((1,), nothing="").remarks
    assert "the container kube-system/agent-x/agent shares the system's own pid" in remarks
    assert "the container kube-system/agent-x/agent sees /run/containerd/containerd.sock of the system" in remarks
    assert "the container wide sees /etc of the system" in remarks
    assert not any("plain" in one for one in remarks)


def test_what_is_made_for_a_container_alone_is_not_of_the_system():
    found = containers(Gathering(guest_with(containerd_files())))
    assert found["kube-system/agent-x/agent"].binds == (
        "/etc:/host:ro",
        "/run/containerd/containerd.sock:/run/c.sock",
        "/var/lib/kubelet/pods/u-agent-x/volumes/kubernetes.io~projected/kube-api-access:/token:ro",
    )
    assert found["shop/web-0/nginx"].binds == ()


def test_no_secret_is_told():
    guest = guest_with(containerd_files())
    found = containers(Gathering(guest))
    assert found["shop/web-0/nginx"].environment == ("PATH", "HOSTNAME", "TOKEN", "DB_PASSWORD")
    assert "PASSWORD" in found["wide"].environment
    assert not any(secret in repr(describe_containers(guest)) for secret in ("s3cret", "hunter2"))


def test_pods_are_told_by_their_sandboxes():
    agent, web = containerd_sandboxes(Gathering(guest_with(containerd_files())))
    assert (agent.kind, agent.namespace, agent.name, agent.path) == ("sandbox", "kube-system", "agent-x", META.encode())
    assert (agent.privileged, agent.host_network, agent.host_paths[0]) == (True, True, "/etc")
    assert (web.namespace, web.name, web.privileged) == ("shop", "web-0", False)
    assert web.images == ("registry.example/tools/sleeper:1",)


def test_an_image_has_all_its_names_once():
    found = list(containerd_images(Gathering(guest_with(containerd_files()))))
    assert [one.names for one in found] == [("registry.example/tools/sleeper:1",), ("registry.example/k8s/pause:3",)]


def test_a_container_that_docker_tells_is_told_once():
    files = {
        META: database({"moby": {"a": {}, "b": {}}, "default": {"a": {}}}),
        "/var/lib/docker/containers/a/config.v2.json": json.dumps({"ID": "a", "Name": "/web"}),
    }
    found = describe_containers(guest_with(files)).containers.value
    assert found is not None
    assert [(one.engine, one.name) for one in found] == [("containerd", "a"), ("containerd", "b"), ("docker", "web")]


def one_of(spec: object) -> Container:
    look = Gathering(guest_with({META: database({"default": {"a": {b"spec": packed(spec)}}})}))
    (found,) = containerd_containers(look, told=NO_IDS)
    return found


def test_without_kubernetes_word_it_is_privileged_that_has_every_device_and_the_rights_that_matter():
    rights = {"process": {"capabilities": {"bounding": ["CAP_SYS_ADMIN", "CAP_SYS_MODULE"]}}}
    devices = {"linux": {"resources": {"devices": [{"allow": True, "access": "rwm"}]}}}
    assert one_of({**rights, **devices}).privileged is True
    assert one_of(rights).privileged is False
    assert one_of(devices).privileged is False
    assert one_of({}).privileged is None


@pytest.mark.parametrize(
    ("source", "own"),
    [
        ("/run/containerd/io.containerd.grpc.v1.cri/sandboxes/s/shm", True),
        ("/var/lib/nerdctl/1935db59/containers/default/a/hostname", True),
        ("/var/lib/nerdctl/1935db59/volumes/default/v/_data", False),
        ("/var/lib/kubelet/pods/u/etc-hosts", True),
        ("/var/snap/microk8s/common/var/lib/kubelet/pods/u/etc-hosts", True),
        ("/var/lib/kubelet/pods/u/containers/c/../../../../../../etc", False),
        ("/run/containerd/io.containerd.grpc.v1.cri/sandboxes/../../../../root", False),
        ("/run/containerd/containerd.sock", False),
    ],
)
def test_which_binds_are_made_for_a_container_alone(source, own):
    mount = {"type": "none", "source": source, "destination": "/x", "options": ["rbind"]}
    assert one_of({"mounts": [mount]}).binds == (() if own else (f"{source}:/x",))


def test_one_that_was_moved_is_told_once_and_dockers_own_is_found_with_dockers_data():
    data = database({"default": {"a": {}}})
    files = {
        "/etc/containerd/config.toml": "root = '/data/./containerd'\n" + "root = '/x'\n" * 1000,
        "/data/containerd/io.containerd.metadata.v1.bolt/meta.db": data,
        "/var/lib/containerd": Link(b"/data/containerd"),
        "/etc/docker/daemon.json": '{"data-root": "/data/docker"}',
        "/data/docker/containerd/daemon/io.containerd.metadata.v1.bolt/meta.db": data,
    }
    look = Gathering(guest_with(files))
    assert containerd_roots(look) == [b"/data/containerd", b"/data/docker/containerd/daemon"]


def test_its_folder_is_where_it_is_configured_and_where_distributions_of_kubernetes_have_it():
    files = {
        "/etc/containerd/config.toml": 'version = 2\n  root = "/data/containerd/"\n[grpc]\nroot = "/no"\n',
        "/data/containerd/io.containerd.metadata.v1.bolt/meta.db": b"",
        "/no/x": b"",
        "/var/lib/rancher/k3s/agent/containerd/x": b"",
    }
    look = Gathering(guest_with(files))
    assert containerd_roots(look) == [b"/data/containerd", b"/var/lib/rancher/k3s/agent/containerd"]
    assert [(one.kind, one.settings[0].value) for one in containerd_engines(look)] == [
        ("containerd", "io.containerd.metadata.v1.bolt"), ("containerd", "x"),
    ]  # fmt: skip


def test_an_id_that_is_no_name_becomes_no_path():
    states = {f"../../../../{ROOT}/x": STATES[INIT]}
    assert containers(Gathering(guest_with(containerd_files(states=states))))["shop/web-0/init"].running is None
