"""The errors of OSS: their HTTP statuses and words, as XML and as the base64 that HEAD carries.

The detailed codes (EC) are those of the public troubleshooting pages `help.aliyun.com/en/oss/user-guide/<EC>`; where no
page was found the element stays empty.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from imgkit.simulator.messages import Request, Response


@dataclass(frozen=True, slots=True)
class _Known:
    status: int
    message: str
    detail: str = ""


_KNOWN = {
    "AccessDenied": _Known(403, "You have no right to access this object because of bucket acl.", "0003-00000001"),
    "FileAlreadyExists": _Known(409, "The object you specified already exists and can not be overwritten."),
    "IncompleteBody": _Known(400, "The request body is shorter than its announced length."),
    "InternalError": _Known(500, "Please contact the server administrator, oss@service.aliyun.com."),
    "InvalidAccessKeyId": _Known(
        403, "The OSS Access Key Id you provided does not exist in our records.", "0002-00000902"
    ),
    "InvalidArgument": _Known(400, "Invalid argument."),
    "InvalidBucketName": _Known(400, "The specified bucket is not valid.", "0015-00000001"),
    "InvalidDigest": _Known(400, "The Content-MD5 you specified is not valid."),
    "InvalidObjectName": _Known(400, "The specified object is not valid."),
    "InvalidObjectState": _Known(403, "The operation is not valid for the object's state"),
    "InvalidRange": _Known(416, "The requested range cannot be satisfied"),
    "InvalidSecurityToken": _Known(403, "The security token you provided is invalid.", "0002-00000006"),
    "MethodNotAllowed": _Known(405, "The specified method is not allowed against this resource."),
    "MissingContentLength": _Known(411, "You must provide the Content-Length HTTP header."),
    "NoSuchBucket": _Known(404, "The specified bucket does not exist.", "0015-00000101"),
    "NoSuchKey": _Known(404, "The specified key does not exist.", "0026-00000001"),
    "NoSuchVersion": _Known(404, "The specified version does not exist."),
    "NotImplemented": _Known(501, "A header or parameter you provided implies functionality that is not implemented."),
    "OperationNotSupported": _Known(400, "The operation is not supported for this resource"),
    "PreconditionFailed": _Known(412, "At least one of the pre-conditions you specified did not hold"),
    "RequestTimeTooSkewed": _Known(
        403, "The difference between the request time and the current time is too large.", "0002-00000504"
    ),
    "RestoreAlreadyInProgress": _Known(409, "The restore operation is in progress."),
    "SecurityTokenExpired": _Known(403, "The security token you provided has expired.", "0002-00000007"),
    "ServiceUnavailable": _Known(503, "Please reduce your request rate."),
    "SignatureDoesNotMatch": _Known(
        403,
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method.",
        "0002-00000040",
    ),
    "DownloadTrafficRateLimitExceeded": _Known(503, "Download traffic exceeds the limit of your account."),
    "TotalQpsLimitExceeded": _Known(503, "The total QPS of your account exceeds the limit."),
    "RequestTimeout": _Known(
        400, "Your socket connection to the server was not read from or written to within the timeout period."
    ),
    "UserDisable": _Known(403, "UserDisable"),
}


class OssError(Exception):
    """OSS refuses. `extra` holds further elements of the XML."""

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        status: int = 0,
        detail: str = "",
        extra: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        known = _KNOWN.get(code, _Known(400, code))
        self.code = code
        self.message = message or known.message
        self.status = status or known.status
        self.detail = detail or known.detail
        self.extra = dict(extra or {})


def known_codes() -> frozenset[str]:
    """Return the codes whose status and words are known."""
    return frozenset(_KNOWN)


def error_response(error: OssError, request: Request, request_id: str) -> Response:
    """Return the answer to a refused request; HEAD gets its XML in a header, for it has no body."""
    document = error_document(error, request_id=request_id, host=request.header("host", "127.0.0.1"))
    headers = (("x-oss-ec", error.detail),) if error.detail else ()
    if request.method == "HEAD":
        return Response(status=error.status, headers=(*headers, ("x-oss-err", b64encode(document).decode())))
    return Response(status=error.status, headers=(*headers, ("Content-Type", "application/xml")), body=document)


def error_document(error: OssError, *, request_id: str, host: str) -> bytes:
    """Return the XML of an error."""
    elements = {
        "Code": error.code,
        "Message": error.message,
        "RequestId": request_id,
        "HostId": host,
        **error.extra,
        "EC": error.detail,
        "RecommendDoc": f"https://api.alibabacloud.com/troubleshoot?q={error.detail}" if error.detail else "",
    }
    inner = "".join(f"  <{name}>{xml_text(value)}</{name}>\n" for name, value in elements.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>\n{inner}</Error>\n'.encode()


def xml_text(text: str) -> str:
    """Escape a text for XML; characters that XML cannot hold become question marks."""
    legal = "".join(
        letter if letter in "\t\n\r" or " " <= letter < "\ud800" or "\ue000" <= letter < "\ufffe" or letter > "\uffff"
        else "?"
        for letter in text
    )  # fmt: skip
    return escape(legal)
