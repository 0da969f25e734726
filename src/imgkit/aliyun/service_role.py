"""The service role that lets ECS write an export into a bucket, ready to be pasted ("ExportImage", section RAM)."""

import json

from imgkit.aliyun.rules import EXPORT_ROLE_NAME

TRUST_POLICY = {
    "Version": "1",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["ecs.aliyuncs.com"]}},
    ],
}

PERMISSION_POLICY = {
    "Version": "1",
    "Statement": [
        {
            "Effect": "Allow",
            "Resource": "*",
            "Action": [
                "oss:GetObject",
                "oss:PutObject",
                "oss:DeleteObject",
                "oss:GetBucketLocation",
                "oss:GetBucketInfo",
                "oss:AbortMultipartUpload",
                "oss:ListMultipartUploads",
                "oss:ListParts",
            ],
        },
    ],
}


def how_to_make_the_role() -> str:
    """Say how to make the role, with both of its documents."""
    return (
        f"Make the role {EXPORT_ROLE_NAME} in the RAM console (Cloud Resource Access Authorization), or by hand:\n"
        f"its trust policy\n{json.dumps(TRUST_POLICY, indent=2)}\n"
        "and its permissions, which the system policy AliyunECSImageExportRolePolicy holds too\n"
        f"{json.dumps(PERMISSION_POLICY, indent=2)}"
    )
