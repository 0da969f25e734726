"""Room aliyun."""
