"""The last guard before a log: signatures, tokens and keys are masked, whoever put them there."""

import logging
import re

from imgkit.safe_text import safe_text

_SECRET = re.compile(
    r"(?P<name>(?:x-oss-)?(?:signature|security-token|credential)|OSSAccessKeyId|Signature|AccessKeySecret"
    r"|access_key_secret|SecurityToken|Authorization)(?P<between>[\"']?\s*[=:]\s*[\"']?)(?P<value>[^\s&\"',;]+)",
    re.IGNORECASE,
)


def redact(words: str) -> str:
    """Return the words with the values of everything that signs or authorises masked."""
    return _SECRET.sub(r"\g<name>\g<between>***", words)


def harmless(words: str) -> str:
    """Return words of several lines without anything that a terminal would obey, whoever put it there."""
    return "\n".join(safe_text(line) for line in words.split("\n"))


class Redaction(logging.Filter):
    """Masks secrets in whatever is logged, and what would lead a terminal astray."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = harmless(redact(record.getMessage()))
        record.args = ()
        return True
