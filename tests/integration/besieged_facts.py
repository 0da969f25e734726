"""Every subject of facts against a tree that is aimed at it, each in a process of its own; says what that took.

`python -m tests.integration.besieged_facts` prints a line of JSON for each siege.
"""

import gzip
import json
import os
import resource
import struct
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.integration.hostile_trees import Crowd, HostileTree, Maker, numbered, repeated, whole

from imgkit.facts.guest import Guest
from imgkit.facts.isolation import diagnostics_of
from imgkit.facts.system import describe_system
from imgkit.model.engine import Engine
from imgkit.model.fact import Fact
from imgkit.model.report import DiagnosticLevel, Report, RunInfo
from imgkit.model.storage import Storage
from imgkit.model.subjects import Subject
from imgkit.render.report_json import report_bytes
from imgkit.units import MiB, parse_utc

MANY = 100_000
_MOST_SECONDS = 60
_UNIT = whole(b"[Service]\nExecStart=/tmp/x\n")
_FAILURE = repeated(struct.pack("<hh12sqq", 1, 1, b"t", 1_600_000_000, 0))
_BRACKETS = whole(b"[" + b"{}," * 2_700_000 + b"{}]")


@dataclass(frozen=True, kw_only=True)
class Siege:
    """A subject and the files that it is to suffer from."""

    subject: Subject
    files: Mapping[str, Maker] = field(default_factory=dict)
    crowds: Mapping[str, Crowd] = field(default_factory=dict)


@cache
def _packed() -> bytes:
    return gzip.compress(bytes(64 * MiB))


def _zeroes(limit: int) -> bytes:
    return _packed()[:limit]


def _one(subject: Subject, path: str, maker: Maker) -> Siege:
    return Siege(subject=subject, files={path: maker})


def _crowd(subject: Subject, folder: str, pattern: str, maker: Maker, *, count: int = MANY) -> Siege:
    return Siege(subject=subject, crowds={folder: (pattern, count, maker)})


SIEGES = {
    "accounts of the shortest lines": _one(Subject.ACCOUNTS, "/etc/passwd", numbered("a%d:x:0:0:::\n")),
    "passwords of the shortest lines": Siege(
        subject=Subject.ACCOUNTS,
        files={"/etc/passwd": whole(b"root:x:0:0:::\n"), "/etc/shadow": numbered("%d:\n")},
    ),
    "a group of millions": _one(Subject.ACCOUNTS, "/etc/group", repeated(b"a,", head=b"g:x:1:")),
    "ranges of ids": _one(Subject.ACCOUNTS, "/etc/subuid", repeated(b"a:1:1\n")),
    "permissions on one line": _one(
        Subject.ACCOUNTS, "/etc/sudoers", repeated(b"a a=(a)a" + b",(b)a,(c)a" * 10_000 + b"\n")
    ),
    "an alias of thousands in every rule": _one(
        Subject.ACCOUNTS,
        "/etc/sudoers",
        numbered("a a=C\n", head="Cmnd_Alias C=" + ",".join(f"/tmp/{at}" for at in range(10_000)) + "\n"),
    ),
    "a status of one field": _one(Subject.PACKAGES, "/var/lib/dpkg/status", repeated(b"\x01", head=b"package:")),
    "files of status": _crowd(Subject.PACKAGES, "/var/lib/dpkg/status.d", "f%d", repeated(b"package:a\n\n")),
    "records without a name": _one(Subject.PACKAGES, "/lib/apk/db/installed", repeated(b"V:\n\n")),
    "a repository of a million addresses": _crowd(
        Subject.PACKAGES, "/etc/yum.repos.d", "a%d.repo", repeated(b"a ", head=b"[a]\nbaseurl="), count=1000
    ),
    "tables of cron": _crowd(Subject.PERSISTENCE, "/etc/cron.d", "f%d", repeated(b"@a a /tmp/b\n")),
    "stacks of PAM": _crowd(Subject.PERSISTENCE, "/etc/pam.d", "a%d", repeated(b"auth a b\n")),
    "hooks on one line": _one(Subject.PERSISTENCE, "/etc/apt/apt.conf", repeated(b'"a";', head=b"DPkg::Post-Invoke {")),
    "presets for every unit": Siege(
        subject=Subject.PERSISTENCE,
        crowds={
            "/etc/systemd/system": ("a%d.service", 20_000, _UNIT),
            "/etc/systemd/system-preset": ("%d.preset", 1000, numbered("enable *a*b*c*d%d*\n")),
        },
    ),
    "a key of a thousand options": _one(
        Subject.SSH, "/root/.ssh/authorized_keys", repeated(b"a," * 2000 + b"a ssh-ed25519 AAAA\n")
    ),
    "includes of a great folder": Siege(
        subject=Subject.SSH,
        files={"/etc/ssh/sshd_config": repeated(b"include /etc/x/*a*b*c*\n")},
        crowds={"/etc/x": ("a" * 200 + "%d", MANY, whole(b""))},
    ),
    "failures of everybody": _one(Subject.LOGINS, "/var/log/faillog", _FAILURE),
    "logins that explode": _crowd(Subject.LOGINS, "/var/log", "wtmp.%d.gz", _zeroes, count=2000),
    "YAML of one list": _crowd(
        Subject.CLOUD, "/etc/cloud/cloud.cfg.d", "a%d.cfg", whole(b"[" + b"a," * 260_000 + b"]"), count=1000
    ),
    "YAML without a bottom": _one(Subject.CLOUD, "/etc/cloud/cloud.cfg", whole(b"[" * 500_000)),
    "time servers": _crowd(Subject.CLOUD, "/etc/chrony.d", "a%d.conf", repeated(b"server a\n")),
    "JSON of nothing but brackets": Siege(
        subject=Subject.CONTAINERS,
        files={
            f"/home/h{number}/.local/share/containers/storage/overlay-images/images.json": _BRACKETS
            for number in range(300)
        },
    ),
    "servers of a great folder": Siege(
        subject=Subject.SERVERS,
        files={"/etc/apache2/apache2.conf": whole(b"Include conf.d/*\n")},
        crowds={"/etc/apache2/conf.d": ("a%d", MANY, repeated(b"a b\n"))},
    ),
    "leases": _crowd(Subject.NETWORK, "/var/lib/dhcp", "dhclient.%d.leases", repeated(b"lease {\n}\n")),
    "menus of a loader": Siege(
        subject=Subject.BOOT,
        files={f"/boot/efi/EFI/{number}/grub.cfg": repeated(b"menuentry 'a' {\nlinux a\n") for number in range(300)},
    ),
    "entries of a loader": _crowd(
        Subject.BOOT, "/boot/loader/entries", "a%d.conf", repeated(b"initrd a\n", head=b"linux a\n")
    ),
    "a release of a million fields": _one(Subject.IDENTITY, "/etc/os-release", numbered("A%d=b\n")),
}


def besiege(siege: Siege) -> dict[str, object]:
    """Make the whole report of a tree in a forked child. Returns what it told, and what it took of memory and time."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        resource.setrlimit(resource.RLIMIT_CPU, (_MOST_SECONDS, _MOST_SECONDS))
        with open(writing, "wb") as pipe:
            pipe.write(json.dumps(_report(siege)).encode())
            pipe.flush()
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        told = pipe.read()
    _, status, usage = os.wait4(child, 0)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "told": json.loads(told or b"[]"),
        "peak_bytes": usage.ru_maxrss * 1024,
        "seconds": usage.ru_utime + usage.ru_stime,
    }


def _report(siege: Siege) -> list[str]:
    with tempfile.TemporaryDirectory() as scratch:
        guest = Guest(tree=HostileTree(siege.files, siege.crowds), label="system:1", scratch=Path(scratch))
        found = describe_system(guest, fstab=Fact.absent(), subjects={siege.subject})
    diagnostics = diagnostics_of(found, "systems/system:1")
    started = parse_utc("2026-01-01T00:00:00Z")
    run = RunInfo(started=started, imgkit="0", engine=Engine.NATIVE, engine_reason="", subjects=(), tools=())
    storage = Storage(disks=(), partitions=(), file_systems=())
    report_bytes(Report(run=run, storage=storage, systems=(found,), data_disks=(), diagnostics=diagnostics))
    return [one.message for one in diagnostics if one.level is DiagnosticLevel.UNDETERMINED]


def main() -> None:
    for name, siege in SIEGES.items():
        sys.stdout.write(json.dumps({"name": name, **besiege(siege)}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
