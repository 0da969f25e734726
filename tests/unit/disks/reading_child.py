"""A machine of two small disks whose reading child is no process."""

import struct
from collections.abc import Callable
from pathlib import Path

from tests.unit.disks.native.ext_image import ExtImage
from tests.unit.disks.native.test_survey import root

from imgkit.disks.machine_native import NativeMachine
from imgkit.disks.native.client import Absent, ReadingStopped
from imgkit.disks.native.wire import What
from imgkit.disks.native.worker import Worker
from imgkit.errors import NoSuchPathInside
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.model.role import DiskRole


class FakeChild:
    """Answers as the child does, from this process; `die` makes it end at the next question of that kind."""

    def __init__(self) -> None:
        self.prepare: Callable[[FakeChild], None] = lambda child: None
        self.generation = 0
        self.worker: Worker | None = None
        self.die: set[What] = set()
        self.asked: list[What] = []
        self.may_go_ahead = True
        self.goes_ahead = False
        self.failures = 0
        self.lacking: tuple[bytes, frozenset[bytes]] | None = None

    def ready(self) -> None:
        if self.worker is None:
            self.worker = Worker()
            self.generation += 1
            self.prepare(self)

    def ask(self, what: What, payload: bytes, *, tree: int = 0, offset: int = 0, count: int = 0) -> list[bytes]:
        self.ready()
        assert self.worker is not None
        self.asked.append(what)
        if what in self.die:
            self.die.discard(what)
            self.failures += 1
            self.close()
            raise ReadingStopped("the process that read it was ended: it crashed", [b"system"])
        try:
            return list(self.worker.answer([what, tree, offset, count], payload))
        except NoSuchPathInside as error:
            raise Absent(error.message, self.lacking) from error

    def expect(self, *_: object, **__: int) -> None:
        return

    def go_ahead(self, tree: int) -> bool:
        if self.may_go_ahead:
            self.ask(What.WALK, b"", tree=tree)
            self.goes_ahead = True
        return self.may_go_ahead

    def close(self) -> None:
        if self.worker is not None:
            self.worker.close()
        self.worker = None
        self.goes_ahead = False


def machine_with(child: FakeChild, folder: Path) -> NativeMachine:
    """A system with `/etc/os-release` and the empty `/data`, and xvdb with the files `file` and `with`."""
    data = ExtImage()
    data.file(12, b"x" * (3 * 1024))
    attribute = (b"\x00\x00\x02\xea" + struct.pack("<BBHIII", 1, 1, 40, 0, 2, 0) + b"a").ljust(44, b"\0") + b"in"
    data.inode(15, 0o100600, attributes=attribute)
    data.folder(2, {b"file": 12, b"with": 15})
    disks = {}
    image = root()
    image.folder(14, {})
    image.folder(2, {b"etc": 13, b"data": 14})
    for name, content in (("system", image.content), ("xvdb", data.content)):
        path = folder / f"{name}.raw"
        path.write_bytes(content)
        disks[name] = DiskImage(path=path, format=DiskFormat.RAW, role=DiskRole.parse(name))
    made = NativeMachine(disks, child=child)  # type: ignore[arg-type]
    child.prepare = made._open  # type: ignore[assignment]
    return made
