from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.tree import Folder, guest_with

from imgkit.facts.gathering import Gathering
from imgkit.facts.pods import other_engines, read_logged, read_manifests
from imgkit.model.containers import EngineKind

POD = """apiVersion: v1
kind: Pod
metadata: {name: etcd, namespace: kube-system}
spec:
  hostNetwork: true
  containers:
  - {name: a, image: "etcd:3", securityContext: {privileged: true}}
  volumes:
  - hostPath: {path: /etc/kubernetes}
---
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{image: nginx}]}}}
"""


def test_manifests_are_told_with_what_they_may():
    gathering = Gathering(guest_with({"/etc/kubernetes/manifests/etcd.yaml": POD}))
    pod, deployment = read_manifests(gathering)
    assert (pod.kind, pod.namespace, pod.name, pod.images) == ("Pod", "kube-system", "etcd", ("etcd:3",))
    assert (pod.privileged, pod.host_paths, pod.host_network) == (True, ("/etc/kubernetes",), True)
    assert (deployment.kind, deployment.images, deployment.privileged) == ("Deployment", ("nginx",), False)
    assert gathering.fact((pod,), nothing="").remarks == ("Pod etcd has a privileged container",)


def test_pods_that_left_logs_are_told():
    (found,) = read_logged(
        Gathering(guest_with({"/var/log/pods/default_web-1_uid": Folder(), "/var/log/pods/x": Folder()}))
    )
    assert (found.namespace, found.name) == ("default", "web-1")


def test_other_engines_are_told_by_their_folders():
    (found,) = other_engines(Gathering(guest_with({"/var/lib/kubelet/config.yaml": b""})))
    assert (found.kind, found.settings[0].value) == (EngineKind.KUBERNETES, "config.yaml")


@given(st.text(alphabet="kind: Pod\nspec[]{}-,containers&*", max_size=80))
def test_any_text_is_borne(text):
    list(read_manifests(Gathering(guest_with({"/etc/kubernetes/manifests/x.yaml": text}))))
