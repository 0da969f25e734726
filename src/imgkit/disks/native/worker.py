"""The child that reads disks: a process of its own with limits, which answers what its parent asks over two pipes.

What it reads was made by strangers. Whatever happens to it, its parent goes on: a crash, a hang or too much memory ends
this process, and the parent says so and starts another.
"""

import gc
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from imgkit.disks.guest_view import open_guest_view
from imgkit.disks.native.ahead import Ahead
from imgkit.disks.native.limits import allow_processor_time, set_limits
from imgkit.disks.native.nouns import to_plain
from imgkit.disks.native.reader import BROKEN, PART_BYTES, reason_of
from imgkit.disks.native.requests import Requests
from imgkit.disks.native.survey import Survey
from imgkit.disks.native.tree import Tree
from imgkit.disks.native.volume import Bytes
from imgkit.disks.native.wire import (
    ABOUT_ONE_PATH,
    ANSWER,
    MOST_STRETCHES,
    State,
    What,
    encode_absence,
    encode_entries,
    encode_in_frames,
    encode_pairs,
    encode_stretches,
)
from imgkit.errors import CannotLookInside, NeedsKey, NoSuchPathInside
from imgkit.files.closing import Closing
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.model.role import DiskRole
from imgkit.units import KiB

SMALL_BYTES = 64 * KiB
MOST_AT_ONCE_BYTES = 512 * KiB
_MESSAGE_BYTES = 2000


class Worker(Closing):
    """Answers requests; opened disks, the survey and trees are kept between them."""

    def __init__(self) -> None:
        self._survey = Survey(disks={})
        self._trees: list[Tree] = []
        self._walk: Ahead | None = None
        self._walk_of = 0
        self._opened = ExitStack()

    def close(self) -> None:
        self._opened.close()

    @property
    def has_gone_ahead(self) -> bool:
        """Whether some of the memory may be taken by what nobody has asked for."""
        return self._walk is not None

    def go_ahead(self) -> bool:
        """List one more folder of the walk that was told of; return whether there was one to list."""
        if self._walk is None or not self._walk.has_work:
            return False
        self._walk.step()
        return True

    def answer(self, numbers: list[int], payload: bytes) -> Iterator[bytes]:
        """Yield the frames' payloads. Raises IndexError for a tree that was never made."""
        what, number, offset, count = numbers
        match what:
            case What.OPEN:
                yield self._open(json.loads(payload))
            case What.SURVEY:
                yield from self._look(json.loads(payload))
            case What.TREE:
                yield self._tree(json.loads(payload))
            case What.WALK:
                self._walk, self._walk_of = Ahead(self._trees[number]), number
            case What.WALKED:
                yield from encode_in_frames(self._walked(number))
            case _:
                yield from _from_tree(self._trees[number], what, payload, offset, count)

    def lacking(self, numbers: Sequence[int], path: bytes) -> tuple[bytes, Sequence[bytes]] | None:
        """Return which folder lacks what a question's path needs, and what it has; None where nobody can say."""
        what, number, _, _ = numbers
        with suppress(Exception):  # it only saves questions, and the one that was asked has its answer
            return self._trees[number].lacking(path) if what in ABOUT_ONE_PATH else None
        return None

    def _walked(self, tree: int) -> Iterator[tuple[bytes, bytes]]:
        """Yield what was listed of this tree; it may be another one that is walked over by now."""
        if self._walk is not None and self._walk_of == tree:
            yield from self._walk.take()

    def _open(self, disks: Mapping[str, Mapping[str, str]]) -> bytes:
        self._survey = Survey(disks={DiskRole.parse(role): self._view(disk) for role, disk in disks.items()})
        return b""

    def _view(self, disk: Mapping[str, str]) -> Bytes:
        view = open_guest_view(_image(disk))
        self._opened.callback(view.close)
        return view

    def _look(self, skip: Mapping[str, str]) -> Iterator[bytes]:
        """Say which file system is opened next, for a parent that has to know which one was too much; then all."""
        for place in self._survey.steps(skip):
            yield place.encode("utf-8")
        yield _json(
            {
                "storage": to_plain(self._survey.storage()),
                "os_places": self._survey.os_places,
                "readable": list(self._survey.readers),
            }
        )

    def _tree(self, plan: list[list[str]]) -> bytes:
        """Put a tree together; the answer is why each further mount failed, empty where it did not."""
        readers = self._survey.readers
        order = list(readers)
        for place, _ in plan:
            if place not in readers:
                raise CannotLookInside(f"the file system {place} could not be opened")
        tree = Tree(order.index(plan[0][0]), dict(enumerate(readers.values())))
        failed = ["", *(_mounted(tree, order.index(place), bytes.fromhex(folder)) for place, folder in plan[1:])]
        self._trees.append(tree)
        return _json({"tree": len(self._trees) - 1, "failed": failed})


def _image(disk: Mapping[str, str]) -> DiskImage:
    return DiskImage(path=Path(os.fsdecode(bytes.fromhex(disk["path"]))), format=DiskFormat(disk["format"]))


def _from_tree(tree: Tree, what: int, payload: bytes, offset: int, count: int) -> Iterator[bytes]:
    match what:
        case What.STAT:
            yield from encode_entries([tree.stat(payload)])
        case What.LIST:
            yield from encode_entries(tree.list_folder(payload))
        case What.READ:
            size, parts = tree.read(payload, offset, min(count, PART_BYTES))
            yield size.to_bytes(8, "little") + b"".join(parts)
        case What.READ_SMALL:
            yield from encode_in_frames(small_files(tree, payload.split(b"\0")))
        case What.LINK:
            yield tree.read_link(payload)
        case What.STORED:
            yield encode_stretches(islice(tree.stored(payload), min(count, MOST_STRETCHES)))
        case What.XATTRS:
            yield encode_pairs(tree.xattrs(payload).items())
        case What.ONE_XATTR:
            yield from _one_xattr(tree, *payload.split(b"\0"))
        case _:
            raise CannotLookInside(f"nobody knows what request {what} means")


def small_files(tree: Tree, paths: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the small ones of these files, whole; whoever asks for one that is missing is told why."""
    left = MOST_AT_ONCE_BYTES
    for path in paths:
        if left <= 0:
            return
        with suppress(*BROKEN):
            size, parts = tree.read(path, 0, SMALL_BYTES)
            content = b"".join(parts)
            if len(content) == size:
                left -= size
                yield path, content


def _one_xattr(tree: Tree, folder: bytes, attribute: bytes = b"", *names: bytes) -> Iterator[bytes]:
    """Yield the names that have an attribute, with its values; a frame for each, because a value may be large."""
    for name in names:
        value = tree.xattrs(folder + name).get(attribute)
        if value is not None:
            yield encode_pairs([(name, value)])


def _mounted(tree: Tree, number: int, folder: bytes) -> str:
    try:
        tree.mount(number, folder)
    except (CannotLookInside, NoSuchPathInside) as error:
        return error.message
    return ""


def _json(plain: object) -> bytes:
    return json.dumps(plain).encode("ascii")


def serve(requests: Requests, answers: BinaryIO) -> None:
    """Answer until the other side is gone; while it asks nothing, work ahead where it wants that."""
    with Worker() as worker:
        for numbers, payload in requests:
            allow_processor_time()
            for state, frame in _frames(worker, numbers, payload):
                answers.write(ANSWER.pack(state, len(frame)) + frame)
                if numbers[0] == What.SURVEY:
                    answers.flush()
            answers.flush()
            while requests.none_waits() and worker.go_ahead():
                allow_processor_time()


def _frames(worker: Worker, numbers: list[int], payload: bytes) -> Iterator[tuple[State, bytes]]:
    """Yield the frames of one answer; the last one is empty, or an error's words."""
    try:
        for frame in worker.answer(numbers, payload):
            yield State.MORE, frame
    except NoSuchPathInside as error:
        yield State.ABSENT, encode_absence(_message(error.message), worker.lacking(numbers, payload))
    except NeedsKey as error:
        yield State.NEEDS_KEY, _message(error.message)
    except MemoryError as error:
        if worker.has_gone_ahead:
            raise  # a new child, which does not work ahead, may well have room for it
        yield State.CANNOT, _message(reason_of(error))
    except Exception as error:  # noqa: BLE001  # whatever a hostile disk brought about, the next question is answered
        yield State.CANNOT, _message(reason_of(error))
    else:
        yield State.DONE, b""


def _message(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")[:_MESSAGE_BYTES]


def main() -> None:
    """Take the pipes, then the limits; what a library prints goes to standard error, and FAT's times are UTC."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    set_limits()
    gc.freeze()  # what was loaded stays; looking through it for waste at every ten thousand entries finds none
    serve(Requests(0), answers)


if __name__ == "__main__":
    main()
