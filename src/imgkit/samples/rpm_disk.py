"""The system disk of a machine whose packages are rpm's: an Alibaba Cloud Linux, on a disk without partitions."""

import tempfile
from pathlib import Path

from imgkit.files.whole import partial_path
from imgkit.samples.debian_packages import PackageFile, make_folders, write_file
from imgkit.samples.file_systems import make_ext4
from imgkit.samples.rpm_packages import PACKAGES, PROGRAM, RpmBackend, build_packages, enter_packages
from imgkit.units import MiB

_DISK_BYTES = 64 * MiB
_UUIDS = {
    RpmBackend.SQLITE: "0b8a7c52-90c4-4f0e-8a35-6d1f2b7c3e01",
    RpmBackend.BERKELEY: "0b8a7c52-90c4-4f0e-8a35-6d1f2b7c3e02",
}
_RELEASES = {RpmBackend.SQLITE: ("4", "OpenAnolis Edition"), RpmBackend.BERKELEY: ("3", "Soaring Falcon")}
_YUM = """[alinux-os]
name=Alibaba Cloud Linux - OS
baseurl=http://mirrors.cloud.aliyuncs.com/alinux/$releasever/os/$basearch/
enabled=1
gpgcheck=1
gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-ALINUX
"""


def make_rpm_disk(target: Path, *, backend: RpmBackend) -> Path:
    """Make a raw disk at `target` as any user; the database says that its packages were installed now.

    Raises ToolMissing naming the package, and TargetExists.
    """
    with (
        partial_path(target) as partial,
        tempfile.TemporaryDirectory(prefix=".imgkit-sample-", dir=target.parent) as scratch,
    ):
        root, packages, database = (Path(scratch, name) for name in ("root", "packages", "database"))
        for folder in (root, packages, database):
            make_folders(folder)
        main = enter_packages(database, build_packages(packages), backend=backend)
        for file in system_files(main.name, main.read_bytes(), backend):
            write_file(root, file)
        make_ext4(partial, root, size_bytes=_DISK_BYTES, uuid=_UUIDS[backend], label="root")
    return target


def system_files(name: str, database: bytes, backend: RpmBackend) -> tuple[PackageFile, ...]:
    """Return the files of the system; `name` and `database` are the main file of rpm's database."""
    version, edition = _RELEASES[backend]
    release = (
        f'NAME="Alibaba Cloud Linux"\nVERSION="{version} ({edition})"\nID="alinux"\nID_LIKE="rhel fedora centos"\n'
        f'VERSION_ID="{version}"\nPRETTY_NAME="Alibaba Cloud Linux {version} ({edition})"\n'
    )
    texts = {
        "/etc/os-release": release,
        "/etc/passwd": "root:x:0:0:root:/root:/bin/bash\necs-user:x:1000:1000::/home/ecs-user:/bin/bash\n",
        "/etc/group": "root:x:0:\necs-user:x:1000:\n",
        "/etc/hostname": "db-01\n",
        "/etc/fstab": f"UUID={_UUIDS[backend]} / ext4 defaults 1 1\n",
        "/etc/yum.repos.d/alinux.repo": _YUM,
    }
    return (
        PackageFile(path=f"/var/lib/rpm/{name}", content=database),
        *(PackageFile(path=path, content=text.encode()) for path, text in texts.items()),
        *(PackageFile(path=f"/usr/bin/{one.name}", content=PROGRAM, mode=0o4755) for one in PACKAGES),
        PackageFile(path="/usr/bin/stranger", content=PROGRAM, mode=0o4755),
    )
