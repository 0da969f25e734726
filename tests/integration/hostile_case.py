"""What a hostile image is in the tests, and how one is made."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SECRET = b"what only the host may know; " * 4096
READ, REFUSED, UNSAFE, DIFFERS, NO_LOOK, NEEDS_KEY, NO_ACCESS = 0, 51, 52, 60, 70, 71, 83
FAILED = 43

Maker = Callable[[Path, Path], Path]


@dataclass(frozen=True, kw_only=True)
class Case:
    """`make` gets an empty folder and the secret, and returns the image. `by_qemu` is how reading through QEMU may end.

    `folder` stands in `words` for the case's own.
    """

    name: str
    make: Maker
    info: int
    read: int
    by_qemu: frozenset[int]
    is_brief: bool = False
    """Refused as many others are: few commands show it."""
    words: tuple[str, ...] = ()


def case(
    name: str, make: Maker, info: int, read: int | None = None, *words: str, by_qemu: tuple[int, ...] = ()
) -> Case:
    ends = info if read is None else read
    return Case(name=name, make=make, info=info, read=ends, by_qemu=frozenset(by_qemu or (ends,)), words=words)


def file(content: bytes | Callable[[Path], bytes], name: str = "disk.img") -> Maker:
    """Make one file; its content may depend on where the secret lies."""

    def make(folder: Path, secret: Path) -> Path:
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content(secret))
        return path

    return make


def by_qemu(*commands: str) -> Maker:
    """Make `disk.img` with qemu-img; {secret} is where the secret lies, which qemu-img may have written over."""

    def make(folder: Path, secret: Path) -> Path:
        for command in commands:
            words = [word.format(secret=secret, folder=folder) for word in command.split()]
            subprocess.run(["qemu-img", *words], check=True, stdout=subprocess.DEVNULL, cwd=folder)
        secret.write_bytes(SECRET)
        return folder / "disk.img"

    return make
