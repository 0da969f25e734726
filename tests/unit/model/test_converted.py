"""Tests of model/converted.py."""

from pathlib import Path

from imgkit.model.converted import ConvertedImage, ResultFile
from imgkit.model.formats import DiskFormat


def test_the_first_file_is_the_image_itself():
    files = (
        ResultFile(path=Path("d.vmdk"), size=1, sha256="a" * 64),
        ResultFile(path=Path("d-flat.vmdk"), size=9, sha256=""),
    )
    done = ConvertedImage(
        path=Path("d.vmdk"), format=DiskFormat.VMDK, virtual_size=1024, source_size=1000, files=files, proven=True
    )
    assert done.sha256 == "a" * 64
    assert done.padding_bytes == 24
