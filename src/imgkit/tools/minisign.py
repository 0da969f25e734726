"""minisign, which makes and verifies signatures with keys of its own kind.

Formats: https://jedisct1.github.io/minisign/. A password is asked for by minisign itself, at the terminal.
"""

import base64
import binascii
import tempfile
from pathlib import Path

from imgkit.errors import NotAccessible, ToolFailed
from imgkit.model.signing import SignatureVerdict, Standing
from imgkit.process import Word, has_terminal, require_program, run, run_at_terminal

PACKAGE = "Debian, Ubuntu, Fedora and Homebrew: minisign"

_SECONDS = 60.0
_COMMENT = b"untrusted comment:"
_KEY_BYTES, _SIGNATURE_BYTES = 42, 74
_DIFFERS, _MALFORMED = 1, 2


def sign(message: Path, key: Path, *, comment: str) -> Path:
    """Sign a file and return the signature's path, beside it; the comment is signed too.

    Raises ToolMissing, ToolFailed, NotAccessible.
    """
    if not key.is_file():
        raise NotAccessible(f"there is no key {key}", hint="Make one with: minisign -G")
    signature = message.with_name(f"{message.name}.minisig")
    argv: list[Word] = [
        require_program("minisign", package=PACKAGE),
        "-S",
        "-s", key.absolute(),
        "-m", message.absolute(),
        "-x", signature.absolute(),
        "-t", comment,
    ]  # fmt: skip
    if has_terminal():
        code, said = run_at_terminal(argv), ""
    else:
        done = run(argv, timeout_seconds=_SECONDS, accept=range(256))
        code, said = done.returncode, done.stderr_tail
    if code or not signature.is_file():
        raise ToolFailed(
            f"minisign made no signature with {key}" + (", as it says above" if not said else f": {said.strip()}"),
            hint="A key with a password needs a terminal; minisign -G -W makes one without.",
            returncode=code,
            stderr_tail=said,
        )
    return signature


def judge(signature: bytes, statement: bytes, public_key: bytes | None) -> SignatureVerdict:
    """Judge a signature; without a key, only its form can be looked at. Raises ToolMissing, ToolFailed."""
    made_by = key_id(signature, _SIGNATURE_BYTES)
    if made_by is None:
        return SignatureVerdict(standing=Standing.BAD, detail="it is no signature of minisign's")
    who = f"minisign key {made_by}"
    if public_key is None or key_id(public_key, _KEY_BYTES) != made_by:
        return SignatureVerdict(standing=Standing.FOREIGN, who=who)
    program = require_program("minisign", package=PACKAGE)
    with tempfile.TemporaryDirectory(prefix="imgkit-signature-") as name:
        folder = Path(name)
        for file, content in (("statement", statement), ("signature", signature), ("key", public_key)):
            (folder / file).write_bytes(content)
        argv: list[Word] = [program, "-V", "-q", "-p", "key", "-m", "statement", "-x", "signature"]
        done = run(argv, cwd=folder, timeout_seconds=_SECONDS, accept=(0, _DIFFERS, _MALFORMED))
    if done.returncode == 0:
        return SignatureVerdict(standing=Standing.GOOD, who=who)
    said = done.stderr_tail.splitlines()
    return SignatureVerdict(standing=Standing.BAD, who=who, detail=said[0] if said else "minisign does not hold it")


def is_public_key(content: bytes) -> bool:
    """Whether a file's text is a public key of minisign's."""
    return key_id(content, _KEY_BYTES) is not None


def key_id(content: bytes, length: int) -> str | None:
    """Return the id of the key in a key or signature file, as minisign prints it; None where it is neither."""
    lines = content.splitlines()
    if len(lines) < 2 or not lines[0].startswith(_COMMENT):
        return None
    try:
        packed = base64.b64decode(lines[1], validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(packed) != length or packed[:2].upper() != b"ED":
        return None
    return packed[2:10][::-1].hex().upper()
