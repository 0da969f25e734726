"""A disk of which every file is made to exhaust who inspects it: many records, huge ones, deep ones, all at once."""

import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.integration.hostile_trees import Maker, numbered, repeated

from imgkit.samples.programs import require_maker
from imgkit.units import MiB

_KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBx4FfL4sD7h8Z1jX0F0xq1H6z0pXc3U0yV7o4Zk9m1A a\n"
_SESSION = struct.pack("<h2xi32s4s32s256shhiII16s20x", 7, 1, b"t", b"a", b"u", b"\xff" * 250, 0, 0, 0, 1, 0, bytes(16))
_UNIT = b"[Service]\nExecStart=/tmp/x\n"
_FILES: dict[str, tuple[Maker, int]] = {
    "etc/os-release": (lambda _: b"ID=debian\nNAME=Debian\n", MiB),
    "etc/fstab": (repeated(b"a /a b c\n"), MiB),
    "etc/passwd": (numbered("a%d:x:0:0:::\n"), 2 * MiB),
    "etc/shadow": (numbered("a%d::::::::\n"), 2 * MiB),
    "etc/group": (numbered("g%d:x:1:a,b,c,d,e,f,g\n"), 2 * MiB),
    "etc/subuid": (numbered("a%d:1:1\n"), 2 * MiB),
    "etc/sudoers": (repeated(b"a" + b",a" * 20_000 + b" a=(a)a" + b",(b)a,(c)a" * 4000 + b"\n"), MiB),
    "etc/crontab": (repeated(b"@a a /tmp/\xff\xff\xff\xff\n"), 2 * MiB),
    "etc/hosts": (repeated(b"a" + b" a" * 100 + b"\n"), 2 * MiB),
    "etc/docker/daemon.json": (repeated(b"[],", head=b'{"a":['), 2 * MiB),
    "etc/cloud/cloud.cfg": (repeated(b"["), MiB),
    "etc/netplan/a.yaml": (repeated(b"a,", head=b"["), MiB),
    "lib/apk/db/installed": (numbered("P:%d\nV:" + "\x01" * 60 + "\n\n"), 10 * MiB),
    "root/.ssh/authorized_keys": (repeated(b"a," * 2000 + _KEY), 8 * MiB),
    "var/lib/containers/storage/overlay-images/images.json": (repeated(b"{},", head=b"["), 8 * MiB),
    "var/lib/dpkg/status": (numbered("package:%d\nversion:" + "\x01" * 60 + "\n\n"), 10 * MiB),
    "var/log/lastlog": (repeated(struct.pack("<I32s256s", 1, b"t", b"\x7f" * 256)), 4 * MiB),
    "var/log/wtmp": (repeated(_SESSION), 24 * MiB),
}
_CROWDS = {"etc/cron.d": (b"@a a b\n", ""), "etc/systemd/system": (_UNIT, ".service"), "var/log/old": (b"x\n", ".log")}
_IN_A_CROWD = 400  # mke2fs looks through a folder from its beginning for every name that it adds


def make_exhausting_disk(folder: Path) -> Path:
    """Make the disk image `system.raw` in a folder. Raises MakerMissing where mke2fs is not there."""
    root, disk = folder / "root", folder / "system.raw"
    for name, (maker, size) in _FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        found = maker(size)
        _write(path, [found] if isinstance(found, bytes) else found)
    for name, (data, ending) in _CROWDS.items():
        (root / name).mkdir(parents=True)
        for number in range(_IN_A_CROWD):
            (root / name / f"f{number}{ending}").write_bytes(data)
    with disk.open("wb") as file:
        file.truncate(256 * MiB)
    words: list[str | Path] = [require_maker("mke2fs"), "-q", "-t", "ext4", "-N", "16384", "-d", str(root), str(disk)]
    subprocess.run(words, check=True, capture_output=True)
    return disk


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(pieces)
