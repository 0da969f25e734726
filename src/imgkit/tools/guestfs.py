"""libguestfs through its worker: starting it, asking it, and telling a refusal from a dead or hanging appliance."""

import base64
import json
import logging
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from imgkit.errors import ToolFailed, ToolMissing
from imgkit.process import Running, Word, find_program, run, start
from imgkit.units import MiB

log = logging.getLogger(__name__)

WORKER = Path(__file__).with_name("guestfs_worker.py")
CALL_TIMEOUT_SECONDS = 600.0
START_TIMEOUT_SECONDS = 60.0
NEWEST_PYTHON, OLDEST_PYTHON = 15, 9
BINDING_PACKAGES = "Debian, Ubuntu: python3-guestfs; Fedora, RHEL: python3-libguestfs; Arch: libguestfs"

Sweep = Literal["stat", "links", "sha256", "xattrs"]
Json = Any  # what json.loads gives; it ends in the typed functions of the callers


class GuestfsRefused(Exception):
    """libguestfs refused one call, and can be asked others. `number` is the appliance's errno, 0 where it gave none."""

    def __init__(self, message: str, number: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.number = number


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStat:
    """What one entry of a guest's file system is."""

    mode: int
    size: int
    uid: int
    gid: int
    inode: int
    links: int
    device: int
    modified_ns: int
    accessed_ns: int
    changed_ns: int


class GuestfsWorker:
    """A worker at work. Every method raises GuestfsRefused for its own failure, ToolFailed when the worker is gone."""

    def __init__(
        self, running: Running, *, scratch: Path = Path(), timeout_seconds: float = CALL_TIMEOUT_SECONDS
    ) -> None:
        self.scratch = scratch
        self._running = running
        self._timeout_seconds = timeout_seconds
        self._number = 0
        self._waiting = b""

    @property
    def log_tail(self) -> str:
        """The end of what libguestfs and its appliance have logged."""
        return self._running.stderr_tail

    def settings(self, *, emulate: bool, cache_folder: Path | None = None, verbose: bool = False) -> Path:
        """Choose software emulation, the cache's folder and how much is logged; return the folder of the cache."""
        answer = self._ask(
            "settings", emulate=emulate, cache=str(cache_folder) if cache_folder else "", verbose=verbose
        )
        return Path(answer["cache"])

    def give_memory(self, mebibytes: int) -> None:
        """Say how much memory the appliance will have."""
        self._ask("memory", mebibytes=mebibytes)

    def shell(self, line: str) -> str:
        """Run a line in the appliance's shell, in a worker that was started for writing."""
        said: str = self._ask("shell", line=line)
        return said

    def true_devices(self) -> list[str]:
        """Return what the appliance's kernel calls the drives, in the order of adding, for lines of its shell.

        Names that go through libguestfs' own functions are translated by it: its `/dev/sda` is always the first drive.
        """
        names: list[str] = self._ask("true_devices")
        return names

    def add_overlay(self, path: Path) -> None:
        """Add a qcow2 overlay that lies in `scratch`: what the appliance writes ends there."""
        self._ask("add", path=str(path), format="qcow2")

    def add_writable(self, path: Path) -> None:
        """Add a raw disk to be written to, in a worker that was started for that."""
        self._ask("add", path=str(path.absolute()), format="raw")

    def launch(self, *, timeout_seconds: float) -> None:
        """Start the appliance; libguestfs itself would wait for ever."""
        self._ask("launch", timeout_seconds=timeout_seconds)

    def call(self, name: str, *args: Json, timeout_seconds: float | None = None, **options: Json) -> Json:
        """Call a function of the binding that is on the worker's list."""
        return _plain(self._ask("call", timeout_seconds=timeout_seconds, name=name, args=args, options=options))

    def text(self, name: str, *words: bytes) -> bytes:
        """Call one of the functions that take and give bytes: checksum, readlink, realpath, vfs_label …"""
        return base64.b64decode(self._ask("text", name=name, words=[_b64(word) for word in words]))

    def mount(self, what: str, folder: bytes, *, options: str) -> None:
        """Mount inside the appliance; this machine's kernel has no part in it."""
        self._ask("mount", what=what, folder=_b64(folder), options=options)

    def stat(self, path: bytes, *, follow: bool = False) -> FileStat:
        return _file_stat(self._ask("stat", path=_b64(path), follow=follow))

    def list_folder(self, path: bytes) -> list[tuple[bytes, FileStat | None]]:
        """Return names and what they are, unsorted; None where the file system could not say."""
        rows: list[tuple[bytes, FileStat | None]] = []
        for part in self._answers("list", self._timeout_seconds, {"path": _b64(path)}):
            for name, numbers in part or ():
                rows.append((base64.b64decode(name), None if numbers is None else _file_stat(numbers)))
        return rows

    def xattrs(self, path: bytes) -> dict[bytes, bytes]:
        """Return the extended attributes, of a link itself."""
        return _pairs(self._ask("xattrs", path=_b64(path)))

    def xattrs_each(self, folder: bytes, names: Sequence[bytes]) -> list[dict[bytes, bytes] | None]:
        """Return the extended attributes of entries of one folder, in their order; None for what cannot be asked."""
        words = {"folder": _b64(folder), "names": [_b64(name) for name in names]}
        parts = self._answers("xattrs_each", self._timeout_seconds, words)
        return [None if row is None else _pairs(row) for part in parts for row in part or ()]

    def sweep(self, kind: Sweep) -> Iterator[bytes]:
        """Yield what one program of the appliance says of the whole mounted tree: records that end with NUL or LF."""
        unzip = zlib.decompressobj(wbits=31)
        for part in self._answers("sweep", self._timeout_seconds, {"kind": kind}):
            block = base64.b64decode(part[0]) if part else b""
            while block:
                yield unzip.decompress(block, MiB)
                block = unzip.unconsumed_tail

    def open_encrypted(self, device: str, key: bytes, name: str) -> None:
        """Open an encrypted volume as /dev/mapper/`name`, with the LVM inside it."""
        self._ask("open_encrypted", device=device, key=_b64(key), name=name)

    def find_pools(self, devices: Sequence[str]) -> Json:
        """Import the pools of ZFS on these devices; `driver` says by what, or what the appliance lacks for it."""
        return self._ask("zfs", devices=list(devices))

    def open_dataset(self, dataset: str, key: bytes) -> None:
        """Load the key of an encrypted data set of ZFS."""
        self._ask("open_dataset", dataset=dataset, key=_b64(key))

    def read_parts(self, path: bytes, *, limit: int) -> Iterator[bytes]:
        """Yield the first `limit` bytes of a regular file in pieces of at most 1 MiB; anything else is refused."""
        yield from self.read_from(path, 0, limit=limit)

    def read_from(self, path: bytes, offset: int, *, limit: int) -> Iterator[bytes]:
        """Yield what `read_parts` yields, from an offset on."""
        done, end = offset, offset + limit
        while done < end:
            answer = self._ask("read", path=_b64(path), offset=done, count=end - done)
            block = base64.b64decode(answer["data"])
            done += len(block)
            if block:
                yield block
            if not block or done >= answer["size"]:
                return

    def stored(self, path: bytes, *, most: int) -> list[tuple[int, int]]:
        """Return the first stretches of a regular file, offset and length, that are more than holes."""
        return [(offset, length) for offset, length in self._ask("stored", path=_b64(path), most=most)]

    def await_start(self) -> None:
        """Take the worker's first line. Raises ToolMissing when this interpreter lacks the binding."""
        try:
            self._answer(0, START_TIMEOUT_SECONDS)
        except GuestfsRefused as error:
            raise ToolMissing(
                f"this Python has no binding of libguestfs: {error.message}", hint=f"Install it ({BINDING_PACKAGES})."
            ) from error

    def _ask(self, do: str, *, timeout_seconds: float | None = None, **words: Json) -> Json:
        return self._answers(do, timeout_seconds or self._timeout_seconds, words)[-1]

    def _answers(self, do: str, timeout_seconds: float, words: Mapping[str, Json]) -> list[Json]:
        """Send a request and return the parts of its answer, the last of them its result."""
        self._number += 1
        self._send({"id": self._number, "do": do, **words})
        parts: list[Json] = []
        while True:
            answer = self._answer(self._number, timeout_seconds)
            if "ok" in answer:
                return [*parts, answer["ok"]]
            parts.append(answer["more"])

    def _send(self, request: Mapping[str, Json]) -> None:
        try:
            self._running.stdin.write(json.dumps(request).encode() + b"\n")
            self._running.stdin.flush()
        except OSError as error:
            raise self._gone() from error

    def _answer(self, number: int, timeout_seconds: float) -> dict[str, Json]:
        """Take lines up to one that answers this request; older ones belong to a call that was interrupted."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            try:
                answer = json.loads(self._line(deadline, timeout_seconds))
            except ValueError as error:
                raise self._gone() from error
            if answer["id"] != number:
                continue
            if "error" in answer:
                raise GuestfsRefused(answer["error"]["message"], answer["error"]["errno"])
            return cast("dict[str, Json]", answer)

    def _line(self, deadline: float, timeout_seconds: float) -> bytes:
        pieces = [self._waiting]
        while b"\n" not in pieces[-1]:
            block = self._block(deadline, timeout_seconds)
            if not block:
                raise self._gone()
            pieces.append(block)
        line, _, self._waiting = b"".join(pieces).partition(b"\n")
        return line

    def _block(self, deadline: float, timeout_seconds: float) -> bytes:
        handle = self._running.stdout.fileno()
        ready, _, _ = select.select([handle], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            self._running.stop()
            log.debug("libguestfs said: %s", self.log_tail)
            raise ToolFailed(
                f"libguestfs gave no answer within {timeout_seconds:g} s and was ended",
                hint="Try again, or read the disks with the other engine: --engine native. See --log-file.",
                stderr_tail=self.log_tail,
            )
        return os.read(handle, 256 * 1024)

    def _gone(self) -> ToolFailed:
        try:
            returncode = self._running.wait(timeout_seconds=5)
        except TimeoutError:
            returncode = 0
        log.debug("libguestfs said: %s", self.log_tail)
        return ToolFailed(
            f"the libguestfs worker ended unexpectedly ({_describe_end(returncode)})",
            hint="The log (--log-file) has the end of its own log. Memory is a common cause: it needs 1.5 GB free.",
            returncode=returncode,
            stderr_tail=self.log_tail,
        )


@contextmanager
def start_worker(
    interpreter: Path,
    *,
    worker: Path = WORKER,
    writable: bool = False,
    scratch: Path | None = None,
    timeout_seconds: float = CALL_TIMEOUT_SECONDS,
) -> Iterator[GuestfsWorker]:
    """Start a worker under `interpreter`; leaving the block ends it, its appliance, and what they kept in `scratch`."""
    folder = tempfile.mkdtemp(prefix="imgkit-guestfs-", dir=scratch)
    argv: list[Word] = [interpreter, "-I", "-B", worker, folder, *(["--writable"] if writable else [])]
    try:
        with start(argv, stdin=subprocess.PIPE) as running:
            client = GuestfsWorker(running, scratch=Path(folder), timeout_seconds=timeout_seconds)
            try:
                client.await_start()
                yield client
            finally:
                _end(running)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_interpreter(chosen: Path | None = None) -> Path:
    """Return the first Python that can import guestfs. Raises ToolMissing, naming those that were asked."""
    asked = [chosen] if chosen else list(interpreters())
    for interpreter in asked:
        if binding_version(interpreter):
            return interpreter
    names = ", ".join(str(path) for path in asked)
    raise ToolMissing(
        f"libguestfs' Python binding is not installed for any of: {names}",
        hint=f"Install it ({BINDING_PACKAGES}), or name the Python that has it with --guestfs-python. "
        "See what else is missing with: imgkit doctor",
    )


def interpreters() -> Iterator[Path]:
    """Yield the Pythons worth asking: this one, the distribution's, then any on the PATH."""
    names = ["python3", *(f"python3.{minor}" for minor in range(NEWEST_PYTHON, OLDEST_PYTHON - 1, -1))]
    found = [Path(sys.executable), Path("/usr/bin/python3"), *(find_program(name) for name in names)]
    seen: set[Path] = set()
    for path in found:
        if path and path not in seen and path.exists():
            seen.add(path)
            yield path


def binding_version(interpreter: Path) -> str:
    """Return the version of libguestfs that this Python can import, empty when it cannot."""
    script = "import guestfs; v = guestfs.GuestFS(python_return_dict=True).version(); print(*list(v.values())[:3])"
    try:
        done = run([interpreter, "-I", "-B", "-c", script], timeout_seconds=START_TIMEOUT_SECONDS)
    except (ToolMissing, ToolFailed, OSError):
        return ""
    return ".".join(done.stdout.decode("ascii", "replace").split())


def _end(running: Running) -> None:
    """Let the worker close its handle, whatever happened: with no more requests it ends by itself and tidies up."""
    if running.poll() is not None:
        return
    try:
        running.stdin.close()
        running.wait(timeout_seconds=10)
    except (OSError, TimeoutError):
        running.stop()


def _file_stat(numbers: Sequence[int]) -> FileStat:
    mode, size, uid, gid, inode, links, device, *times = numbers
    modified, accessed, changed = (times[at] * 1_000_000_000 + times[at + 1] for at in (0, 2, 4))
    return FileStat(
        mode=mode,
        size=size,
        uid=uid,
        gid=gid,
        inode=inode,
        links=links,
        device=device,
        modified_ns=modified,
        accessed_ns=accessed,
        changed_ns=changed,
    )


def _plain(value: Json) -> Json:
    """Turn `{"b64": …}` of an answer back into bytes."""
    if isinstance(value, dict) and set(value) == {"b64"}:
        return base64.b64decode(value["b64"])
    return value


def _pairs(rows: Sequence[tuple[str, str]]) -> dict[bytes, bytes]:
    return {base64.b64decode(name): base64.b64decode(value) for name, value in rows}


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _describe_end(returncode: int) -> str:
    return f"signal {-returncode}" if returncode < 0 else f"exit code {returncode}"
