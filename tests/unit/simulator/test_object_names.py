"""Names of exported objects."""

import pytest

from imgkit.simulator.cloud_settings import CloudSettings
from imgkit.simulator.images import CloudDisk
from imgkit.simulator.object_names import object_name

SYSTEM, DATA = CloudDisk(), CloudDisk(device="/dev/xvdb")


@pytest.mark.parametrize(
    ("disk", "prefix", "image_format", "settings", "name"),
    [
        (SYSTEM, "case", "raw", {}, "case_m-1_system.raw.tar.gz"),
        (SYSTEM, "", "raw", {}, "m-1_system.raw.tar.gz"),
        (DATA, "", "raw", {}, "m-1_data_xvdb.raw.tar.gz"),
        (DATA, "case", "raw", {"naming": "hyphen"}, "case-m-1-data-xvdb.raw.tar.gz"),
        (SYSTEM, "", "vhd", {}, "m-1_system.vhd"),
        (SYSTEM, "", "vhd", {"packaging": "tar.gz"}, "m-1_system.vhd.tar.gz"),
        (SYSTEM, "", "raw", {"packaging": "bare"}, "m-1_system.raw"),
    ],
)
def test_names(disk, prefix, image_format, settings, name):
    found = object_name("m-1", disk, prefix=prefix, image_format=image_format, settings=CloudSettings(**settings))
    assert found == name
