import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgkit.facts.cpio import Listing, list_names


def member(name: str, data: bytes = b"") -> bytes:
    raw = name.encode() + b"\0"
    fields = [0, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0]
    head = b"070701" + b"".join(b"%08X" % one for one in fields) + raw
    head += bytes(-len(head) % 4)
    return head + data + bytes(-len(data) % 4)


def cpio(*names: str) -> bytes:
    return b"".join(member(name, b"x" * 5) for name in names) + member("TRAILER!!!")


def listed(data: bytes) -> tuple[list[bytes], Listing]:
    names: list[bytes] = []
    return names, list_names(iter([data]), names.append, most=10**9)


def test_an_archive_alone_is_listed():
    names, found = listed(cpio("init", "lib/modules/virtio_blk.ko"))
    assert names == [b"init", b"lib/modules/virtio_blk.ko"]
    assert (found.files, found.compression, found.trouble) == (2, "", "")


def test_early_microcode_and_the_packed_rest_are_listed():
    data = cpio("kernel/x86/microcode/GenuineIntel.bin") + bytes(1000) + gzip.compress(cpio("init", "x.ko.xz"))
    names, found = listed(data)
    assert names == [b"kernel/x86/microcode/GenuineIntel.bin", b"init", b"x.ko.xz"]
    assert (found.files, found.compression, found.early, found.trouble) == (3, "gzip", True, "")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (cpio("a")[:120], "too early"),
        (b"garbage", "not known"),
        (cpio("a")[:54] + b"zz" + cpio("a")[56:], "damaged"),
        (gzip.compress(cpio("a"))[:-20], "too early"),
        (gzip.compress(gzip.compress(gzip.compress(cpio("a")))), "not known"),
        (cpio("a") * 20, "more than 16"),
        (cpio("n" * 5000), "too long"),
    ],
)
def test_what_cannot_be_read_is_said(data, words):
    assert words in listed(data)[1].trouble


def test_nothing_is_an_empty_listing():
    assert listed(bytes(100)) == ([], Listing())


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=10))
def test_any_damage_is_borne(changes):
    data = bytearray(cpio("init", "lib/x.ko"))
    for at, value in changes:
        data[at % len(data)] = value
    listed(bytes(data))
