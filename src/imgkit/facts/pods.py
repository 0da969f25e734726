"""What a kubelet starts by itself, and the pods that left their logs; Kubernetes' and other engines' own places."""

from collections.abc import Iterator, Mapping

from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Content, as_text
from imgkit.facts.lxc import lxc_roots
from imgkit.facts.lxd import LXD_ROOTS
from imgkit.facts.nspawn import MACHINES
from imgkit.facts.yaml_reading import BadYaml, Value, flag, mapping, parse_documents, sequence, word
from imgkit.model.containers import Engine, EngineKind, Pod
from imgkit.model.fact import Setting
from imgkit.model.tree import EntryKind
from imgkit.units import MiB

_MANIFESTS = (
    b"/etc/kubernetes/manifests", b"/etc/kubelet.d", b"/var/lib/rancher/k3s/agent/pod-manifests",
    b"/var/lib/rancher/k3s/server/manifests", b"/var/lib/rancher/rke2/agent/pod-manifests",
)  # fmt: skip
_LOGS = b"/var/log/pods"
_PLACES = (
    (EngineKind.KUBERNETES, b"/var/lib/kubelet"),
    (EngineKind.KUBERNETES, b"/var/lib/rancher/k3s"),
    (EngineKind.KUBERNETES, b"/var/lib/rancher/rke2"),
    *((EngineKind.LXD, one) for one in LXD_ROOTS),
    (EngineKind.NSPAWN, MACHINES),
)
_MOST = 500
_MOST_LISTED = 100


def other_engines(gathering: Gathering) -> Iterator[Engine]:
    """Yield all others where their folders hold something."""
    of_lxc = [(EngineKind.LXC, one) for one in lxc_roots(gathering)]
    for kind, path in [*of_lxc, *_PLACES]:
        held = gathering.folder(path)
        if held:
            names = ", ".join(as_text(one.name) for one in held[:20])
            yield Engine(kind=kind, path=path, settings=(Setting(name="holds", value=names),))


def read_manifests(gathering: Gathering) -> Iterator[Pod]:
    """Yield what every manifest describes."""
    for folder in _MANIFESTS:
        for one in gathering.names(folder):
            if one.path.endswith((b".yaml", b".yml", b".json", b".manifest")):
                content = gathering.read(one.path, limit=MiB)
                if content is not None:
                    yield from _documents(gathering, content)


def read_logged(gathering: Gathering) -> Iterator[Pod]:
    """Yield pods by the folders of their logs: NAMESPACE_NAME_UID."""
    for entry in gathering.folder(_LOGS)[:_MOST]:
        parts = as_text(entry.name).split("_")
        if entry.kind is EntryKind.FOLDER and len(parts) == 3:
            yield Pod(path=_LOGS + b"/" + entry.name, kind="logs", namespace=parts[0], name=parts[1])


def _documents(gathering: Gathering, content: Content) -> Iterator[Pod]:
    try:
        for document in parse_documents(content.text):
            described = mapping(document)
            if word(described.get("kind")):
                yield _pod(gathering, content, described)
    except BadYaml as error:
        gathering.lack(f"{as_text(content.source.path)}: {error}")


def _pod(gathering: Gathering, content: Content, document: Mapping[str, Value]) -> Pod:
    metadata = mapping(document.get("metadata"))
    spec = mapping(document.get("spec"))
    spec = mapping(mapping(spec.get("template")).get("spec")) or spec
    inside = [mapping(one) for name in ("initContainers", "containers") for one in sequence(spec.get(name))]
    volumes = [mapping(mapping(one).get("hostPath")) for one in sequence(spec.get("volumes"))]
    found = Pod(
        path=content.source.path,
        kind=word(document.get("kind")),
        namespace=word(metadata.get("namespace")),
        name=word(metadata.get("name")),
        images=tuple(word(one.get("image")) for one in inside if word(one.get("image")))[:_MOST_LISTED],
        privileged=any(flag(mapping(one.get("securityContext")).get("privileged")) for one in inside),
        host_paths=tuple(word(one.get("path")) for one in volumes if word(one.get("path")))[:_MOST_LISTED],
        host_network=bool(flag(spec.get("hostNetwork"))),
    )
    if found.privileged:
        gathering.remark(f"{found.kind} {found.name} has a privileged container")
    return found
