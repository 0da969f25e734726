"""One disk for each kind of file system, with the awkward tree on it, filled by a Linux kernel in the appliance."""

from collections.abc import Sequence
from pathlib import Path

from imgkit.samples.appliance_work import Work
from imgkit.samples.awkward_tree import write_awkward_tar, write_plain_tar
from imgkit.samples.file_system_kinds import KINDS, FileSystemKind, make_empty

_CAPABILITY = "0x0100000200200000000000000000000000000000"  # cap_net_raw=ep, revision 2
# What tar cannot bring: holes, attributes, access lists.
_EXTRAS = """
printf data | dd of=sparse bs=1M seek={at} conv=notrunc status=none
truncate -s {at}M sparse && truncate -s +500K sparse
truncate -s 1M all-hole
mkdir attributes
for name in file none list many large; do echo $name > attributes/$name; done
ln -s file attributes/link
setfattr -n user.note -v 'a note' attributes/file
setfattr -n user.bytes -v 0x00ff0a3d22 attributes/file
setfattr -n trusted.mark -v 1 attributes/file
setfattr -n trusted.mark -v link -h attributes/link
setfattr -n user.folder -v yes attributes
setfattr -n security.capability -v {capability} attributes/file
for n in 1 2 3 4 5 6 7 8; do setfattr -n user.number$n -v "value $n" attributes/many; done
setfattr -n user.large -v "$(head -c 700 /dev/zero | tr '\\0' x)" attributes/large
setfacl -m u:100000:rwx,g:65536:r attributes/list
setfacl -d -m u:100000:rx attributes
"""
_CASEFOLD = "mkdir folded && chattr +F folded && echo folded > 'folded/MiXeD' && echo umlaut > folded/Ümlaut"


def kind_works(folder: Path, kinds: Sequence[FileSystemKind] = KINDS) -> tuple[Work, ...]:
    """Make `KIND.raw` in `folder` for each kind, empty, and return the work that fills them.

    Raises ToolMissing naming the package.
    """
    tars = {False: folder / "awkward.tar", True: folder / "plain.tar"}
    write_awkward_tar(tars[False])
    write_plain_tar(tars[True])
    return tuple(_work(folder / f"{kind.name}.raw", kind, tars[kind.plain]) for kind in kinds)


def _work(target: Path, kind: FileSystemKind, tar: Path) -> Work:
    make_empty(target, kind)
    owners = "--no-same-owner --no-same-permissions" if kind.plain else "-p --numeric-owner"
    extras = "" if kind.plain else _extras(kind)

    def lines(devices: Sequence[str]) -> Sequence[str]:
        inside = f"cd /run/m\ntar -xf {devices[1]} {owners}\n{extras}\ncd /"
        return _mounted(kind, devices[0], inside)

    return Work(name=target.name, disks=(target,), sources=(tar,), lines=lines)


def _extras(kind: FileSystemKind) -> str:
    """Blocks of 1 KiB take a third level of indirection from 64 MiB on; elsewhere less will do, and is read sooner."""
    lines = _EXTRAS.format(at=66 if "1k" in kind.name else 8, capability=_CAPABILITY)
    return lines + (_CASEFOLD if "casefold" in kind.name else "")


def _mounted(kind: FileSystemKind, device: str, line: str) -> Sequence[str]:
    return ("mkdir -p /run/m", f"mount {kind.mount} {device} /run/m", line, "umount /run/m")
