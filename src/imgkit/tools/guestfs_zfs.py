"""ZFS inside the appliance, where that has it: the kernel's module (OpenZFS), or zfs-fuse, which libguestfs-zfs brings.

libguestfs has no calls for ZFS, so this goes through the appliance's own shell, as `guestfs_shell.py` does. A pool is
imported from the disks that are named and from nothing else, into the overlays that lie over them. No data set is
mounted by that: each says itself where it wants to be, and one that says `/usr` would put a guest's programs in the
place of the appliance's. (zfs-fuse always mounts; so it is given a root below a folder that cannot be.) What is asked
for is mounted once in a folder of ours, and bound from there to its place below /sysroot, where libguestfs' calls find
it. Whatever goes wrong with one pool or data set is told of that one, and the others are read.

Names and mount points come from the disks: each answer comes packed, so that any bytes pass, and nothing is split
where one of them might hold the sign. For the standard library of Python 3.9.
"""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

Run = Callable[[str], str]

PREFIX = b"zfs:"
_HOME = "/run/imgkit-zfs"
_DISKS, _ROOT, _LOG = f"{_HOME}/disks", f"{_HOME}/root", f"{_HOME}/log"
_NOWHERE = "/proc/imgkit-nowhere"  # nothing can be made there
_MOST_BYTES = 2_500_000  # of packed answers; libguestfs' messages take 4 MiB, and base64 makes it a third more
_MOST_UNPACKED = 64 * 1024 * 1024
_MOST_DATASETS = 1000
_AT_ONCE = 100
_PATIENCE_SECONDS = 90  # with whatever is no import: zfs-fuse may leave one without an answer
_PATIENCE_WITH_ONE, _PATIENCE_WITH_ALL = 240, 420  # the whole question may take 600
_ROOM_BYTES = 128 * 1024 * 1024  # of a sparse file in the appliance's memory, of which a few KiB are written
START = f"""mkdir -p {_DISKS} /var/run/zfs /var/lock/zfs
if ! command -v zpool >/dev/null || ! command -v zfs >/dev/null; then echo programs; exit 0; fi
[ -e /sys/module/zfs ] || modprobe zfs 2>/dev/null || true
if [ -e /sys/module/zfs ]; then echo kernel; exit 0; fi
if ! command -v zfs-fuse >/dev/null; then echo module; exit 0; fi
zpool list >/dev/null 2>&1 || setsid zfs-fuse -x --no-kstat-mount -p {_HOME}/pid </dev/null >{_LOG} 2>&1
for one in $(seq 100); do
    if zpool list >/dev/null 2>&1; then echo fuse; exit 0; fi
    sleep 0.1
done
echo module"""
_POOL = re.compile(r"^ *pool: (?P<name>.+)\n *id: (?P<guid>[0-9]+)\n *state: (?P<state>\S+)", re.MULTILINE)
_SPARES = re.compile(r"^\s+(?:cache|spares)$", re.MULTILINE)
_DISK = re.compile(re.escape(_DISKS) + r"/([0-9]+)")
_TIMED_OUT = frozenset({124, 137})
_SERVING = frozenset({"ONLINE", "DEGRADED"})
_NAME = re.compile(r"[A-Za-z][\w.:%{} -]*(?:/[\w.:%{} -]+)*", re.ASCII)
_OLD = ("type", "guid", "canmount", "volsize")
_NEW = ("encryption", "encryptionroot", "keystatus")  # since OpenZFS 0.8


class ZfsFailed(Exception):
    """ZFS said no, in its own words."""


class _Answer(NamedTuple):
    """What a line printed, and its exit code; -1 where the end of it did not come through."""

    data: bytes
    code: int

    @property
    def text(self) -> str:
        return self.data.decode("utf-8", "backslashreplace")

    @property
    def reason(self) -> str:
        """The words that matter in an error: from `cannot …` on, else all."""
        if self.code < 0:
            return "the answer was cut off"
        if self.code in _TIMED_OUT:
            return "there was no answer for too long"
        lines = [line.strip() for line in self.text.splitlines() if line.strip()]
        begins = next((number for number, line in enumerate(lines) if line.startswith("cannot ")), 0)
        return " ".join(lines[begins:])[:300] or "it ended without a word"


def start(run: Run) -> str:
    """Return which driver there is now, `kernel` or `fuse`, or what is lacking for any: `programs` or `module`."""
    return run(START).strip()


def find_pools(devices: list[str], run: Run) -> dict[str, Any]:
    """Import every pool of these devices (the kernel's names). Return the driver, and pools with their data sets.

    `used` are the numbers of the devices that a pool is made of. Once in an appliance: who asks again is given none.
    """
    driver = start(run)
    if driver not in {"kernel", "fuse"} or run(f"[ ! -d {_ROOT} ] || echo known").strip():
        return {"driver": driver, "pools": []}
    for number, device in enumerate(devices):
        run(f"ln -sfn {shlex.quote(device)} {_DISKS}/{number}")
    pools = _pools_that_are_there(run)
    run(f"ln -sfn {_NOWHERE} {_ROOT}")
    until = time.monotonic() + _PATIENCE_WITH_ALL
    for pool in pools:
        pool["error"] = pool["error"] or _import(pool, driver, until, run)
    run(f"rm {_ROOT}; mkdir {_ROOT}")
    for pool in pools:
        if not pool["error"]:
            _describe(pool, driver, run)
    return {"driver": driver, "pools": pools}


def mount(dataset: str, folder: bytes, options: str, run: Run) -> None:
    """Mount a data set of an imported pool, read-only, at a folder of the guest's tree. Raises ZfsFailed."""
    own = f"{_ROOT}/{hashlib.sha256(dataset.encode()).hexdigest()}"
    octal = "".join(f"\\{byte:03o}" for byte in folder)
    target = f"name=$(printf '{octal}x'); target=\"/sysroot${{name%x}}\""
    known = _ask("cat /proc/mounts; [ ! -e /sys/module/zfs ] || echo 'by the kernel'", run).text
    if f" {own} " not in known:
        _mount_own(dataset, own, options, run, kernel=known.rstrip().endswith("by the kernel"))
    bound = f'mount --bind {own} "$target" && mount -o remount,bind,{shlex.quote(options)} "$target"'
    _require(f"{target}; {bound}", run)


def open_dataset(dataset: str, key_file: str, run: Run) -> None:
    """Load the key of an encryption root; the data sets below it that have the same open too. Raises ZfsFailed.

    Where the pool itself says that its key lies is not asked: it may name any file or URL.
    """
    _require(f"zfs load-key -L {shlex.quote('file://' + key_file)} {shlex.quote(dataset)} </dev/null", run)


def _pools_that_are_there(run: Run) -> list[dict[str, Any]]:
    """List the pools, each once, under names that no two have, in the order in which to import them."""
    text = _ask(f"zpool import -d {_DISKS}", run).text
    found = list(_POOL.finditer(text))
    ends = [*(match.start() for match in found[1:]), len(text)]
    pools: dict[str, dict[str, Any]] = {}
    names = set()
    for match, end in zip(found, ends):  # noqa: B905 - Python 3.9 knows no `strict`, and they are equally many
        pool: dict[str, Any] = match.groupdict()
        called = pool["name"] if pool["name"] not in names else f"{pool['name']}-{pool['guid']}"
        names.add(called)
        error = "" if _NAME.fullmatch(called) else "cannot import it: its name is none that ZFS gives"
        pool.update(called=called, error=error, lacks="", datasets=[], snapshots=0, missing=0, used=[], read_only=False)
        pool["spares"] = _SPARES.search(text, match.end(), end) is not None
        pools.setdefault(pool["guid"], pool)
    # A pool takes its spares and caches by the names that they had, which are other disks' names here: those last.
    return sorted(pools.values(), key=lambda pool: bool(pool["spares"]))


def _import(pool: dict[str, Any], driver: str, until: float, run: Run) -> str:
    """Import one pool; return why it is not there."""
    called = shlex.quote(pool["called"])
    renamed = "" if pool["called"] == pool["name"] else f" {called}"
    error = ""
    for flags in ("-N -m ", "-N -m -o readonly=on ") if driver == "kernel" else ("",):
        patience = min(_PATIENCE_WITH_ONE, round(until - time.monotonic()))
        if patience <= 0:
            return error or "there was no time left for it: other pools took long"
        words = f"-f {flags}-R {_ROOT} -d {_DISKS} {pool['guid']}{renamed}"
        said = _ask(f"zpool import {words}", run, seconds=patience)
        health = _ask(f"zpool list -H -o health {called} 2>/dev/null", run)
        if health.code == 0 and health.text.strip():
            used, missing = _disks_of(_ask(f"zpool status {'-P ' if driver == 'kernel' else ''}{called}", run).text)
            pool.update(state=health.text.strip(), used=used, missing=missing, read_only="readonly" in flags)
            return ""
        error = said.reason
    return error


def _disks_of(status: str) -> tuple[list[int], int]:
    """Return the numbers of the disks that a pool is made of, and how many more belong to it, by `zpool status`."""
    lines = status.partition("\nconfig:\n")[2].partition("\nerrors:")[0].splitlines()
    rows = [(len(line) - len(line.lstrip()), line.split()) for line in lines if line.strip()]
    used, missing = [], 0
    spare = False
    for number, (depth, words) in enumerate(rows, start=1):
        spare = words[0] in {"cache", "spares"} if len(words) == 1 else spare
        is_made_of_others = number < len(rows) and rows[number][0] > depth
        if len(words) == 1 or words[0] == "NAME" or is_made_of_others or spare:
            continue
        match = _DISK.fullmatch(words[0])
        if words[1] not in _SERVING:
            missing += 1
        elif match:
            used.append(int(match[1]))
    return used, missing


def _describe(pool: dict[str, Any], driver: str, run: Run) -> None:
    """List the data sets; `lacks` says what of that list is not whole."""
    called = shlex.quote(pool["called"])
    listed = _ask(f"zfs list -H -o name -t filesystem,volume -r {called}", run)
    names = [name for name in listed.text.split("\n") if name]
    known = [name for name in names if _NAME.fullmatch(name) and name.partition("/")[0] == pool["called"]]
    if listed.code:
        pool["lacks"] = f"its data sets could not be listed to their end: {listed.reason}"
    elif len(known) < len(names):
        pool["lacks"] = f"{len(names) - len(known)} of its data sets have names that ZFS gives none, and were left out"
    elif len(known) > _MOST_DATASETS:
        pool["lacks"] = f"it has {len(known)} data sets, and the first {_MOST_DATASETS} of them are given"
    known = known[:_MOST_DATASETS]
    rows: dict[str, dict[str, str]] = {name: {"name": name} for name in known}
    for first in range(0, len(known), _AT_ONCE):
        part = known[first : first + _AT_ONCE]
        if not _properties(rows, part, (*_OLD, *_NEW) if driver == "kernel" else _OLD, run):
            pool["lacks"] = pool["lacks"] or "the properties of its data sets could not be read"
        for name, value in _mount_points(part, run):
            rows[name]["mountpoint"] = value
    pool["datasets"] = [row for row in rows.values() if "type" in row]
    kept = f"{_HOME}/snapshots"
    counted = _ask(f"zfs list -H -o name -t snapshot -r {called} >{kept} && wc -l <{kept}", run)
    pool["snapshots"] = int(counted.text) if counted.code == 0 and counted.text.strip().isdecimal() else 0
    if counted.code:
        pool["lacks"] = pool["lacks"] or f"its snapshots could not be counted: {counted.reason}"


def _properties(rows: dict[str, dict[str, str]], names: Sequence[str], wanted: Sequence[str], run: Run) -> bool:
    """Note properties that nobody can write anything into; say whether all came."""
    quoted = " ".join(map(shlex.quote, names))
    answer = _ask(f"zfs get -Hp -o name,property,value {','.join(wanted)} {quoted}", run)
    for line in answer.text.splitlines():
        name, _, rest = line.partition("\t")
        word, tab, value = rest.partition("\t")
        if tab and word in wanted and name in rows:
            rows[name][word] = value
    return answer.code == 0


def _mount_points(names: Sequence[str], run: Run) -> Iterator[tuple[str, str]]:
    """Yield where each data set wants to be, below no root; it may be any bytes (which come as surrogates)."""
    answer = _ask("zfs get -H -o value,name mountpoint " + " ".join(map(shlex.quote, names)), run)
    rows = [row.rpartition(b"\t") for row in answer.data.split(b"\n")[:-1]]
    found = {name.decode("utf-8", "backslashreplace"): value for value, _, name in rows}
    if len(rows) != len(names) or found.keys() != set(names):  # one of them has a line end in it
        found = {name: _alone(name, run) for name in names}
    for name in names:
        value = found[name]
        below = value[len(_ROOT) :] or b"/" if value.startswith(_ROOT.encode()) else value
        yield name, below.decode("utf-8", "surrogateescape")


def _alone(name: str, run: Run) -> bytes:
    return _ask(f"zfs get -H -o value mountpoint {shlex.quote(name)}", run).data[:-1]


def _mount_own(dataset: str, own: str, options: str, run: Run, *, kernel: bool) -> None:
    name = shlex.quote(dataset)
    if kernel:
        # A folder of snapshots that shows itself would have them mounted, each when it is looked into.
        hidden = f'[ "$(zfs get -H -o value snapdir {name})" = hidden ] || zfs set snapdir=hidden {name}; '
        # `zfsutil` is what mount(8) wants for data sets with a mount point, and refuses for those of fstab ("legacy").
        each = (f"mount -t zfs -o {shlex.quote(options + more)} {name} {own}" for more in (",zfsutil", ""))
        _require(f"mkdir -p {own}; {hidden}" + " || ".join(each), run)
        return
    _set(dataset, ("canmount=noauto", f"mountpoint=/{own.rpartition('/')[2]}"), run)
    # What inherits that and is shared mounts itself at once, in the place of what there is to see.
    strays = f"cut -d' ' -f2 /proc/mounts | grep -E '^{own}(/|$)' | sort -r"
    octal = "sed 's/\\\\/\\\\0/g'"  # /proc/mounts writes a blank as \\040, `printf %b` reads it as \\0040
    unmount = f'{strays} | {octal} | while read -r one; do umount "$(printf %b "$one")"; done'
    empty = f"find {own} -xdev -depth -type d -exec rmdir {{}} + 2>/dev/null"
    _require(f"{unmount}; {empty}; zfs mount -o ro {name}", run)


def _set(dataset: str, settings: Sequence[str], run: Run) -> None:
    """Set properties, in the overlay over the disks; a pool that is full is given room there first."""
    line = " && ".join(f"zfs set {setting} {shlex.quote(dataset)}" for setting in settings)
    answer = _ask(line, run)
    if answer.code and "out of space" in answer.text:
        pool = dataset.partition("/")[0]
        room = f"{_HOME}/room-{hashlib.sha256(pool.encode()).hexdigest()[:16]}"
        more = f"truncate -s {_ROOM_BYTES} {room} && zpool add -f {shlex.quote(pool)} {room}"
        _ask(f"[ -e {room} ] || {{ {more}; }}", run)
        answer = _ask(line, run)
    if answer.code and "property may be set" not in answer.text:  # what failed is to share it with a network
        raise ZfsFailed(answer.reason)


def _require(line: str, run: Run) -> None:
    answer = _ask(line, run)
    if answer.code:
        raise ZfsFailed(answer.reason)


def _ask(line: str, run: Run, *, seconds: int = _PATIENCE_SECONDS) -> _Answer:
    """Run a line, and return all that it prints; it comes packed, for it may be no UTF-8, and messages have a limit."""
    bounded = f"timeout -k 5 {seconds} sh -c {shlex.quote(line)}"
    ended = "printf '\\nimgkit %s' $?"
    said = run(f"{{ {bounded} 2>&1; {ended}; }} | gzip -1 | head -c {_MOST_BYTES} | base64 -w0")
    unzip = zlib.decompressobj(wbits=31)
    text = unzip.decompress(base64.b64decode(said), _MOST_UNPACKED)
    data, _, code = text.rpartition(b"\nimgkit ")
    whole = unzip.eof and code.isdigit()
    return _Answer(data if whole else text, int(code) if whole else -1)
