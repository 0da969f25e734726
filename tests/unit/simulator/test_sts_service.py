"""STS of the loopback cloud, asked with signed requests."""

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.unit.simulator.requests_at_rest import NOW, request, small_cloud

from imgkit.simulator.acs3 import sign, string_to_sign
from imgkit.simulator.cloud import Cloud
from imgkit.simulator.front import read_call
from imgkit.simulator.keyring import AccessKey
from imgkit.simulator.sts_service import VERSION, StsService


def _ask(
    cloud: Cloud, action: str = "GetCallerIdentity", key: AccessKey | None = None, **spoilt: str
) -> tuple[int, Any]:
    settings = cloud.settings
    key = key or AccessKey(key_id=settings.access_key_id, secret=settings.access_key_secret)
    headers = {
        "host": "h",
        "x-acs-action": action,
        "x-acs-version": VERSION,
        "x-acs-date": NOW.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": "1",
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
    }
    headers |= {"x-acs-security-token": key.token} if key.token else {}
    names = tuple(headers)
    signature = sign(key.secret, string_to_sign(request("POST", "/", headers), names))
    told = f"ACS3-HMAC-SHA256 Credential={key.key_id},SignedHeaders={';'.join(names)},Signature={signature}"
    asked = request("POST", "/", headers | {"authorization": told} | spoilt)
    assert read_call(asked).service == "sts"
    response = StsService(cloud).handle(asked)
    return response.status, json.loads(response.body)


def test_a_key_is_told_whose_it_is(tmp_path: Path):
    status, told = _ask(small_cloud(tmp_path, account_id="99"))
    assert (status, told["AccountId"], told["IdentityType"]) == (200, "99", "RAMUser")
    assert told["Arn"].startswith("acs:ram::99:user/")
    assert told["RequestId"]


def test_a_temporary_key_is_a_roles(tmp_path: Path):
    cloud = small_cloud(tmp_path)
    _, told = _ask(cloud, key=cloud.keyring.issue(NOW))
    assert told["IdentityType"] == "AssumedRoleUser"


def test_a_wrong_signature_and_another_action_are_refused(tmp_path: Path):
    cloud = small_cloud(tmp_path)
    assert _ask(cloud, key=AccessKey(key_id=cloud.settings.access_key_id, secret="wrong"))[0] != 200  # none
    assert _ask(cloud, action="AssumeRole")[1]["Code"] == "InvalidAction.NotFound"
