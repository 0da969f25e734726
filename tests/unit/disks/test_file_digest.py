"""The digest of a file, holes and all."""

import hashlib
from pathlib import Path

from imgkit.disks.file_digest import file_sha256
from imgkit.units import MiB


def test_is_what_sha256sum_prints(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.seek(9 * MiB)
        file.write(b"data")
        file.truncate(20 * MiB + 3)
    assert file_sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()
