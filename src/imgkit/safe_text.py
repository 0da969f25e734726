"""Names that came from somebody else's archive, disk or object, made harmless to show.

A name may hold anything: terminal escapes, newlines, characters that turn the direction of writing, bytes that are no
text at all. What a person, a log or a report gets to see is plain printable text that says exactly which name it was.
"""

import re

_ELLIPSIS = "…"
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0, DEL, C1: an ESC or a CSI would be obeyed by a terminal
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction marks: `gpj.exe` would be shown as `exe.jpg`
    "\u2028\u2029"  # line separators: a second line in a log
    "\ud800-\udfff]"  # lone surrogates: bytes that were no UTF-8, or half a character
)


def safe_text(value: str | bytes) -> str:
    r"""Return running text (a field of a report, a service's message) with only what is dangerous in it escaped.

    Unlike `safe_name` it leaves backslashes and unusual blanks alone, so doing it twice changes nothing; where the
    exact bytes matter, they stand beside the text in base64.
    """
    text = value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
    if text.isprintable():  # nothing that is dangerous prints; nearly all that is asked for does
        return text
    return _UNSAFE.sub(lambda match: _shown(match[0]), text)


def safe_name(name: bytes | str, *, limit: int | None = None) -> str:
    r"""Return `name` as printable text on one line.

    A byte that is no UTF-8 and a control character below 0x80 become `\xNN`, any other character that does not print
    (C1 controls, direction marks, zero-width and separator characters, lone surrogates) `\uNNNN` or `\UNNNNNNNN`, a
    backslash `\\`: two different names never look the same. With `limit` a longer result is shortened in its middle.
    """
    text = name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else name
    shown = text if text.isprintable() and "\\" not in text else "".join(map(_shown, text))
    if limit is None or len(shown) <= limit:
        return shown
    head = (limit - 1) * 2 // 3
    return shown[:head] + _ELLIPSIS + shown[len(shown) - (limit - 1 - head) :]


def _shown(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if character.isprintable():
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8, as surrogateescape keeps it
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
