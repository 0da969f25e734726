"""What opens something, masked: passwords, tokens and keys in command lines, environments and configurations.

Patterns are no proof: a secret that looks like nothing stays. What is masked is the value alone, so that the line still
tells what it did. Every pattern runs in time proportional to the text, whatever the text is.
"""

import re

MASK = "***"

_NAMES = (  # parts of the names that secrets go by
    r"pass(?:word|wd|phrase)|(?:db|sql|user|root|ftp|smb|[_.-])(?:pass|pwd)|secret|(?<!server)token|api[-_.]?key|auth[-_.]?key|"
    r"access[-_.]?key(?![-_.]?id)|private[-_.]?key|encryption[-_.]?key|signature|(?:rediscli|master)[-_]?auth|"
    r"requirepass|psk|community"
)
_HARMLESS_ENDING = (  # what such a name means when it ends like this
    r"(?![\w.-]{0,24}(?:file|path|dir|prompt|tries|timeout|expir\w{0,3}|age|days|len|length|min|max|url|uri|type|name|"
    r"policy|authentication|builtin|command|store|ask|agent|socket|hash_algorithm)s?\b)"
)
_REFERENCE = r"(?!\$\(|\$\{|\$[A-Z_]+(?![\w$])|%[a-zA-Z%](?!\w))"  # a variable holds the secret, it is none
_VALUE = r"(?:\"(?s:\\.|[^\"\\])*(?:\"|\\?\Z)|'[^']*(?:'|\Z)|(?s:\\.|[^\s\"';&|,\\])+)"
_HEAD = r"(?:mysql|mariadb|percona)[\w-]{0,20}\b[^|;&\n]{0,400}?\s"

_ASSIGNED = rf"((?:{_NAMES}){_HARMLESS_ENDING}[\w.-]{{0,64}}[\"']?\s{{0,8}}(?::=|[=:])\s{{0,8}}){_REFERENCE}{_VALUE}"
_AS_OPTION = rf"(-(?:{_NAMES}|passw?d?|pwd|pass){_HARMLESS_ENDING}[\w.-]{{0,64}}\s{{1,8}}){_REFERENCE}(?!-){_VALUE}"
_LONG_NAME = rf"--[\w.-]{{0,32}}?(?:{_NAMES}|pass|pwd){_HARMLESS_ENDING}[\w.-]{{0,32}}"
_DOUBLE_OPTION = rf"({_LONG_NAME}[ =]\s{{0,8}}){_REFERENCE}(?!-){_VALUE}"
_WEB_USER = r"(?:-u|--user|--proxy-user|-U)[ =]?\s{0,8}[\"']?[^\s:\"']{1,100}:"
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # a private key, to its end or to whatever follows it
        r"(-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----)[^-]*(?:-(?!----)[^-]*)*",
        # the hash of a password: what it is made with stays
        r"(\$(?:1|2[abxy]?|5|6|7|y|gy|sha1|md5|argon2\w{0,2})\$)[./0-9A-Za-z$=,+*]{8,}",
        # https://user:password@host, where a password may hold an @; //user:password@host of cifs
        r"(://[^\s:/@\"']{0,200}:)(?!\$)[^\s/\"']+(?=@)",
        r"((?<![\w:/])(?://|(?:curlftp|ssh)fs#)[^\s:/@\"']{1,200}:)(?!\$)[^\s/\"']+(?=@)",
        # a word alone before the host is a token where it is long, and on the web
        r"(://)[^\s:/@\"'$]{20,}(?=@)",
        r"(\bhttps?://)(?!\$)[^\s:/@\"']+(?=@)",
        r"((?:authorization|proxy-authorization|x-[\w-]{0,32}token)[\"']?\s{0,8}[=:]\s{0,8}[\"']?)[^\"'\r\n]+",
        r"(\b(?:bearer|basic)\s{1,8})[\w.~+/=-]{8,}",
        rf"((?<=[\s=])\"[\w.-]{{0,64}}?(?:{_NAMES}){_HARMLESS_ENDING}[\w.-]{{0,64}}=){_REFERENCE}[^\"]+",
        _ASSIGNED,
        rf"((?<![\w.-])(?:pw|pass)[\"']?\s{{0,8}}=\s{{0,8}}){_REFERENCE}{_VALUE}",
        _DOUBLE_OPTION,
        _AS_OPTION,
        rf"(\b{_HEAD}-p)(?!\s){_VALUE}",
        rf"(\bsshpass\s{{1,8}}-p\s{{0,8}}){_REFERENCE}{_VALUE}",
        rf"(\b(?:redis-cli|valkey-cli)\b[^|;&\n]{{0,200}}?\s(?:-a)\s{{1,8}}){_REFERENCE}{_VALUE}",
        rf"(\bldap[a-z]{{1,20}}\b[^|;&\n]{{0,400}}?\s-w\s{{0,8}}){_REFERENCE}{_VALUE}",
        rf"(\b(?:curl|wget|lftp)\b[^|;&\n]{{0,400}}?\s{_WEB_USER})(?!\$)[^\s\"']+",
        r"(\b(?:smbclient|rpcclient|winexe|net)\b[^|;&\n]{0,400}?\s-U\s{0,8}[\"']?[^\s%\"']{1,100}%)(?!\$)[^\s\"']+",
        r"(\bpass:)(?!\$)[^\s\"':]+",  # openssl's -passin pass:…
        r"(\b[\w.$-]{1,64}:)[^\s\"'|:]+(?=[\"']?\s{0,8}\|\s{0,8}(?:sudo\s{1,8})?(?:/[\w/]{0,64}/)?chpasswd)",
        r"(\becho\s{1,8}(?:-\w{1,4}\s{1,8})?)\S+(?=\s{0,8}\|\s{0,8}(?:sudo\s{1,8})?passwd\s)",
        # tokens that say by themselves what they are
        r"()\beyJ[\w-]{10,}\.[\w-]{4,}\.[\w-]*",
        r"()\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|sk_live_|npm_|pypi-)[\w-]{12,}",
    )
)


# Parameters of addresses: ?Signature=…&auth=…
_ADDRESS = re.compile(r"://[^\s\"'<>]+")
_PARAMETER = re.compile(
    r"([?&;][\w.-]{0,40}(?:token|secret|passw(?:or)?d|signature|sig|key(?!word|board|[-_]?id)|credential|auth)"
    r"[\w.-]{0,40}=)(?!\$)[^&;#]+",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """Return a text with the values of its secrets masked."""
    text = _ADDRESS.sub(lambda match: _PARAMETER.sub(_masked, match[0]), text)
    for pattern in _PATTERNS:
        text = pattern.sub(_masked, text)
    return text


def redact_value(name: str, value: str) -> str:
    """Return a setting's value masked; where its name says that it is a secret, whole, whatever signs it holds."""
    shown = redact(f"{name}={value}").removeprefix(f"{name}=")
    return MASK if shown != value and redact(f"{name}=x") == f"{name}={MASK}" else shown


def _masked(match: re.Match[str]) -> str:
    return f"{match[1]}{MASK}"
