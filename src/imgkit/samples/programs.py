"""The programs that make sample disks; several live in /usr/sbin, which is not on an ordinary user's PATH."""

from pathlib import Path

from imgkit.errors import ToolMissing
from imgkit.process import find_program

_SYSTEM_FOLDERS = ("/usr/sbin", "/sbin", "/usr/local/sbin", "/opt/homebrew/opt/e2fsprogs/sbin")
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PACKAGES = {
    "db_load": "db-util (Debian, Ubuntu) or libdb-utils (Fedora)",
    "debugfs": "e2fsprogs",
    "dpkg": "dpkg",
    "dpkg-deb": "dpkg",
    "mke2fs": "e2fsprogs",
    "mkfs.exfat": "exfatprogs",
    "mkfs.vfat": "dosfstools",
    "mkfs.xfs": "xfsprogs",
    "mkntfs": "ntfs-3g",
    "rpm": "rpm",
    "rpmbuild": "rpm (Debian, Ubuntu) or rpm-build (Fedora)",
    "sfdisk": "fdisk (Debian, Ubuntu) or util-linux (Fedora)",
}


def require_maker(name: str) -> Path:
    """Return the program of that name, or raise ToolMissing naming its package."""
    found = find_program(name) or _beside_the_path(name)
    if found is None:
        raise ToolMissing(
            f"{name} is not installed, and sample disks are made with it",
            hint=f"Install its package: {PACKAGES.get(name, name)}",
        )
    return found


def _beside_the_path(name: str) -> Path | None:
    return next((path for path in (Path(folder, name) for folder in _SYSTEM_FOLDERS) if path.exists()), None)
