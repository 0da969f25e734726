"""Images, and how DescribeImages selects and words them."""

import pytest

from imgkit.simulator.images import CloudDisk, CloudImage, ImageQuery, describe_image, select_images
from imgkit.units import GiB

REGION = "cn-hangzhou"
OWN = CloudImage(image_id="m-1", region_id=REGION, image_name="web-01", tags=(("case", "42"),), image_family="web")
CREATING = CloudImage(image_id="m-2", region_id=REGION, status="Creating", resource_group_id="rg-1")
MARKET = CloudImage(image_id="m-3", region_id=REGION, owner_alias="marketplace", os_type="windows")
AWAY = CloudImage(image_id="m-4", region_id="cn-beijing")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["m-1"]),
        ({"statuses": ("ALL",)}, ["m-1", "m-2"]),
        ({"statuses": ("Creating",)}, ["m-2"]),
        ({"statuses": ("ALL",), "image_ids": ("m-2", "m-3")}, ["m-2"]),
        ({"owner_alias": "marketplace"}, ["m-3"]),
        ({"owner_alias": "self"}, ["m-1"]),
        ({"name": "web-01"}, ["m-1"]),
        ({"name": "web"}, []),
        ({"name": "*web*"}, ["m-1"]),
        ({"tags": (("case", "42"),)}, ["m-1"]),
        ({"tags": (("case", ""),)}, ["m-1"]),
        ({"tags": (("case", "43"),)}, []),
        ({"image_family": "web"}, ["m-1"]),
        ({"image_family": "db"}, []),
        ({"resource_group_id": "rg-1", "statuses": ("ALL",)}, ["m-2"]),
    ],
)
def test_filters(query, found):
    images = select_images([AWAY, MARKET, CREATING, OWN], ImageQuery(region_id=REGION, **query))
    assert [image.image_id for image in images] == found


def test_disks_are_told_as_the_service_words_them():
    image = CloudImage(
        image_id="m-1", disks=(CloudDisk(size_gib=20), CloudDisk(device="/dev/xvdb", size_gib=100, encrypted=True))
    )
    words = describe_image(image)
    disks = words["DiskDeviceMappings"]["DiskDeviceMapping"]
    assert words["Size"] == 20
    assert [(one["Device"], one["Type"], one["Size"], one["Encrypted"]) for one in disks] == [
        ("/dev/xvda", "system", "20", False),
        ("/dev/xvdb", "data", "100", True),
    ]


def test_old_images_do_not_tell_the_type_of_their_disks():
    (disk,) = describe_image(CloudImage(image_id="m-1", disks=(CloudDisk(type="none"),)))["DiskDeviceMappings"][
        "DiskDeviceMapping"
    ]
    assert "Type" not in disk


def test_a_disk_is_as_large_as_its_file_rounded_up(tmp_path):
    file = tmp_path / "disk"
    with file.open("wb") as opened:
        opened.truncate(GiB + 1)
    assert CloudDisk(file=str(file)).gib == 2
    assert CloudDisk().gib == 40


@pytest.mark.parametrize("words", [{"device": "/dev/../x"}, {"device": "xvda"}, {"type": "floppy"}])
def test_what_is_no_disk_is_refused(words):
    with pytest.raises(ValueError, match=r"no device|type"):
        CloudDisk(**words)


@pytest.mark.parametrize("image_id", ["", "m-", "../m-1", "m-1|e", "M-1"])
def test_what_is_no_image_id_is_refused(image_id):
    with pytest.raises(ValueError, match="no image id"):
        CloudImage(image_id=image_id)
