"""Tests of tools/minisign.py that need no minisign; the rest is in tests/integration/test_signing.py."""

from pathlib import Path

import pytest

from imgkit.errors import NotAccessible
from imgkit.model.signing import Standing
from imgkit.tools.minisign import is_public_key, judge, key_id, sign

KEY = (
    b"untrusted comment: minisign public key 2DAD2E8BD64FDC7E\n"
    b"RWR+3E/Wiy6tLZRRZu02rf0kp5JMGz/Go3kRt6JF16YPZfkrU/h1jFum\n"
)
SIGNATURE = (
    b"untrusted comment: signature from minisign secret key\n"
    b"RUR+3E/Wiy6tLXBP5YsbG84qtnX4XwYMFAIRsamw0hHGK5XnS/3O/KbPChqA2AcvrFCjMJOnk60ASCr48Cz/WTuDggEYGjh6ggw=\n"
    b"trusted comment: trusted\n"
    b"aUMoXS3FEPUWi8Jc/YvBLKvrpvjsnJzcgI3W0NjxPhWO5vw/2wBZk8+Tp7wf+YY074hCq2kpjg8hdx/y5SGICA==\n"
)


def test_the_id_of_a_key_is_the_one_that_minisign_prints():
    assert key_id(KEY, 42) == key_id(SIGNATURE, 74) == "2DAD2E8BD64FDC7E"


@pytest.mark.parametrize(
    "text", [b"", b"untrusted comment: x\n", b"untrusted comment: x\n!!!\n", SIGNATURE, b"\xff" * 90]
)
def test_what_is_no_public_key_is_none(text: bytes):
    assert not is_public_key(text)


def test_without_its_key_a_signature_is_foreign_and_named():
    for key in (None, KEY.replace(b"RWR+", b"RWR/")):
        verdict = judge(SIGNATURE, b"", key)
        assert (verdict.standing, verdict.who) == (Standing.FOREIGN, "minisign key 2DAD2E8BD64FDC7E")


def test_what_is_no_signature_is_bad_whoever_is_asked():
    assert judge(b"garbage", b"", None).standing is Standing.BAD


def test_a_key_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(NotAccessible, match="there is no key"):
        sign(tmp_path / "message", tmp_path / "nowhere", comment="")
