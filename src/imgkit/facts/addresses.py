"""Addresses as files have them, without the secrets that people put into them."""

import re

HIDDEN = "[redacted]"
_USER_PART = re.compile(
    r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]{0,30}://)(?P<user>[^/@\s]{1,2000}(?:@[^/@\s]{0,2000}){0,4})@"
)
_PARAMETER = re.compile(
    r"(?P<name>[?&;](?:[\w.-]{0,40})(?:token|secret|passw(?:or)?d|signature|sig|key|accesskeyid|credential)[\w.-]{0,40}=)"
    r"[^&\s;#]+",
    re.IGNORECASE,
)


def hide_credentials(text: str) -> str:
    """Return a text whose addresses have neither user nor password before the host, nor secrets as parameters."""
    without = _USER_PART.sub(lambda match: f"{match['scheme']}{HIDDEN}@", text)
    return _PARAMETER.sub(lambda match: match["name"] + HIDDEN, without)
