import json

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.tree import guest_with

from imgkit.facts.containers import describe_containers
from imgkit.facts.gathering import Gathering
from imgkit.facts.podman import podman_containers, podman_engines, podman_images

STORE = "/home/a/.local/share/containers/storage"
KEPT = [
    {
        "id": "abc",
        "names": ["web"],
        "image": "1",
        "metadata": '{"image-name": "docker.io/nginx:1"}',
        "created": "2026-02-27T10:00:00Z",
    },
    {"id": "../../../etc"},
    "nonsense",
]
RUNTIME = {
    "process": {
        "args": ["nginx", "--token=s3cret"],
        "env": ["TOKEN=s3cret"],
        "capabilities": {"bounding": ["CAP_SYS_ADMIN"]},
    },
    "mounts": [
        {"type": "bind", "source": "/etc", "destination": "/e"},
        {"type": "bind", "source": f"{STORE}/overlay-containers/abc/userdata/shm", "destination": "/dev/shm"},
        {"type": "bind", "source": "/run/containers/storage/overlay-containers/abc/x", "destination": "/etc/hosts"},
        {"type": "bind", "source": "/run/containers/storage/../../../root", "destination": "/r"},
        {"type": "bind", "source": f"{STORE}/overlay-containers/abcdef/x", "destination": "/other"},
        {"type": "proc", "source": "proc"},
    ],
}
FILES = {
    f"{STORE}/overlay-containers/containers.json": json.dumps(KEPT),
    f"{STORE}/overlay-containers/abc/userdata/config.json": json.dumps(RUNTIME),
    f"{STORE}/overlay-images/images.json": json.dumps([{"id": "1", "names": ["nginx:1"], "created": "x"}]),
}


def test_the_stores_of_users_are_found():
    assert [one.path for one in podman_engines(Gathering(guest_with(FILES)))] == [STORE.encode()]


def test_containers_are_told_without_their_secrets_and_no_id_becomes_a_path():
    gathering = Gathering(guest_with(FILES))
    found, odd, _ = podman_containers(gathering, STORE.encode())
    assert (found.name, found.image, found.privileged) == ("web", "docker.io/nginx:1", True)
    assert found.capabilities == ("CAP_SYS_ADMIN",)
    assert found.binds == (
        "/etc:/e",
        f"{STORE}/overlay-containers/abcdef/x:/other",
        "/run/containers/storage/../../../root:/r",
    )
    assert (found.environment, found.created.year) == (("TOKEN",), 2026)
    assert "s3cret" not in repr(found)
    assert "the container web sees /root of the system" in gathering.fact((found,), nothing="").remarks
    assert (odd.id, odd.command) == ("../../../etc", "")


def test_images_are_told():
    (found,) = podman_images(Gathering(guest_with(FILES)), STORE.encode())
    assert (found.id, found.names, found.created) == ("1", ("nginx:1",), None)


@given(st.text(alphabet='[]{}":,idnamesmetadata0', max_size=80))
def test_any_text_is_borne(text):
    files = {f"{STORE}/overlay-containers/containers.json": text, f"{STORE}/overlay-images/images.json": text}
    gathering = Gathering(guest_with(files))
    list(podman_containers(gathering, STORE.encode()))
    list(podman_images(gathering, STORE.encode()))


def test_a_name_that_no_bytes_are_read_as_leaves_the_others():
    files = {
        f"{STORE}/overlay-containers/containers.json": '[{"id": "\\ud800"}, {"id": "b", "names": ["b"]}]',
        "/etc/docker/daemon.json": '{"data-root": "/\\ud800"}',
    }
    found = describe_containers(guest_with(files)).containers.value
    assert found is not None
    assert sorted(one.name for one in found) == ["", "b"]
