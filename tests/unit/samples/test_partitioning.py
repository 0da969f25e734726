from pathlib import Path

from imgkit.samples.partitioning import LINUX, NewPartition, copy_into, partition_script
from imgkit.units import MiB

UUID = "A1B2C3D4-0001-4000-8000-000000000001"


def test_sfdisks_input_leaves_nothing_to_chance():
    one = NewPartition(start_bytes=2 * MiB, size_bytes=4 * MiB, type=LINUX, uuid=UUID, name="root")
    script = partition_script("2F1E7C52-6B1A-4C7D-9E0F-1B6D5A3C8E70", [one])
    assert "label-id: 2F1E7C52-6B1A-4C7D-9E0F-1B6D5A3C8E70" in script
    assert f'start=4096, size=8192, type={LINUX}, uuid={UUID}, name="root"' in script


def test_content_lands_at_its_offset_and_zeroes_are_not_written(tmp_path: Path):
    content, disk = tmp_path / "content", tmp_path / "disk"
    with content.open("wb") as file:
        file.write(b"begin" + bytes(MiB))
        file.seek(8 * MiB)
        file.write(b"end")
    with disk.open("wb") as file:
        file.truncate(32 * MiB)
    copy_into(content, disk, 3 * MiB)
    raw = disk.read_bytes()
    assert raw[3 * MiB : 3 * MiB + 5] == b"begin"
    assert raw[11 * MiB : 11 * MiB + 3] == b"end"
    assert len(raw) == 32 * MiB
    assert raw.count(0) == 32 * MiB - 8
    assert disk.stat().st_blocks * 512 < MiB
