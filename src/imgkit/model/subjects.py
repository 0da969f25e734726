"""The subjects of a report: what may be asked for by itself, or left out."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Subject(StrEnum):
    """Storage is none of them: it is always looked at, and all else stands on it."""

    IDENTITY = "identity"
    BOOT = "boot"
    MOUNTS = "mounts"
    PACKAGES = "packages"
    ACCOUNTS = "accounts"
    NETWORK = "network"
    CLOUD = "cloud"
    LOGS = "logs"
    CONTAINERS = "containers"
    SERVERS = "servers"
    FILES = "files"
    LOGINS = "logins"
    SSH = "ssh"
    PERSISTENCE = "persistence"
    CONTENTS = "contents"


EVERY_SUBJECT = frozenset(Subject)

# What `imgkit inspect --list` says of each.
SUBJECT_WORDS: Mapping[Subject, str] = MappingProxyType(
    {
        Subject.IDENTITY: "distribution, release, architecture, host name, machine id, time zone, locale",
        Subject.BOOT: "mode, loader, command lines, kernels, drivers in each initramfs",
        Subject.MOUNTS: "fstab over all disks of the set, and what became of each line",
        Subject.PACKAGES: "what dpkg, rpm and apk have installed, and from which repositories",
        Subject.NETWORK: "interfaces, name servers, hosts, rules of access and of firewalls, leases",
        Subject.CLOUD: "cloud-init, what was handed to instances, Alibaba's agents, traces of ECS, time servers",
        Subject.LOGS: "which logs there are, what times they cover, where they are silent or empty",
        Subject.CONTAINERS: "engines, images, containers with what they see of the system, volumes, pods",
        Subject.SERVERS: "how web servers and databases are set up: addresses, folders, who gets in",
        Subject.FILES: "programs that change their user or bring rights, odd places, names and times: one walk",
        Subject.ACCOUNTS: "users, the state of their passwords, groups, who may do what by sudo",
        Subject.LOGINS: "sessions, failed attempts, the last log-in of each user, starts of the machine",
        Subject.SSH: "keys that let somebody in, settings of the server, host keys, private keys, known hosts",
        Subject.PERSISTENCE: "what starts by itself: cron, at, systemd, init, shells, PAM, kernel modules, udev, hooks",
        Subject.CONTENTS: "what a disk without an operating system holds",
    }
)
