import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.unit.facts.containerd_samples import (
    AGENT,
    INIT,
    META,
    ROOT,
    SNAPSHOTS,
    containerd_files,
    database,
    packed,
    unpacked,
)
from tests.unit.facts.tree import Shut, guest_with

from imgkit.facts import containerd_store
from imgkit.facts.containerd_store import read_asked, read_images, read_kept
from imgkit.facts.gathering import Gathering

FOLDER = ROOT.encode()


def test_the_containers_of_all_namespaces_are_read_with_the_folders_of_their_files():
    look = Gathering(guest_with(containerd_files()))
    found = {one.id[:12]: one for one in read_kept(look, FOLDER)}
    assert [(one.namespace, one.is_sandbox) for one in found.values()].count(("k8s.io", True)) == 2
    assert {one.namespace for one in found.values()} == {"default", "k8s.io"}
    wide, init = found["wide"], found[INIT[:12]]
    assert (wide.image, wide.labels["a"]) == ("registry.example/tools/sleeper:1", "b")
    assert wide.created == datetime(2026, 11, 28, 23, 39, 31, 788766, tzinfo=UTC)
    assert wide.folder == f"{SNAPSHOTS}/snapshots/8".encode()
    asked = read_asked(look, FOLDER, wide)
    assert (asked.metadata, asked.spec.command) == ({}, "/bin/sleep 9")
    assert read_asked(look, FOLDER, init).metadata["Name"] == "init_web-0_shop_u-web-0_0"
    assert init.folder == f"{SNAPSHOTS}/snapshots/5".encode()


def test_images_are_read_with_all_their_names():
    found = list(read_images(Gathering(guest_with(containerd_files())), FOLDER))
    named = [(one.namespace, one.name) for one in found if not one.name.startswith("sha256:")]
    assert named == [
        ("default", "registry.example/tools/sleeper:1"),
        ("k8s.io", "registry.example/k8s/pause:3"),
        ("k8s.io", "registry.example/tools/sleeper:1"),
    ]
    assert len({one.digest for one in found}) == 2


def test_without_the_snapshotters_database_the_folders_alone_are_missing():
    files = containerd_files()
    del files[f"{SNAPSHOTS}/metadata.db"]
    look = Gathering(guest_with(files))
    assert [one.folder for one in read_kept(look, FOLDER)] == [b""] * 7
    assert not look.fact((1,), nothing="").partial


def test_nothing_is_there_and_nothing_can_be_read_are_two_things():
    look = Gathering(guest_with({}))
    assert list(read_kept(look, FOLDER)) == []
    assert not look.fact((1,), nothing="").partial
    look = Gathering(guest_with({META: Shut("torn")}))
    assert list(read_kept(look, FOLDER)) == []
    assert look.fact((1,), nothing="").partial


def test_a_damaged_database_says_so():
    look = Gathering(guest_with(containerd_files(meta=b"x" * 4096)))
    assert list(read_kept(look, FOLDER)) == []
    assert look.fact((1,), nothing="").notes == (f"{META} cannot be read: it has no first page that is whole",)


def test_what_is_left_out_is_said(monkeypatch):
    monkeypatch.setattr(containerd_store, "MOST", 3)
    look = Gathering(guest_with(containerd_files()))
    assert len(list(read_kept(look, FOLDER))) == 3, "of all namespaces together"
    assert look.fact((1,), nothing="").notes == (f"only the first 3 containers in {META} are given",)


def test_namespaces_that_are_left_out_are_said(monkeypatch):
    monkeypatch.setattr(containerd_store, "MOST", 1)
    look = Gathering(guest_with({META: database({"a": {"one": {}}, "b": {"two": {}}})}))
    assert [one.id for one in read_kept(look, FOLDER)] == ["one"]
    assert look.fact((1,), nothing="").notes == (f"only the first 1 namespaces in {META} are given",)


def test_of_a_snapshotter_that_has_no_folders_none_is_told():
    row = {b"snapshotter": b"devmapper", b"snapshotKey": b"a", b"spec": packed({"process": {"args": ["x"]}})}
    look = Gathering(guest_with({META: database({"default": {"a": row}})}))
    (found,) = read_kept(look, FOLDER)
    assert (found.folder, read_asked(look, FOLDER, found).spec.command) == (b"", "x")


@pytest.mark.parametrize("raw", [b"\x0a\x00" * 5_000_000, b"\x08\x01\x12\x02{}", b"\x12\xff", b"\xff" * 40])
def test_what_is_no_any_holds_nothing_and_ends_at_once(raw):
    (found,) = read_kept(Gathering(guest_with({META: database({"default": {"a": {b"spec": b"x"}}})})), FOLDER)
    asked = read_asked(Gathering(guest_with({})), FOLDER, replace(found, packed_spec=raw))
    assert asked.spec.kept == {}


@pytest.mark.parametrize("name", ["meta", "native-metadata"])
def test_nothing_in_a_damaged_database_is_fatal_or_has_no_end(name):
    chance = random.Random(name)
    whole = unpacked(name)
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(chance.choice([3, 30, 300])):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        files = containerd_files()
        files[META if name == "meta" else f"{SNAPSHOTS}/metadata.db"] = bytes(damaged)
        look = Gathering(guest_with(files))
        for one in read_kept(look, FOLDER):
            read_asked(look, FOLDER, one)
        list(read_images(look, FOLDER))


def test_one_damaged_container_leaves_the_others():
    data = bytearray(unpacked("meta"))
    at = data.find(b'"/bin/sleep","77"')
    while at > 0:
        page = next(one for one in range(at // 4096, 0, -1) if data[one * 4096 :][:8] == one.to_bytes(8, "little"))
        data[page * 4096 : page * 4096 + 8] = b"\xff" * 8
        at = data.find(b'"/bin/sleep","77"', at + 1)
    look = Gathering(guest_with(containerd_files(meta=bytes(data))))
    found = {one.id for one in read_kept(look, FOLDER)}
    assert (len(found), AGENT in found, INIT in found) == (6, False, True)
    assert f"{META} cannot be read: page " in look.fact((1,), nothing="").notes[0]
