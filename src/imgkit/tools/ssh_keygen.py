"""ssh-keygen, which makes and verifies SSH signatures (`-Y`) with a key file, an agent or a security key.

Format: PROTOCOL.sshsig of OpenSSH. Passphrases are asked for by ssh-keygen itself, at the terminal or through
SSH_ASKPASS; they never pass through imgkit.
"""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from imgkit.errors import NotAccessible, ToolFailed
from imgkit.model.signing import NAMESPACE, SignatureVerdict, Standing
from imgkit.process import Completed, Word, has_terminal, require_program, run, run_at_terminal

PACKAGE = "Debian and Ubuntu: openssh-client; Fedora: openssh; macOS: part of the system"

_SECONDS = 30.0
_AGENT_SECONDS = 300.0  # a security key waits for a touch
_ANSWERED = (0, 1, 255)  # 255: it looked, and it does not hold
_KEY = re.compile(rb"^(?:sk-)?(?:ssh|ecdsa)-[\w.@-]+ +[A-Za-z0-9+/=]{16,}")
_FINGERPRINT = re.compile(r"with (\S+) key (SHA256:\S+)")


def sign(message: Path, key: Path) -> Path:
    """Sign a file and return the signature's path, beside it. Raises ToolMissing, ToolFailed, NotAccessible.

    `key` is a private key, or a public one whose private half an agent has.
    """
    if not key.is_file():
        raise NotAccessible(f"there is no key {key}", hint="Name a private key, or the .pub of one that ssh-agent has.")
    argv: list[Word] = [
        require_program("ssh-keygen", package=PACKAGE),
        "-Y", "sign",
        "-q",
        "-f", key.absolute(),
        "-n", NAMESPACE,
        message.absolute(),
    ]  # fmt: skip
    if has_terminal():
        code, said = run_at_terminal(argv), ""
    else:
        done = run(argv, timeout_seconds=_AGENT_SECONDS, accept=range(256))
        code, said = done.returncode, done.stderr_tail
    if code:
        raise ToolFailed(
            f"ssh-keygen made no signature with {key}" + (f": {_last_line(said)}" if said else ", as it says above"),
            hint="A key with a passphrase needs a terminal, ssh-agent (then name its .pub), or SSH_ASKPASS.",
            returncode=code,
            stderr_tail=said,
        )
    return message.with_name(f"{message.name}.sig")


def judge(signature: bytes, statement: bytes, allowed: bytes | None) -> SignatureVerdict:
    """Judge an SSH signature; `allowed` are public keys, or a list of allowed signers as ssh-keygen(1) describes it.

    Raises ToolMissing, ToolFailed.
    """
    program = require_program("ssh-keygen", package=PACKAGE)
    with tempfile.TemporaryDirectory(prefix="imgkit-signature-") as name:
        folder = Path(name)
        (folder / "statement").write_bytes(statement)
        (folder / "statement.sig").write_bytes(signature)
        (folder / "allowed").write_bytes(as_allowed_signers(allowed or b""))
        fits = _asked(program, folder, "check-novalidate", "-n", NAMESPACE)
        found = _FINGERPRINT.search(fits.stdout.decode("utf-8", "replace"))
        if fits.returncode or found is None:
            return SignatureVerdict(standing=Standing.BAD, detail=_reason(fits))
        key = f"{found[1]} key {found[2]}"
        principals = _principals(program, folder) if allowed is not None else []
        if not principals:
            return SignatureVerdict(standing=Standing.FOREIGN, who=key)
        return _verified(program, folder, principals, key)


def as_allowed_signers(content: bytes) -> bytes:
    """Return a list of allowed signers; bare public keys become one, in which each key may sign our statements."""
    lines = [line.strip() for line in content.splitlines() if line.strip() and not line.strip().startswith(b"#")]
    if not lines or not all(_KEY.match(line) for line in lines):
        return content
    return b"".join(b'* namespaces="%s" %s\n' % (NAMESPACE.encode(), line) for line in lines)


def is_public_key(content: bytes) -> bool:
    """Whether a file's text is public keys, or a list of allowed signers."""
    lines = [line.strip() for line in content.splitlines() if line.strip() and not line.strip().startswith(b"#")]
    keys = re.compile(rb"(?:^|\s)(?:sk-)?(?:ssh|ecdsa)-[\w.@-]+ +[A-Za-z0-9+/=]{16,}")
    return bool(lines) and all(keys.search(line) for line in lines)


def _verified(program: Path, folder: Path, principals: Sequence[str], key: str) -> SignatureVerdict:
    """Return good as soon as one of the principals is allowed to have signed this."""
    for principal in principals:
        done = _asked(program, folder, "verify", "-n", NAMESPACE, "-f", "allowed", "-I", principal)
        if done.returncode == 0:
            who = key if principal == "*" else f"{principal} ({key})"
            return SignatureVerdict(standing=Standing.GOOD, who=who)
    return SignatureVerdict(standing=Standing.BAD, who=key, detail=_reason(done))


def _principals(program: Path, folder: Path) -> list[str]:
    done = _asked(program, folder, "find-principals", "-f", "allowed")
    return done.stdout.decode("utf-8", "replace").splitlines() if done.returncode == 0 else []


def _asked(program: Path, folder: Path, what: str, *words: str) -> Completed:
    argv: list[Word] = [program, "-Y", what, "-s", "statement.sig", *words]
    with (folder / "statement").open("rb") as statement:
        return run(argv, stdin=statement, cwd=folder, timeout_seconds=_SECONDS, accept=_ANSWERED)


def _reason(done: Completed) -> str:
    said = [line for line in done.stderr_tail.splitlines() if line.strip()]
    return said[0].removeprefix("Signature verification failed: ") if said else "ssh-keygen does not hold it"


def _last_line(said: str) -> str:
    """It asks for the passphrase even where nobody can answer, without ending the line."""
    return said.splitlines()[-1].removeprefix("Enter passphrase: ")
