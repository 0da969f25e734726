"""The files of the sample system beyond its packages: accounts, fstab, keys, timers, logs, and awkward names."""

import os
import random
from pathlib import Path

from imgkit.samples.debian_packages import PackageFile, install_packages, make_folders, write_file
from imgkit.samples.early_files import initramfs
from imgkit.samples.file_systems import MADE, Owner
from imgkit.samples.system_packages import KERNELS, system_packages
from imgkit.units import MiB

ROOT_UUID = "5f0b1c3e-7a52-4a5e-9d61-2f3d0e8c7b41"
DATA_GROUP, DATA_VOLUME = "vg_srv", "lv_www"
HOSTNAME = "web-01"
NOT_UTF8 = b"caf\xe9.txt"
ADMIN, MAIL, SHADOW = Owner(1000, 1000), Owner(8, 8), Owner(0, 42)
OWNERS = {
    "/home/admin": ADMIN,
    "/home/admin/.bash_history": ADMIN,
    "/home/admin/.ssh": ADMIN,
    "/home/admin/.ssh/authorized_keys": ADMIN,
    "/etc/shadow": SHADOW,
}
_ED25519 = "AAAAC3NzaC1lZDI1NTE5AAAAIGRlbW8ga2V5IG9mIGltZ2tpdCdzIHNhbXBsZSBkaXNr"
_ACCOUNTS = """root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
mail:x:8:8:mail:/var/mail:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
sshd:x:104:65534::/run/sshd:/usr/sbin/nologin
admin:x:1000:1000:Administrator,,,:/home/admin:/bin/bash
"""
_SHADOW = """root:*:19783:0:99999:7:::
daemon:*:19783:0:99999:7:::
mail:*:19783:0:99999:7:::
www-data:*:19783:0:99999:7:::
sshd:!:19783::::::
admin:$y$j9T$imgkitSampleSalt$imgkitSampleHashThatIsNoPasswordAtAll.:19783:0:99999:7:::
"""
_GROUP = """root:x:0:
daemon:x:1:
mail:x:8:
sudo:x:27:admin
www-data:x:33:
shadow:x:42:
admin:x:1000:
"""
_FSTAB = f"""# <file system>  <mount point>  <type>  <options>  <dump>  <pass>
UUID={ROOT_UUID}  /  ext4  errors=remount-ro  0  1
/dev/vdb1  /data  xfs  defaults,nofail  0  2
/dev/mapper/{DATA_GROUP}-{DATA_VOLUME}  /srv  ext4  defaults,nofail  0  2
tmpfs  /tmp  tmpfs  nosuid,nodev  0  0
"""
_TIMER = """[Unit]
Description=Nightly dump of the shop's database

[Service]
Type=oneshot
ExecStart=/usr/local/bin/dump-shop
"""
_FILES = (
    ("/etc/passwd", _ACCOUNTS, 0o644),
    ("/etc/shadow", _SHADOW, 0o640),
    ("/etc/group", _GROUP, 0o644),
    ("/etc/hostname", f"{HOSTNAME}\n", 0o644),
    ("/etc/hosts", f"127.0.0.1\tlocalhost\n127.0.1.1\t{HOSTNAME}\n", 0o644),
    ("/etc/machine-id", "0123456789abcdef0123456789abcdef\n", 0o444),
    ("/etc/timezone", "Asia/Shanghai\n", 0o644),
    ("/etc/default/locale", "LANG=en_US.UTF-8\n", 0o644),
    ("/etc/fstab", _FSTAB, 0o644),
    ("/etc/sudoers.d/90-admin", "admin ALL=(ALL) NOPASSWD:ALL\n", 0o440),
    ("/etc/cron.d/shop", "30 2 * * * root /usr/local/bin/dump-shop\n@reboot www-data /srv/www/warm-up\n", 0o644),
    ("/etc/systemd/system/shop-dump.service", _TIMER, 0o644),
    ("/etc/apt/sources.list", "deb http://mirrors.aliyun.com/debian bookworm main\n", 0o644),
    ("/root/.ssh/authorized_keys", f"ssh-ed25519 {_ED25519} root@bastion\n", 0o600),
    ("/home/admin/.ssh/authorized_keys", f'from="10.0.0.0/8",no-pty ssh-ed25519 {_ED25519} admin@laptop\n', 0o600),
    ("/home/admin/.bash_history", "sudo systemctl restart nginx\ndf -h\n", 0o600),
    ("/usr/local/bin/dump-shop", "#!/bin/sh\nexec true\n", 0o755),
    ("/usr/local/share/aliyun-assist/2.2.3.612/aliyun-service", "#!/bin/sh\n", 0o755),
)
_LINKS = (
    ("/bin", "usr/bin"),
    ("/lib", "usr/lib"),
    ("/sbin", "usr/sbin"),
)
_LATER_LINKS = (
    ("/sbin/init", "/lib/systemd/systemd"),
    ("/usr/bin/sh", "bash"),
    ("/etc/localtime", "/usr/share/zoneinfo/Asia/Shanghai"),
    ("/etc/systemd/system/multi-user.target.wants/ssh.service", "/lib/systemd/system/ssh.service"),
    ("/etc/systemd/system/multi-user.target.wants/nginx.service", "/lib/systemd/system/nginx.service"),
    ("/vmlinuz", f"boot/vmlinuz-{KERNELS[-1]}"),
    ("/home/admin/loop", "loop"),
    ("/home/admin/outside", "../../../../../../etc/hostname"),
)
_EMPTY = ("data", "dev", "proc", "run", "srv", "sys", "tmp", "var/log", "var/tmp", "var/mail")


def build_system_tree(root: Path, *, scratch: Path, filler_bytes: int) -> None:
    """Fill the folder `root` with a small Debian; `filler_bytes` of it are logs and an initramfs nobody can squeeze."""
    for folder in ("usr/bin", "usr/lib", "usr/sbin", *_EMPTY):
        make_folders(root / folder)
    for path, target in _LINKS:
        write_file(root, PackageFile(path=path, link=target))
    install_packages(root, system_packages(), scratch=scratch)
    for path, text, mode in _FILES:
        write_file(root, PackageFile(path=path, content=text.encode(), mode=mode))
    for path, target in _LATER_LINKS:
        write_file(root, PackageFile(path=path, link=target))
    _fill(root, filler_bytes)
    _set_modes(root)


def _fill(root: Path, filler_bytes: int) -> None:
    """Write what a real disk is full of: half of it compresses well, half not at all."""
    noise = random.Random(MADE)  # noqa: S311  # the same disk each time is the point
    for release in KERNELS:
        content = initramfs(release, noise.randbytes(filler_bytes // 4))
        write_file(root, PackageFile(path=f"/boot/initrd.img-{release}", content=content))
    line = (
        "Mar  1 00:00:{:02d} web-01 sshd[{}]: Failed password for invalid user admin from 203.0.113.{} port {} ssh2\n"
    )
    lines = [line.format(noise.randrange(60), noise.randrange(99999), noise.randrange(255), noise.randrange(65535))
             for _ in range(1000)]  # fmt: skip
    block = "".join(lines).encode()
    write_file(
        root, PackageFile(path="/var/log/auth.log", content=block * (filler_bytes // 2 // len(block)), mode=0o640)
    )
    (root / "home/admin" / os.fsdecode(NOT_UTF8)).write_bytes(b"a name that is not UTF-8\n")


def _set_modes(root: Path) -> None:
    (root / "tmp").chmod(0o1777)
    (root / "var/tmp").chmod(0o1777)
    for private in ("root", "root/.ssh", "home/admin", "home/admin/.ssh"):
        (root / private).chmod(0o700)
    (root / "home/admin" / os.fsdecode(NOT_UTF8)).chmod(0o644)


SMALL_FILLER_BYTES = 12 * MiB
LARGE_FILLER_BYTES = 256 * MiB
