"""`imgkit sign`: a set's manifest and the head of its custody, signed."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from imgkit.cli import options
from imgkit.cli.app import app
from imgkit.cli.command import command
from imgkit.cli.console import Console
from imgkit.cli.surroundings import now, open_services
from imgkit.errors import SettingsError
from imgkit.model.signing import NAMESPACE, SignatureKind
from imgkit.services import Services
from imgkit.stages.sign import SignedSet, SigningWish, sign_set
from imgkit.units import format_utc

_VERIFY = {
    SignatureKind.SSH: f"ssh-keygen -Y verify -f ALLOWED_SIGNERS -I WHO -n {NAMESPACE} -s {{name}}.sig < {{name}}",
    SignatureKind.MINISIGN: "minisign -V -p KEY.pub -m {name}",
    SignatureKind.TIMESTAMP: "openssl ts -verify -data {name} -in {name}.tsr -CAfile CA.pem",
}


@command(app, "sign")
def sign(
    console: Console,
    *,
    folder: Annotated[Path, typer.Argument(metavar="SET", readable=False, help="The image set.")],
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="FILE", help="SSH key: a private one, or the .pub of one that ssh-agent has."),
    ] = None,
    minisign_key: Annotated[
        Path | None, typer.Option("--minisign", metavar="FILE", help="Secret key of minisign's.")
    ] = None,
    timestamp: Annotated[
        str | None, typer.Option("--timestamp", metavar="URL", help="Ask this RFC 3161 server for a time stamp.")
    ] = None,
    examiner: options.Examiner = None,
    case: options.Case = None,
    reason: options.Reason = None,
) -> None:
    """Sign the manifest and the head of custody as they stand. The disks are not read: imgkit check does that."""
    if key is None and minisign_key is None and timestamp is None:
        raise SettingsError(
            "with what to sign was not said", hint="Say --key ~/.ssh/id_ed25519, --minisign FILE or --timestamp URL."
        )
    services = open_services(examiner=examiner, case=case)
    settled = services.settings
    wish = SigningWish(ssh_key=key, minisign_key=minisign_key, stamp=_stamping(console, services, timestamp))
    who = options.custodian(examiner=settled.examiner, case=settled.case, reason=reason)
    done = sign_set(folder, wish, custodian=who, now=now)
    console.result(_as_text(done), _as_data(done))


def _stamping(console: Console, services: Services, url: str | None) -> Callable[[bytes], bytes] | None:
    if url is None:
        return None
    server = services.timestamp_server(url)

    def stamp(statement: bytes) -> bytes:
        answer, moment = server(statement)
        console.say(f"time stamp: {format_utc(moment)} by the server's clock, {format_utc(now())} by this one's")
        return answer

    return stamp


def _as_text(done: SignedSet) -> str:
    lines = [f"signed: {done.path}, over the manifest and {done.statement.custody.lines} lines of custody"]
    lines += [f"  {kind.value}: {path.name}" for kind, path in done.signatures]
    lines.append("Verified by imgkit check --signer, and without imgkit by:")
    lines += [f"  {_VERIFY[kind].format(name=done.path.name)}" for kind, _ in done.signatures]
    return "\n".join(lines)


def _as_data(done: SignedSet) -> dict[str, Any]:
    return {
        "statement": str(done.path),
        "manifest_sha256": done.statement.manifest.sha256,
        "custody_lines": done.statement.custody.lines,
        "custody_sha256": done.statement.custody.sha256,
        "signatures": {kind.value: str(path) for kind, path in done.signatures},
    }
