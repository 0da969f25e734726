"""The packages of the sample system: names and versions of Debian 12.5, files that stand in for the real ones."""

import struct

from imgkit.samples.debian_packages import PackageFile, SamplePackage

KERNELS = ("6.1.0-17-cloud-amd64", "6.1.0-18-cloud-amd64")
OS_RELEASE = b"""PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
HOME_URL="https://www.debian.org/"
SUPPORT_URL="https://www.debian.org/support"
BUG_REPORT_URL="https://bugs.debian.org/"
"""
_SSHD_CONFIG = b"""Include /etc/ssh/sshd_config.d/*.conf
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM yes
X11Forwarding no
Subsystem sftp /usr/lib/openssh/sftp-server
"""
_SSH_UNIT = b"""[Unit]
Description=OpenBSD Secure Shell server
After=network.target auditd.service

[Service]
ExecStart=/usr/sbin/sshd -D $SSHD_OPTS
Restart=on-failure

[Install]
WantedBy=multi-user.target
Alias=sshd.service
"""
_NGINX_UNIT = b"""[Unit]
Description=A high performance web server and a reverse proxy server
After=network-online.target

[Service]
Type=forking
ExecStart=/usr/sbin/nginx -g 'daemon on; master_process on;'

[Install]
WantedBy=multi-user.target
"""
_CRONTAB = b"""SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin

17 *\t* * *\troot\tcd / && run-parts --report /etc/cron.hourly
25 6\t* * *\troot\ttest -x /usr/sbin/anacron || run-parts --report /etc/cron.daily
"""
_ELF_HEADER_BYTES, _PROGRAM_HEADER_BYTES, _LOAD_ADDRESS = 64, 56, 0x400000
_EXIT_0 = b"\x31\xff\xb8\x3c\x00\x00\x00\x0f\x05"  # xor edi, edi; mov eax, 60; syscall


def system_packages() -> tuple[SamplePackage, ...]:
    """Return all packages of the sample system."""
    return (*_base(), *_services(), *(_kernel(release) for release in KERNELS))


def tiny_program() -> bytes:
    """Return a static ELF program for x86-64 that ends at once with success."""
    size = _ELF_HEADER_BYTES + _PROGRAM_HEADER_BYTES + len(_EXIT_0)
    entry = _LOAD_ADDRESS + size - len(_EXIT_0)
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = struct.pack(
        "<16sHHIQQQIHHHHHH", ident, 2, 62, 1, entry, _ELF_HEADER_BYTES, 0, 0, _ELF_HEADER_BYTES,
        _PROGRAM_HEADER_BYTES, 1, 64, 0, 0,
    )  # fmt: skip
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, _LOAD_ADDRESS, _LOAD_ADDRESS, size, size, 0x1000)
    return header + load + _EXIT_0


def kernel_image(release: str) -> bytes:
    """Return what looks like an x86 bzImage from outside: the boot signature, `HdrS` and the version text."""
    version = f"{release} (debian-kernel@lists.debian.org) #1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)".encode()
    image = bytearray(64 * 1024)
    image[0x1F1] = 4  # sectors of set-up code
    image[0x1FE:0x200] = b"\x55\xaa"
    image[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", image, 0x206, 0x020F)  # boot protocol 2.15
    struct.pack_into("<H", image, 0x20E, 0x400)  # where the version stands, from 0x200
    image[0x211] = 1  # loaded high: a bzImage
    image[0x600 : 0x600 + len(version)] = version
    return bytes(image)


def _base() -> tuple[SamplePackage, ...]:
    return (
        SamplePackage(
            name="base-files",
            version="12.4+deb12u5",
            summary="Debian base system miscellaneous files",
            files=(
                PackageFile(path="/usr/lib/os-release", content=OS_RELEASE),
                PackageFile(path="/etc/os-release", link="../usr/lib/os-release"),
                PackageFile(path="/etc/debian_version", content=b"12.5\n"),
                PackageFile(path="/etc/issue", content=b"Debian GNU/Linux 12 \\n \\l\n\n"),
            ),
        ),
        _program("bash", "5.2.15-2+b2", "GNU Bourne Again SHell", "/usr/bin/bash", section="shells", source="bash"),
        _program("coreutils", "9.1-1", "GNU core utilities", "/usr/bin/ls", section="utils"),
        _program("libc6", "2.36-9+deb12u4", "GNU C Library: Shared libraries", "/usr/lib/x86_64-linux-gnu/libc.so.6",
                 section="libs", source="glibc"),
        _program("systemd", "252.22-1~deb12u1", "system and service manager", "/usr/lib/systemd/systemd"),
        _program("sudo", "1.9.13p3-1+deb12u1", "Provide limited super user privileges", "/usr/bin/sudo", mode=0o4755),
        SamplePackage(
            name="tzdata",
            version="2024a-0+deb12u1",
            architecture="all",
            section="localization",
            summary="time zone and daylight-saving time data",
            files=(PackageFile(path="/usr/share/zoneinfo/Asia/Shanghai", content=b"TZif2" + bytes(15)),),
        ),
    )  # fmt: skip


def _services() -> tuple[SamplePackage, ...]:
    return (
        SamplePackage(
            name="openssh-server",
            version="1:9.2p1-2+deb12u2",
            section="net",
            source="openssh",
            summary="secure shell (SSH) server, for secure access from remote machines",
            settings=("/etc/ssh/sshd_config",),
            files=(
                PackageFile(path="/usr/sbin/sshd", content=tiny_program(), mode=0o755),
                PackageFile(path="/etc/ssh/sshd_config", content=_SSHD_CONFIG),
                PackageFile(path="/usr/lib/systemd/system/ssh.service", content=_SSH_UNIT),
            ),
        ),
        SamplePackage(
            name="cron",
            version="3.0pl1-162",
            summary="process scheduling daemon",
            settings=("/etc/crontab",),
            files=(
                PackageFile(path="/usr/sbin/cron", content=tiny_program(), mode=0o755),
                PackageFile(path="/etc/crontab", content=_CRONTAB),
            ),
        ),
        SamplePackage(
            name="nginx",
            version="1.22.1-9",
            section="httpd",
            summary="small, powerful, scalable web/proxy server",
            settings=("/etc/nginx/nginx.conf",),
            files=(
                PackageFile(path="/usr/sbin/nginx", content=tiny_program(), mode=0o755),
                PackageFile(
                    path="/etc/nginx/nginx.conf", content=b"user www-data;\nhttp {\n  server { root /srv/www; }\n}\n"
                ),
                PackageFile(path="/usr/lib/systemd/system/nginx.service", content=_NGINX_UNIT),
            ),
        ),
        SamplePackage(
            name="cloud-init",
            version="22.4.2-1",
            architecture="all",
            summary="initialization system for infrastructure cloud instances",
            files=(PackageFile(path="/usr/lib/cloud-init/uncloud-init", content=b"#!/bin/sh\n", mode=0o755),),
        ),
    )


def _kernel(release: str) -> SamplePackage:
    return SamplePackage(
        name=f"linux-image-{release}",
        version="6.1.76-1" if release == KERNELS[-1] else "6.1.69-1",
        section="kernel",
        source="linux-signed-amd64",
        summary=f"Linux {release.partition('-')[0]} for x86-64 cloud",
        files=(
            PackageFile(path=f"/boot/vmlinuz-{release}", content=kernel_image(release)),
            PackageFile(path=f"/boot/config-{release}", content=b"CONFIG_VIRTIO_BLK=m\nCONFIG_XFS_FS=m\n"),
            PackageFile(path=f"/boot/System.map-{release}", content=b"ffffffffffffffff B The real System.map\n"),
            PackageFile(path=f"/usr/lib/modules/{release}/modules.builtin", content=b"kernel/fs/ext4/ext4.ko\n"),
        ),
    )


def _program(
    name: str, version: str, summary: str, path: str, *, section: str = "admin", source: str = "", mode: int = 0o755
) -> SamplePackage:
    return SamplePackage(
        name=name,
        version=version,
        summary=summary,
        section=section,
        source=source if source != name else "",
        files=(PackageFile(path=path, content=tiny_program(), mode=mode),),
    )
