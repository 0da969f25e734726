"""Regions."""

from imgkit.simulator.regions import FORMAT_REGIONS, REGIONS, internal_endpoint, public_endpoint


def test_nine_regions_outside_of_mainland_china_offer_formats():
    assert len(FORMAT_REGIONS) == 9
    assert FORMAT_REGIONS < REGIONS
    assert not any(region.startswith("cn-") for region in FORMAT_REGIONS)


def test_endpoints_follow_the_region():
    assert public_endpoint("cn-hangzhou") == "oss-cn-hangzhou.aliyuncs.com"
    assert internal_endpoint("cn-hangzhou") == "oss-cn-hangzhou-internal.aliyuncs.com"
