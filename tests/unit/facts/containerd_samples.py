"""What containerd 1.6.20 left (tests/data/README.md), as files of a system."""

import gzip
import json
from pathlib import Path

from tests.unit.facts.test_bolt import PAGE, bucket_at, leaf, meta
from tests.unit.facts.tree import Node

ROOT = "/var/lib/containerd"
META = f"{ROOT}/io.containerd.metadata.v1.bolt/meta.db"
SNAPSHOTS = f"{ROOT}/io.containerd.snapshotter.v1.native"
NGINX = "027727746d8bac3cb08185fbf1dc24ed9bacb58102b7be852972ae23fb18844b"
INIT = "cdc2d31720a7d674d3c4834243e33f2cf3ae39bd99c3e074801a39be2ebdbf09"
AGENT = "b98cc281df9aaeb9e0d15842e81acacb75fa5a318abdf498c4d2574dd48928c8"
STATES = {
    NGINX: '{"Version":"v1","Pid":29265,"CreatedAt":1795909171569752754,"StartedAt":1795909171611769066,'
    '"FinishedAt":0,"ExitCode":0,"Reason":"","Message":"","Resources":{"linux":{}}}',
    AGENT: '{"Version":"v1","Pid":0,"CreatedAt":1795909171743906216,"StartedAt":0,"FinishedAt":0,"ExitCode":0}',
    INIT: '{"Version":"v1","Pid":0,"CreatedAt":1795909171618128958,"StartedAt":1795909171671070642,'
    '"FinishedAt":1795909171673365821,"ExitCode":7,"Reason":"","Message":""}',
}


def unpacked(name: str) -> bytes:
    folder = Path(__file__).parents[2] / "data"
    return gzip.decompress((folder / f"containerd-1.6.20-{name}.db.gz").read_bytes())


def packed(value: object) -> bytes:
    """Return JSON as a protobuf's Any has it, in few bytes."""
    raw = json.dumps(value).encode()
    size = len(raw)
    return b"\x0a\x01t\x12" + (bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])) + raw


def database(namespaces: dict[str, dict[str, dict[bytes, bytes]]]) -> bytes:
    """Lay out a meta.db: rows of containers by their namespaces and ids."""
    pages: list[bytes] = [bytes(PAGE)]

    def page(rows: dict[bytes, bytes], *, buckets: bool) -> bytes:
        number = len(pages) + 2
        size = sum(16 + len(key) + len(value) for key, value in rows.items()) + 16
        needed = -(-size // PAGE)
        made = leaf(number, rows, buckets=frozenset(rows) if buckets else frozenset(), pages=needed)
        pages.extend(made[at : at + PAGE] for at in range(0, len(made), PAGE))
        return bucket_at(number)

    found = {}
    for namespace, containers in namespaces.items():
        each = {name.encode(): page(row, buckets=False) for name, row in containers.items()}
        found[namespace.encode()] = page({b"containers": page(each, buckets=True)}, buckets=True)
    root = page({b"v1": page(found, buckets=True)}, buckets=True)
    number = int.from_bytes(root[:8], "little")
    return b"".join([meta(0, root=number, txid=2), meta(1, root=number, txid=1), *pages])


def containerd_files(*, meta: bytes | None = None, states: dict[str, str] = STATES) -> dict[str, Node]:
    """Return the files of one that was cut off while a container ran."""
    folder = f"{ROOT}/io.containerd.grpc.v1.cri/containers"
    return {
        META: unpacked("meta") if meta is None else meta,
        f"{SNAPSHOTS}/metadata.db": unpacked("native-metadata"),
        **{f"{folder}/{one}/status": state for one, state in states.items()},
    }
