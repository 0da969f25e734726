"""The loopback OSS under npm's ali-oss, a client that is not ours."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from imgkit.digests import crc64
from imgkit.simulator import Simulator

SCRIPT = Path(__file__).parent / "ali_oss"
MISSING = {"code": "NoSuchKey", "status": 404}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The script with its one dependency, installed once; npm keeps what it fetched in its own cache."""
    folder = tmp_path_factory.mktemp("ali-oss")
    for name in ("client.js", "package.json"):
        shutil.copy(SCRIPT / name, folder)
    command = [
        "npm",
        "install",
        "--no-audit",
        "--no-fund",
        "--no-package-lock",
        "--prefer-offline",
        "--fetch-retries=6",
    ]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
    return folder


@pytest.fixture(scope="module")
def answers(installed, tmp_path_factory):
    """What the client saw."""
    with Simulator(tmp_path_factory.mktemp("cloud")) as simulator:
        token = simulator.issue_token()
        sts = {"access_key_id": token.key_id, "access_key_secret": token.secret, "security_token": token.token}
        done = subprocess.run(
            ["node", "client.js", json.dumps({**simulator.describe(), "sts": sts})],
            cwd=installed,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert simulator.bugs == ()
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.tools("npm", "node")
@pytest.mark.parametrize("signature", ["v1", "v4", "sts", "byAddress"])
def test_ali_oss_walks_the_whole_road(answers, signature):
    assert answers[signature] == {
        "putCrc": str(crc64(b"0123456789")),
        "whole": "0123456789",
        "part": "234",
        "partStatus": 206,
        "partCrc": str(crc64(b"0123456789")),
        "length": "10",
        "location": "oss-cn-hangzhou",
        "info": "oss-cn-hangzhou",
        "listed": {"keys": ["l/1", "l/2", "l/3", "l/4", "l/5"], "pages": 3},
        "missing": MISSING,
        "missingHead": MISSING,
        "deleted": MISSING,
        "frozen": {"code": "InvalidObjectState", "status": 403},
        "restore": 202,
        "thawed": "cold",
    }


@pytest.mark.tools("npm", "node")
@pytest.mark.parametrize("url", ["urlV1", "urlV4"])
def test_ali_oss_signs_urls_that_open(answers, url):
    assert answers[url] == {"status": 200, "text": "by url"}


@pytest.mark.tools("npm", "node")
def test_ali_oss_is_refused_with_a_wrong_secret(answers):
    assert answers["wrongSecret"] == {"code": "SignatureDoesNotMatch", "status": 403}


@pytest.mark.tools("npm", "node")
def test_ali_oss_is_refused_with_a_wrong_region(answers):
    assert answers["wrongRegion"] == {"code": "InvalidArgument", "status": 400}
