"""The lines of fstab on their way to becoming mounts."""

import pytest

from imgkit.disks.fstab_lines import describe_line, in_order, why_skipped
from imgkit.model.mounts import EntryState, FstabEntry, MountKind
from imgkit.model.storage import MountState


def line(
    folder: bytes = b"/data", *, kind: str = "ext4", options: tuple[str, ...] = (), found: bool = True
) -> FstabEntry:
    return FstabEntry(
        line=1,
        spec="UUID=x",
        folder=folder,
        type=kind,
        options=options,
        dump=0,
        check_pass=0,
        kind=MountKind.UUID,
        state=EntryState.FOUND if found else EntryState.ELSEWHERE,
        place="system:1",
    )


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (line(), ""),
        (line(found=False), "it lies on no disk"),
        (line(kind="swap"), "swap space"),
        (line(b"none"), "not mounted anywhere"),
        (line(options=("noauto",)), "not mounted at boot (noauto)"),
    ],
)
def test_what_is_no_file_system_to_look_into_is_skipped_with_its_reason(entry: FstabEntry, reason: str) -> None:
    assert why_skipped(entry) == reason


def test_a_folder_is_mounted_before_what_lies_below_it() -> None:
    lines = [line(b"/a/b"), line(b"/a"), line(b"/"), line(b"/c")]
    assert [one.folder for one in in_order(lines)] == [b"/", b"/a", b"/c", b"/a/b"]


def test_a_line_is_described_without_what_a_terminal_would_obey() -> None:
    mount = describe_line(line(b"/x\x1b[2J", options=("ro", "nofail")))
    assert (mount.folder, mount.options, mount.state) == ("/x\\x1b[2J", "ro,nofail", MountState.UNRESOLVED)
