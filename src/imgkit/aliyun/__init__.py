"""Alibaba Cloud: credentials, ECS, OSS and the meaning of their errors; the only room that knows the SDKs."""
