"""The last guard before a log: signatures, tokens and keys are masked, whoever put them there."""

import logging
import re

_SECRET = re.compile(
    r"(?P<name>(?:x-oss-)?(?:signature|security-token|credential)|OSSAccessKeyId|Signature|AccessKeySecret"
    r"|access_key_secret|SecurityToken|Authorization)(?P<between>[\"']?\s*[=:]\s*[\"']?)(?P<value>[^\s&\"',;]+)",
    re.IGNORECASE,
)


def redact(words: str) -> str:
    """Return the words with the values of everything that signs or authorises masked."""
    return _SECRET.sub(r"\g<name>\g<between>***", words)


class Redaction(logging.Filter):
    """Masks secrets in whatever is logged."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = redact(record.getMessage())
        record.args = ()
        return True
