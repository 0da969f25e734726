"""The role documents can be pasted."""

import json
import re

from imgkit.aliyun.service_role import how_to_make_the_role


def test_both_documents_stand_in_the_words_as_valid_json():
    words = how_to_make_the_role()

    trust, permission = (json.loads(found) for found in re.findall(r"^\{.*?^\}", words, re.DOTALL | re.MULTILINE))
    assert trust["Statement"][0]["Principal"] == {"Service": ["ecs.aliyuncs.com"]}
    assert trust["Statement"][0]["Action"] == "sts:AssumeRole"
    assert set(permission["Statement"][0]["Action"]) == {
        "oss:GetObject",
        "oss:PutObject",
        "oss:DeleteObject",
        "oss:GetBucketLocation",
        "oss:GetBucketInfo",
        "oss:AbortMultipartUpload",
        "oss:ListMultipartUploads",
        "oss:ListParts",
    }
    assert "AliyunECSImageExportDefaultRole" in words
