"""The one process that speaks to libguestfs: JSON lines in, JSON lines out, under the distribution's own Python.

The binding is not on PyPI and exists for the distribution's interpreter alone; so this file is run by its path, with
the standard library and `guestfs`, in Python 3.9's syntax. It knows no policy: `guestfs.py` asks, this answers.

    request   {"id": 1, "do": "stat", ...}               bytes are base64
    answer    {"id": 1, "more": [...]} ...               any number of parts
              {"id": 1, "ok": ...}                       or
              {"id": 1, "error": {"message": ..., "errno": 2}}

Names inside a guest are bytes, and the binding takes and gives only UTF-8 (one other name, and `ls` of its whole
folder raises UnicodeDecodeError). Calls with such names therefore go to the C library through the handle that
`GuestFS.c_pointer` returns "to allow other libraries to interwork with libguestfs" (guestfs(3)).
"""

from __future__ import annotations

import base64
import errno
import json
import os
import queue
import shlex
import shutil
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

if __package__:
    from imgkit.tools.guestfs_calls import ByteCalls, Refused
    from imgkit.tools.guestfs_shell import SweepFailed, stored, sweep, true_devices, true_name
    from imgkit.tools.guestfs_zfs import PREFIX, ZfsFailed, find_pools, mount, open_dataset
else:  # run by its path: this takes the files beside it, and only those
    sys.path.append(str(Path(__file__).absolute().parent))
    from guestfs_calls import ByteCalls, Refused  # type: ignore[import-not-found,no-redef]  # the same file
    from guestfs_shell import SweepFailed, stored, sweep, true_devices, true_name  # type: ignore[import-not-found,no-redef]  # the same file
    from guestfs_zfs import PREFIX, ZfsFailed, find_pools, mount, open_dataset  # type: ignore[import-not-found,no-redef]  # the same file

    sys.path.pop()

PART_BYTES = 1024 * 1024  # libguestfs refuses reads whose answer does not fit into its 4 MiB messages
PART_ENTRIES = 1000
ABANDON_SECONDS = 2.0
KEY_FILE = "/run/imgkit.key"  # in the appliance
OVERRIDES = ("LIBGUESTFS_BACKEND", "LIBGUESTFS_BACKEND_SETTINGS", "LIBGUESTFS_ATTACH_METHOD")

READING = frozenset(
    {
        "blockdev_getsize64",
        "btrfs_subvolume_list",
        "dmesg",
        "feature_available",
        "inspect_get_distro",
        "inspect_get_mountpoints",
        "inspect_get_product_name",
        "inspect_get_type",
        "inspect_os",
        "list_devices",
        "list_dm_devices",
        "list_filesystems",
        "list_md_devices",
        "list_partitions",
        "lvs_full",
        "md_detail",
        "md_stat",
        "pread_device",
        "pvs",
        "pvs_full",
        "pvuuid",
        "statvfs",
        "umount_all",
        "utsname",
        "version",
        "vglvuuids",
        "vgpvuuids",
        "vgs_full",
    }
)
WRITING = frozenset({"copy_device_to_device", "lvcreate", "mkswap", "pvcreate", "sync", "tar_in", "vgcreate"})


class Worker:
    """One libguestfs handle, and what may be asked of it."""

    def __init__(self, *, scratch: str, writable: bool) -> None:
        import guestfs  # noqa: PLC0415  # its absence is told apart from every other failure

        self._scratch = scratch
        self._writable = writable
        self._handle = guestfs.GuestFS(python_return_dict=True)
        self._handle.set_backend("direct")  # libvirt runs qemu as another user, who may not read the disks
        self._handle.set_tmpdir(scratch)
        self._handle.set_autosync(writable)
        self._bytes = ByteCalls(self._handle.c_pointer())
        self._allowed = READING | WRITING if writable else READING

    def answer(self, request: dict[str, Any]) -> Iterator[Any]:
        """Yield parts, and at last the result as a one-element tuple."""
        do: Callable[[dict[str, Any]], Iterator[Any]] | None = getattr(self, "do_" + str(request.get("do")), None)
        if do is None:
            raise Refused(f"no such request: {request.get('do')!r}")
        yield from do(request)

    def last_errno(self) -> int:
        return self._bytes.last_errno()

    def do_settings(self, request: dict[str, Any]) -> Iterator[Any]:
        """Set how the appliance will run."""
        self._handle.set_backend_settings(["force_tcg"] if request["emulate"] else [])
        if request.get("cache"):
            self._handle.set_cachedir(request["cache"])
        self._handle.set_verbose(request["verbose"])
        self._handle.set_trace(True)
        yield ({"cache": self._handle.get_cachedir(), "hv": self._handle.get_hv()},)

    def do_memory(self, request: dict[str, Any]) -> Iterator[Any]:
        self._handle.set_memsize(request["mebibytes"])
        yield (None,)

    def do_shell(self, request: dict[str, Any]) -> Iterator[Any]:
        """Run a line inside the appliance: for making disks, never near evidence."""
        if not self._writable:
            raise Refused("not allowed here: shell")
        yield (self._shell(request["line"]),)

    def do_true_devices(self, _: dict[str, Any]) -> Iterator[Any]:
        yield (true_devices(self._shell),)

    def _shell(self, line: str) -> str:
        return str(self._handle.debug("sh", [line]))

    def do_add(self, request: dict[str, Any]) -> Iterator[Any]:
        """Add a drive whose format is said aloud, so that qemu guesses nothing.

        `readonly=1` is not used: libguestfs then lays an overlay of its own over the disk, and qemu guesses a format
        from what is *in* the disk (seen with 1.48: a raw disk that begins with a qcow2 header naming /etc/shadow as its
        backing file reads as /etc/shadow). So a handle that must not write takes only overlays made in its own folder.
        """
        path = Path(request["path"])
        if not self._writable and (path.parent != Path(self._scratch) or request["format"] != "qcow2"):
            raise Refused(f"{path} is no overlay of this worker", errno.EPERM)
        self._handle.add_drive_opts(str(path), format=request["format"], cachemode="unsafe")
        yield (None,)

    def do_launch(self, _: dict[str, Any]) -> Iterator[Any]:
        self._handle.launch()
        yield (None,)

    def do_call(self, request: dict[str, Any]) -> Iterator[Any]:
        """Call the binding: storage facts, whose names and results are text."""
        if request["name"] not in self._allowed:
            raise Refused(f"not allowed here: {request['name']}")
        yield (_to_json(getattr(self._handle, request["name"])(*request["args"], **request.get("options", {}))),)

    def do_text(self, request: dict[str, Any]) -> Iterator[Any]:
        if request["name"] not in {"checksum", "readlink", "realpath", "vfs_label", "vfs_type", "vfs_uuid"}:
            raise Refused(f"not allowed here: {request['name']}")
        yield (_encode(self._bytes.text(request["name"], *map(_decode, request["words"]))),)

    def do_zfs(self, request: dict[str, Any]) -> Iterator[Any]:
        """Import the pools of ZFS that lie on these devices, and say what is in them."""
        there = true_devices(self._shell)
        yield (find_pools([true_name(device, there) for device in request["devices"]], self._shell),)

    def do_mount(self, request: dict[str, Any]) -> Iterator[Any]:
        what = request["what"].encode()
        if what.startswith(PREFIX):
            with _refusals_of_zfs():
                mount(what[len(PREFIX) :].decode(), _decode(request["folder"]), request["options"], self._shell)
            yield (None,)
            return
        words = (request["options"].encode(), what, _decode(request["folder"]))
        self._bytes.act("mount_options", *words)
        yield (None,)

    def do_stat(self, request: dict[str, Any]) -> Iterator[Any]:
        yield (self._bytes.stat(_decode(request["path"]), follow=request["follow"]),)

    def do_xattrs(self, request: dict[str, Any]) -> Iterator[Any]:
        yield ([list(map(_encode, pair)) for pair in self._bytes.xattrs(_decode(request["path"]))],)

    def do_xattrs_each(self, request: dict[str, Any]) -> Iterator[Any]:
        """Give the attributes of many entries of one folder; null for those of which nobody knows."""
        folder, names = _decode(request["folder"]), list(map(_decode, request["names"]))
        for at in range(0, len(names), PART_ENTRIES):
            rows = self._bytes.xattrs_each(folder, names[at : at + PART_ENTRIES])
            yield [row if row is None else [list(map(_encode, pair)) for pair in row] for row in rows]
        yield (None,)

    def do_sweep(self, request: dict[str, Any]) -> Iterator[Any]:
        """Give what one program says of the whole mounted tree, compressed."""
        try:
            for part in sweep(request["kind"], self._shell):
                yield [_encode(part)]
        except SweepFailed as error:
            raise Refused(str(error), errno.EIO) from error
        yield (None,)

    def do_stored(self, request: dict[str, Any]) -> Iterator[Any]:
        """Say where a regular file is more than a hole, links followed inside the mounted tree."""
        path = _decode(request["path"])
        self._require_regular(path)
        try:
            yield (stored(self._bytes.text("realpath", path), request["most"], self._shell),)
        except SweepFailed as error:
            raise Refused(str(error), errno.EIO) from error

    def do_open_encrypted(self, request: dict[str, Any]) -> Iterator[Any]:
        """Open an encrypted volume, and bring up the LVM inside it. The key stays out of every log."""
        device, key, name = request["device"], base64.b64decode(request["key"]), request["name"]
        if b"\0" in key:
            self._open_by_file(device, key, name)
        else:
            self._bytes.open_encrypted(device.encode(), key, name.encode())
        self._handle.lvm_scan(True)
        yield (None,)

    def do_open_dataset(self, request: dict[str, Any]) -> Iterator[Any]:
        """Load the key of an encrypted data set of ZFS. The key stays out of every log."""
        with self._key_file(base64.b64decode(request["key"])), _refusals_of_zfs():
            open_dataset(request["dataset"], KEY_FILE, self._shell)
        yield (None,)

    def _open_by_file(self, device: str, key: bytes, name: str) -> None:
        """A NUL byte would end the key on its way through C."""
        device = true_name(device, true_devices(self._shell))
        with self._key_file(key):
            self._shell(f"cryptsetup open -q --key-file {KEY_FILE} {shlex.quote(device)} {shlex.quote(name)}")

    @contextmanager
    def _key_file(self, key: bytes) -> Iterator[None]:
        """Have a key as a file of the appliance, which lies in memory at both ends."""
        handle = os.memfd_create("key")
        try:
            try:
                os.write(handle, key)
                self._handle.debug_upload(f"/proc/self/fd/{handle}", KEY_FILE, 0o600)
            finally:
                os.close(handle)
            yield
        finally:
            self._shell(f"rm -f {KEY_FILE}")

    def do_list(self, request: dict[str, Any]) -> Iterator[Any]:
        """Give all entries of a folder with their numbers. Names come by way of a local file, as bytes (`ls0`)."""
        folder = _decode(request["path"])
        listing = Path(self._scratch, "listing")
        self._bytes.act("ls0", folder, os.fsencode(listing))
        with listing.open("rb") as file:
            for names in _batches(file):
                rows = zip(names, self._bytes.stat_each(folder, names))  # noqa: B905  # `strict` came with Python 3.10
                yield [[_encode(name), row] for name, row in rows]
        listing.unlink()
        yield (None,)

    def do_read(self, request: dict[str, Any]) -> Iterator[Any]:
        """Give one piece of a regular file, and its size; anything else is refused: a FIFO would never answer."""
        path, offset = _decode(request["path"]), request["offset"]
        size = self._require_regular(path)
        count = min(PART_BYTES, request["count"], max(0, size - offset))
        block = self._bytes.pread(path, count, offset) if count else b""
        yield ({"data": _encode(block), "size": size},)

    def _require_regular(self, path: bytes) -> int:
        mode, size = self._bytes.stat(path, follow=True)[:2]
        if not stat.S_ISREG(mode):
            raise Refused("not a regular file", errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL)
        return size

    def close(self) -> None:
        self._handle.close()


def main() -> int:
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever libguestfs or qemu prints is log, never an answer
    for name in OVERRIDES:
        os.environ.pop(name, None)
    scratch = sys.argv[1]
    requests: queue.Queue[bytes | None] = queue.Queue()
    idle = threading.Event()
    threading.Thread(target=_listen, args=(requests, idle, scratch), daemon=True).start()
    try:
        worker = Worker(scratch=scratch, writable="--writable" in sys.argv[2:])
    except ImportError as error:
        _send(out, {"id": 0, "error": {"message": str(error), "errno": 0, "missing": "binding"}})
        return 1
    _send(out, {"id": 0, "ok": {"python": sys.version.split()[0]}})
    try:
        _work(worker, requests, idle, out)
    except BrokenPipeError:  # the asker is gone
        return 3
    finally:
        worker.close()
        shutil.rmtree(scratch, ignore_errors=True)
    return 0


def _work(worker: Worker, requests: queue.Queue[bytes | None], idle: threading.Event, out: BinaryIO) -> None:
    """Answer requests until there are no more."""
    while True:
        idle.set()
        line = requests.get()
        if line is None:
            return
        idle.clear()
        _serve(worker, json.loads(line), out)


def _listen(requests: queue.Queue[bytes | None], idle: threading.Event, scratch: str) -> None:
    """Pass requests on. When the asker is gone in mid-call, so is this process: libguestfs' own watcher ends qemu."""
    for line in sys.stdin.buffer:
        idle.clear()
        requests.put(line)
    requests.put(None)
    if not idle.wait(ABANDON_SECONDS):
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(3)


def _serve(worker: Worker, request: dict[str, Any], out: BinaryIO) -> None:
    number = request["id"]
    try:
        for part in worker.answer(request):
            _send(out, {"id": number, "ok": part[0]} if isinstance(part, tuple) else {"id": number, "more": part})
    except BrokenPipeError:
        raise
    except Refused as error:
        _send(out, {"id": number, "error": {"message": str(error), "errno": error.number}})
    except RuntimeError as error:  # what the binding raises for every refusal of the appliance
        _send(out, {"id": number, "error": {"message": str(error), "errno": worker.last_errno()}})
    except Exception as error:  # noqa: BLE001  # one bad call must not end the appliance that all others need
        _send(out, {"id": number, "error": {"message": f"{type(error).__name__}: {error}", "errno": 0}})


def _send(out: BinaryIO, message: dict[str, Any]) -> None:
    out.write(json.dumps(message).encode() + b"\n")
    out.flush()


@contextmanager
def _refusals_of_zfs() -> Iterator[None]:
    try:
        yield
    except ZfsFailed as error:
        raise Refused(str(error), errno.EIO) from error


def _batches(file: BinaryIO) -> Iterator[list[bytes]]:
    """Yield lists of NUL-ended names from a file that need not fit into memory."""
    rest = b""
    names: list[bytes] = []
    while True:
        block = file.read(64 * 1024)
        *whole, rest = (rest + block).split(b"\0")
        names += whole
        while len(names) >= PART_ENTRIES or (names and not block):
            yield names[:PART_ENTRIES]
            names = names[PART_ENTRIES:]
        if not block:
            return


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _decode(text: str) -> bytes:
    raw = base64.b64decode(text)
    if b"\0" in raw:
        raise Refused("a path holds no NUL byte", errno.EINVAL)
    return raw


def _to_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"b64": _encode(value)}
    if isinstance(value, dict):
        return {str(key): _to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_to_json(item) for item in value]
    return value


if __name__ == "__main__":
    sys.exit(main())
