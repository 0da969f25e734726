"""The SDKs print nothing by themselves."""

import logging

import pytest

from imgkit.aliyun.sdk_logging import quieten_sdks


@pytest.mark.parametrize(
    "name", ["darabonba-core", "alibabacloud-tea", "credentials", "aliyunsdkcore.http.http_response"]
)
def test_handlers_that_an_import_installed_are_gone(name, capsys):
    logger = logging.getLogger(name)
    logger.addHandler(logging.StreamHandler())
    logger.setLevel(logging.DEBUG)

    quieten_sdks()
    logger.debug("Authorization: secret")
    logger.error("traceback")

    assert capsys.readouterr().err == ""
    assert logger.handlers == []


@pytest.mark.parametrize("name", ["oss2.auth", "oss2.http", "urllib3.connectionpool"])
def test_signatures_and_signed_urls_reach_no_log(name, caplog):
    with caplog.at_level(logging.DEBUG):
        quieten_sdks()
        logging.getLogger(name).debug("string to sign: token")

    assert caplog.records == []
