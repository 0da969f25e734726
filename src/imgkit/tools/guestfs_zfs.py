"""ZFS inside the appliance, where that has it: the kernel's module (OpenZFS), or zfs-fuse, which libguestfs-zfs brings.

libguestfs has no calls for ZFS, so this goes through the appliance's own shell, as `guestfs_shell.py` does. A pool is
imported from the disks that are named and from nothing else, into the overlays that lie over them. No data set is
mounted by that: each says itself where it wants to be, and one that says `/usr` would put a guest's programs in the
place of the appliance's. (zfs-fuse always mounts; so it is given a root below a folder that cannot be.) What is asked
for is mounted once in a folder of ours, and bound from there to its place below /sysroot, where libguestfs' calls find
it. For the standard library of Python 3.9.
"""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
import zlib
from collections.abc import Callable, Iterator
from typing import Any

Run = Callable[[str], str]

PREFIX = b"zfs:"
_HOME = "/run/imgkit-zfs"
_DISKS, _ROOT, _LOG = f"{_HOME}/disks", f"{_HOME}/root", f"{_HOME}/log"
_NOWHERE = "/proc/imgkit-nowhere"  # nothing can be made there
_MOST_BYTES = 2_500_000  # of packed answers; libguestfs' messages take 4 MiB, and base64 makes it a third more
_MOST_DATASETS = 1000
_PATIENCE_SECONDS = 240
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
_ABSENT = re.compile(r"^\s+\S+\s+(?:UNAVAIL|FAULTED|REMOVED|OFFLINE)\b", re.MULTILINE)  # a row of `zpool status`
_OLD = ("type", "guid", "mountpoint", "canmount", "used", "available", "volsize")
_NEW = ("encryption", "encryptionroot", "keystatus")  # since OpenZFS 0.8
_KEPT = frozenset({"filesystem", "volume"})


class ZfsFailed(Exception):
    """ZFS said no, in its own words."""


def start(run: Run) -> str:
    """Return which driver there is now, `kernel` or `fuse`, or what is lacking for any: `programs` or `module`."""
    return run(START).strip()


def find_pools(devices: list[str], run: Run) -> dict[str, Any]:
    """Import every pool of these devices (the kernel's names). Return the driver, and pools with their data sets.

    Once in an appliance: whoever asks again is given none.
    """
    driver = start(run)
    if driver not in {"kernel", "fuse"} or run(f"[ ! -d {_ROOT} ] || echo known").strip():
        return {"driver": driver, "pools": []}
    for number, device in enumerate(devices):
        run(f"ln -sfn {shlex.quote(device)} {_DISKS}/{number}")
    seen = list(_POOL.finditer(_said(f"zpool import -d {_DISKS} 2>&1", run)))
    run(f"ln -sfn {_NOWHERE} {_ROOT}")
    pools = _import_all([match.groupdict() for match in seen], driver, run)
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
    if f" {own} " not in run("cat /proc/mounts"):
        _mount_own(dataset, own, options, run)
    bound = f'mount --bind {own} "$target" && mount -o remount,bind,{shlex.quote(options)} "$target"'
    _require(f"{target}; {bound}", run)


def open_dataset(dataset: str, key_file: str, run: Run) -> None:
    """Load the key of an encryption root; the data sets below it that have the same open too. Raises ZfsFailed.

    Where the pool itself says that its key lies is not asked: it may name any file or URL.
    """
    _require(f"zfs load-key -L {shlex.quote('file://' + key_file)} {shlex.quote(dataset)} </dev/null", run)


def _import_all(pools: list[dict[str, Any]], driver: str, run: Run) -> list[dict[str, Any]]:
    taken = set()
    for pool in pools:
        name = pool["name"] if pool["name"] not in taken else f"{pool['name']}-{pool['guid']}"
        taken.add(name)
        pool.update(called=name, error="", datasets=[], snapshots=0, missing=0)
        for flags in ("-N -m ", "-N -m -o readonly=on ") if driver == "kernel" else ("",):
            words = f"-f {flags}-R {_ROOT} -d {_DISKS} {pool['guid']} {shlex.quote(name)}"
            said = _said(f"timeout {_PATIENCE_SECONDS} zpool import {words} 2>&1", run)
            health = _said(f"zpool list -H -o health {shlex.quote(name)} 2>/dev/null", run).strip()
            pool["error"] = "" if health else (said.strip() or "zpool import ended without a word")[:300]
            if health:
                status = _said(f"zpool status {shlex.quote(name)} 2>/dev/null", run)
                pool.update(state=health, missing=len(_ABSENT.findall(status)))
                break
    return pools


def _describe(pool: dict[str, Any], driver: str, run: Run) -> None:
    """List the data sets. With zfs-fuse none of them may from now on be mounted but by its own name."""
    rows = _properties(pool["called"], (*_OLD, *_NEW) if driver == "kernel" else _OLD, run)
    pool["snapshots"] = sum(row.get("type") == "snapshot" for row in rows.values())
    kept = [{"name": name, **row} for name, row in rows.items() if row.get("type") in _KEPT]
    if len(kept) > _MOST_DATASETS:
        pool["error"] = f"it has {len(kept)} data sets, and the first {_MOST_DATASETS} of them are given"
    pool["datasets"] = kept[:_MOST_DATASETS]
    for row in pool["datasets"]:
        row["mountpoint"] = row.get("mountpoint", "").removeprefix(_ROOT) or "/"
        if driver == "fuse" and row["type"] == "filesystem":
            run(f"zfs set canmount=noauto {shlex.quote(row['name'])}")


def _properties(pool: str, wanted: tuple[str, ...], run: Run) -> dict[str, dict[str, str]]:
    line = f"zfs get -Hp -o name,property,value {','.join(wanted)} -r {shlex.quote(pool)}"
    found: dict[str, dict[str, str]] = {}
    for text in _lines(line, run):
        name, _, rest = text.partition("\t")
        word, tab, value = rest.partition("\t")
        if tab and word in wanted and name.partition("/")[0].partition("@")[0] == pool:
            found.setdefault(name, {})[word] = value
    return found


def _lines(line: str, run: Run) -> Iterator[str]:
    """Yield an answer's lines; it comes packed, since names may be no UTF-8 and messages have a limit."""
    packed = base64.b64decode(run(f"({line}) 2>/dev/null | gzip -1 | head -c {_MOST_BYTES} | base64 -w0"))
    unzip = zlib.decompressobj(wbits=31)
    text = unzip.decompress(packed, 64 * 1024 * 1024)
    yield from text.decode("utf-8", "backslashreplace").split("\n")


def _mount_own(dataset: str, own: str, options: str, run: Run) -> None:
    name = shlex.quote(dataset)
    if _said("[ ! -e /sys/module/zfs ] || echo kernel", run).strip():
        # `zfsutil` is what mount(8) wants for data sets with a mount point, and refuses for those of fstab ("legacy").
        each = (f"mount -t zfs -o {shlex.quote(options + more)} {name} {own} 2>&1" for more in (",zfsutil", ""))
        _require(f"mkdir -p {own}; " + " || ".join(each), run)
    else:
        _require(f"zfs set mountpoint=/{own.rpartition('/')[2]} {name} && zfs mount -o ro {name}", run)


def _require(line: str, run: Run) -> None:
    said = _said(f"( {line} ) 2>&1 && echo imgkit-done", run)
    if not said.rstrip().endswith("imgkit-done"):
        raise ZfsFailed(said.strip()[:300] or "it ended without a word")


def _said(line: str, run: Run) -> str:
    """Return what a line prints, also where it fails."""
    return run(f"{line}; true")
