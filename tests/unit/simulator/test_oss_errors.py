"""Errors of OSS as XML and in the header of HEAD."""

from base64 import b64decode
from xml.etree import ElementTree as ET

from tests.unit.simulator.requests_at_rest import request

from imgkit.simulator.oss_errors import OssError, error_document, error_response, known_codes


def read(document: bytes) -> dict[str, str]:
    return {element.tag: element.text or "" for element in ET.fromstring(document)}


def test_an_error_is_xml_with_everything_a_client_reads():
    words = read(error_document(OssError("NoSuchKey", extra={"Key": "a<b>&\0\x1b"}), request_id="R", host="h"))
    assert (words["Code"], words["RequestId"], words["HostId"], words["EC"]) == ("NoSuchKey", "R", "h", "0026-00000001")
    assert words["Key"] == "a<b>&??"


def test_head_gets_it_in_a_header():
    response = error_response(OssError("NoSuchKey"), request("HEAD"), "R")
    assert (response.status, response.body) == (404, b"")
    assert read(b64decode(response.header("x-oss-err")))["Code"] == "NoSuchKey"


def test_a_fault_may_change_status_and_words():
    error = OssError("Strange", "words", status=418)
    assert (error.status, error.message) == (418, "words")


def test_every_known_code_is_an_error_status():
    assert all(400 <= OssError(code).status < 600 for code in known_codes())
