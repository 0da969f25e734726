"""Keeps the SDKs quiet: some print to stderr by themselves, and some would log keys, tokens and signed URLs."""

import logging

# Importing these puts StreamHandlers on their loggers; with the environment's DEBUG=sdk two of them print whole
# requests with their Authorization; `credentials` prints tracebacks for each provider that has nothing.
_TALKATIVE = ("darabonba-core", "alibabacloud-tea", "credentials", "aliyunsdkcore", "aliyunsdkcore.http.http_response")

# oss2 logs headers and strings to sign with the security token at DEBUG; urllib3 logs paths with their signed query.
_INDISCREET = ("oss2", "urllib3", "requests", "apscheduler")


def quieten_sdks() -> None:
    """Take the SDKs' handlers away and let nothing below a warning through; harmless when done again."""
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
        logger.setLevel(logging.CRITICAL)
    for name in _INDISCREET:
        logging.getLogger(name).setLevel(logging.WARNING)
