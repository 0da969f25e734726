"""containerd's own databases: what it keeps of each namespace, and in which folder the files of a container lie.

Buckets as containerd lays them out (metadata/buckets.go, snapshots/storage/bolt.go): meta.db holds one for each
namespace, such as `k8s.io`, nerdctl's `default` and Docker's `moby`. Each snapshotter has a metadata.db of its own, in
which what a namespace calls by one name has another, and the number that its folder is called by.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import TypeVar

from imgkit.facts.bolt import BadBolt, BoltFile, Bucket
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import as_text, moment_ns
from imgkit.facts.json_reading import BadJson, Value, mapping, parse_json
from imgkit.facts.runtime_spec import RuntimeSpec
from imgkit.units import MiB

DATABASE = b"/io.containerd.metadata.v1.bolt/meta.db"
DATABASE_BYTES = 64 * MiB
MOST = 1000
_VERSION = b"v1"
_FOLDERS = {b"overlayfs": b"/fs", b"fuse-overlayfs": b"/fs", b"native": b""}  # others keep files in no folder
_MOMENT_BYTES, _YEARS_TO_1970 = 15, 62_135_596_800  # seconds from the year 1 on, as Go counts them
_LENGTH_DELIMITED, _VALUE_FIELD, _MOST_FIELDS = 2, 2, 8

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptByContainerd:
    """A container, or the sandbox of a pod, as its row tells it; what it was started with is still packed."""

    namespace: str
    id: str
    image: str
    created: datetime | None
    labels: Mapping[str, str]
    packed_spec: bytes
    packed_metadata: bytes
    folder: bytes = b""
    snapshot: tuple[bytes, bytes] = (b"", b"")

    @property
    def is_sandbox(self) -> bool:
        return self.labels.get("io.cri-containerd.kind") == "sandbox"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a container was asked for: its specification, and what Kubernetes asked for, empty where it did not."""

    spec: RuntimeSpec
    metadata: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageOfContainerd:
    namespace: str
    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class _Namespace:
    name: str
    buckets: Mapping[bytes, bytes | Bucket]

    def items(self, bucket: bytes) -> Iterator[tuple[bytes, bytes | Bucket]]:
        """Yield what a bucket holds, once."""
        held = self.buckets.get(bucket)
        yield from held.items() if isinstance(held, Bucket) else ()


def read_images(gathering: Gathering, root: bytes) -> Iterator[ImageOfContainerd]:
    """Yield the images of all namespaces; the same may go by several names."""
    path = root + DATABASE
    numbers = count()
    for namespace in _namespaces(gathering, path):
        for name, held in _first(gathering, path, namespace, b"images", numbers):
            yield from _until_damaged(gathering, path, _image(namespace.name, name, held))


def read_kept(gathering: Gathering, root: bytes) -> Iterator[KeptByContainerd]:
    """Yield the containers of all namespaces, sandboxes of pods among them."""
    path = root + DATABASE
    numbers = count()
    for namespace in _namespaces(gathering, path):
        kept: list[KeptByContainerd] = []
        for identity, held in _first(gathering, path, namespace, b"containers", numbers):
            kept += _until_damaged(gathering, path, _kept(namespace.name, identity, held))
        yield from _with_folders(gathering, root, namespace, kept)


def read_asked(gathering: Gathering, root: bytes, kept: KeptByContainerd) -> Asked:
    """Unpack what a container was asked for; many of them together would take fifty times the room of their bytes."""
    where = f"{as_text(root + DATABASE)}: the container {kept.id[:12]}"
    spec = RuntimeSpec(_object(gathering, where, kept.packed_spec))
    return Asked(spec, mapping(_object(gathering, where, kept.packed_metadata).get("Metadata")))


def _namespaces(gathering: Gathering, path: bytes) -> Iterator[_Namespace]:
    content = gathering.read(path, limit=DATABASE_BYTES)
    if content is not None:
        found = _until_damaged(gathering, path, _namespaces_in(content.data))
        yield from gathering.first(found, MOST, f"namespaces in {as_text(path)}")


def _namespaces_in(data: bytes) -> Iterator[_Namespace]:
    try:
        held = BoltFile.read(data).bucket(_VERSION)
    except KeyError:
        return  # never used
    for name, one in held.items():
        if isinstance(one, Bucket):
            yield _Namespace(as_text(name), dict(one.items()))


def _image(namespace: str, name: bytes, held: bytes | Bucket) -> Iterator[ImageOfContainerd]:
    yield ImageOfContainerd(
        namespace=namespace,
        name=as_text(name),
        digest=as_text(_plain(_row(_row(held).get(b"target")), b"digest")),
    )


def _kept(namespace: str, identity: bytes, held: bytes | Bucket) -> Iterator[KeptByContainerd]:
    row = _row(held)
    labels = {
        as_text(name): as_text(value) for name, value in _row(row.get(b"labels")).items() if isinstance(value, bytes)
    }
    kind = labels.get("io.cri-containerd.kind", "").encode("utf-8", "replace")
    yield KeptByContainerd(
        namespace=namespace,
        id=as_text(identity),
        image=as_text(_plain(row, b"image")),
        created=_moment(_plain(row, b"createdat")),
        labels=labels,
        packed_spec=_plain(row, b"spec"),
        packed_metadata=_plain(_row(row.get(b"extensions")), b"io.cri-containerd.%b.metadata" % kind),
        snapshot=(_plain(row, b"snapshotter"), _plain(row, b"snapshotKey")),
    )


def _with_folders(
    gathering: Gathering, root: bytes, namespace: _Namespace, kept: Iterable[KeptByContainerd]
) -> Iterator[KeptByContainerd]:
    """Yield containers with the folders of what was written in them, where their snapshotter keeps it in one."""
    kept = tuple(kept)
    wanted = {one.snapshot for one in kept if one.snapshot[0] in _FOLDERS}
    names = dict(_until_damaged(gathering, root + DATABASE, _names_of_snapshots(namespace, wanted)))
    folders = {}
    for snapshotter in sorted({one[0] for one in names}):
        folder = root + b"/io.containerd.snapshotter.v1." + snapshotter
        of_it = {name: key for (kind, key), name in names.items() if kind == snapshotter}
        for name, number in _numbers(gathering, folder + b"/metadata.db", of_it.keys()):
            folders[snapshotter, of_it[name]] = b"%b/snapshots/%d%b" % (folder, number, _FOLDERS[snapshotter])
    for one in kept:
        yield replace(one, folder=folders.get(one.snapshot, b""))


def _names_of_snapshots(
    namespace: _Namespace, wanted: Set[tuple[bytes, bytes]]
) -> Iterator[tuple[tuple[bytes, bytes], bytes]]:
    for snapshotter, held in namespace.items(b"snapshots"):
        for key, one in held.items() if isinstance(held, Bucket) else ():
            if (snapshotter, key) in wanted:
                yield (snapshotter, key), _plain(_row(one), b"name")


def _numbers(gathering: Gathering, path: bytes, wanted: Set[bytes]) -> Iterator[tuple[bytes, int]]:
    content = gathering.read(path, limit=DATABASE_BYTES)
    if content is not None:
        yield from _until_damaged(gathering, path, _numbers_in(content.data, wanted))


def _numbers_in(data: bytes, wanted: Set[bytes]) -> Iterator[tuple[bytes, int]]:
    try:
        held = BoltFile.read(data).bucket(_VERSION, b"snapshots")
    except KeyError:
        return
    for name, one in held.items():
        if name in wanted and (number := _varint(_plain(_row(one), b"id"), 0)[0]):
            yield name, number


def _until_damaged(gathering: Gathering, path: bytes, found: Iterable[T]) -> Iterator[T]:
    """Yield what can be read; that a database is damaged is lacking."""
    read = False
    try:
        for one in found:
            read = True
            yield one
    except BadBolt as error:
        gathering.lack(f"{as_text(path)} cannot be read{' to its end' if read else ''}: {error}")


def _first(
    gathering: Gathering, path: bytes, namespace: _Namespace, bucket: bytes, numbers: Iterator[int]
) -> Iterator[tuple[bytes, bytes | Bucket]]:
    """Yield what a bucket holds; of all namespaces together only the first."""
    for one, number in zip(_until_damaged(gathering, path, namespace.items(bucket)), numbers, strict=False):
        if number >= MOST:
            gathering.lack(f"only the first {MOST} {as_text(bucket)} in {as_text(path)} are given")
            return
        yield one


def _row(held: bytes | Bucket | None) -> dict[bytes, bytes | Bucket]:
    return dict(held.items()) if isinstance(held, Bucket) else {}


def _plain(row: Mapping[bytes, bytes | Bucket], name: bytes) -> bytes:
    value = row.get(name)
    return value if isinstance(value, bytes) else b""


def _moment(raw: bytes) -> datetime | None:
    """Read what Go's time.MarshalBinary writes: a version, seconds, nanoseconds, minutes from UTC."""
    if len(raw) < _MOMENT_BYTES or not any(raw[1:9]):  # the year 1 is Go's way of saying never
        return None
    seconds, nanoseconds = int.from_bytes(raw[1:9], "big", signed=True), int.from_bytes(raw[9:13], "big")
    return moment_ns((seconds - _YEARS_TO_1970) * 10**9 + nanoseconds)


def _object(gathering: Gathering, where: str, raw: bytes) -> Mapping[str, Value]:
    """Return an object of JSON that is packed as a protobuf's Any."""
    value = _value_of(raw)
    try:
        return mapping(parse_json(as_text(value))) if value else {}
    except BadJson as error:
        gathering.lack(f"{where} cannot be read: {error}")
        return {}


def _value_of(packed: bytes) -> bytes:
    """Return the value of a protobuf's Any: two fields, of which the first names the type of the second."""
    at = 0
    for _ in range(_MOST_FIELDS):
        tag, at = _varint(packed, at)
        size, at = _varint(packed, at)
        if tag & 7 != _LENGTH_DELIMITED:
            return b""
        if tag >> 3 == _VALUE_FIELD:
            return packed[at : at + size]
        at += size
    return b""


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, and where it ends."""
    value = 0
    for shift, byte in enumerate(raw[at : at + 10]):
        value |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return value, at + shift + 1
    return 0, len(raw)
