"""The regions that the loopback cloud knows, and what differs between them."""

# Region ids as `DescribeRegions` lists them; enough of them to tell a wrong region from an unknown one.
REGIONS = frozenset({
    "cn-qingdao", "cn-beijing", "cn-zhangjiakou", "cn-huhehaote", "cn-wulanchabu", "cn-hangzhou", "cn-shanghai",
    "cn-nanjing", "cn-fuzhou", "cn-wuhan-lr", "cn-shenzhen", "cn-heyuan", "cn-guangzhou", "cn-chengdu", "cn-hongkong",
    "ap-northeast-1", "ap-northeast-2", "ap-southeast-1", "ap-southeast-3", "ap-southeast-5", "ap-southeast-6",
    "ap-southeast-7", "us-east-1", "us-west-1", "eu-west-1", "eu-central-1", "me-east-1", "me-central-1",
})  # fmt: skip

# The page of the ExportImage API names these regions as the only ones in which ImageFormat may be other than raw.
FORMAT_REGIONS = frozenset({
    "ap-northeast-1", "ap-southeast-5", "eu-central-1", "me-east-1", "us-east-1", "eu-west-1", "ap-southeast-1",
    "ap-southeast-3", "us-west-1",
})  # fmt: skip


def public_endpoint(region_id: str) -> str:
    """Return the public OSS endpoint of a region."""
    return f"oss-{region_id}.aliyuncs.com"


def internal_endpoint(region_id: str) -> str:
    """Return the OSS endpoint of a region that its own ECS instances reach."""
    return f"oss-{region_id}-internal.aliyuncs.com"
