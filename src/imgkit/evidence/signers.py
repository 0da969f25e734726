"""Whom the user trusts: what a file that was named with `--signer` is, by its content."""

from collections.abc import Iterable
from pathlib import Path

from imgkit.errors import NotAccessible, SettingsError
from imgkit.evidence.statements import read_small
from imgkit.model.signing import SignatureKind, Signer
from imgkit.tools import minisign, ssh_keygen

_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_SECRETS = (b"-----BEGIN OPENSSH PRIVATE KEY-----", b"PRIVATE KEY-----", b"minisign encrypted secret key")


def read_signers(paths: Iterable[Path]) -> tuple[Signer, ...]:
    """Read all of them. Raises NotAccessible, SettingsError for what is neither key, list nor certificate."""
    return tuple(_read(path) for path in paths)


def _read(path: Path) -> Signer:
    try:
        content = read_small(path)
    except OSError as error:
        raise NotAccessible(f"cannot read the signer {path}: {error.strerror}", hint="Check its name.") from error
    except ValueError as error:
        raise _unknown(path) from error
    if any(mark in content for mark in _SECRETS):
        raise SettingsError(
            f"--signer {path} is a secret key", hint="Name the public one: to verify, nobody needs the other."
        )
    if _CERTIFICATE in content:
        return Signer(kind=SignatureKind.TIMESTAMP, path=path, content=content)
    if minisign.is_public_key(content):
        return Signer(kind=SignatureKind.MINISIGN, path=path, content=content)
    if ssh_keygen.is_public_key(content):
        return Signer(kind=SignatureKind.SSH, path=path, content=content)
    raise _unknown(path)


def _unknown(path: Path) -> SettingsError:
    return SettingsError(
        f"--signer {path} is nothing that says whom to trust",
        hint="Name an SSH public key, a list of allowed signers (ssh-keygen(1)), a minisign public key, or the "
        "certificates of a time stamp server's authority in PEM.",
    )
