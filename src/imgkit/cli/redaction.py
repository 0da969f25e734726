"""The last guard before a log: signatures, tokens and keys are masked, whoever put them there."""

import logging
import re

from imgkit.safe_text import safe_text

_BETWEEN = r"[\"']?\s*[=:]\s*[\"']?"
_HEADER = re.compile(rf"(authorization{_BETWEEN})[^\r\n\"']+", re.IGNORECASE)  # all of it: the schemes differ
_SECRET = re.compile(
    r"((?:signature|(?:security|session)[-_]?token|credential|OSSAccessKeyId|access[-_]?key[-_]?secret)"
    rf"{_BETWEEN})[^\s&\"',;]+",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"(://[^\s:/@]*:)[^\s/@]+(?=@)")  # of a proxy


def redact(words: str) -> str:
    """Return the words with the values of everything that signs or authorises masked."""
    for pattern in (_HEADER, _SECRET, _PASSWORD):
        words = pattern.sub(r"\1***", words)
    return words


def harmless(words: str) -> str:
    """Return words of several lines without anything that a terminal would obey, whoever put it there."""
    return "\n".join(safe_text(line) for line in words.split("\n"))


class Redaction(logging.Filter):
    """Masks secrets in whatever is logged, and what would lead a terminal astray."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = harmless(redact(record.getMessage()))
        record.args = ()
        if record.exc_info:  # a formatter takes the text that is there already
            record.exc_text = harmless(redact(logging.Formatter().formatException(record.exc_info)))
        return True
