"""What is handed to unpacking."""

from imgkit.model.unpacked import ArchiveKind


def test_all_but_a_bare_disk_is_for_unpacking_to_judge() -> None:
    """A saved error page is refused there by its name, and never taken for a raw disk."""
    assert {kind for kind in ArchiveKind if not kind.unpackable} == {ArchiveKind.DISK, ArchiveKind.UNKNOWN}
