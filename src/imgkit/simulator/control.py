"""The control endpoint: scripts in any language order faults, read the log and change what the cloud owns.

GET    requests                       what was served, oldest first           DELETE  forget it
GET    faults                         what is still to go wrong
POST   faults                         one fault or a list                     DELETE  no more faults
GET    settings    POST settings      the settings; those in the body change
POST   images/<id>  POST buckets/<n>  properties to add or to change
PUT    objects/<bucket>/<key>         the body becomes that object; ?storage-class=Archive
DELETE objects/<bucket>/<key>
POST   tokens                         {"seconds": 3600} → a temporary key
GET    cloud                          the line that the simulator printed
"""

import hmac
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from urllib.parse import unquote

from imgkit.errors import SettingsError
from imgkit.simulator.cloud import Cloud
from imgkit.simulator.cloud_file import change_record, read_bucket, read_image
from imgkit.simulator.faults import read_fault
from imgkit.simulator.messages import Request, Response
from imgkit.simulator.object_store import Nature
from imgkit.units import MiB

PREFIX = "/_control/"
_LARGEST_BODY = 4 * MiB

Answer = dict[str, Any] | list[Any]


class _Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Control:
    """Answers requests to the control endpoint; whoever does not know the token is refused."""

    def __init__(self, cloud: Cloud, token: str, describe: Callable[[], dict[str, Any]]) -> None:
        self._cloud = cloud
        self._token = token
        self._describe = describe
        self._actions: dict[tuple[str, str], Callable[[Request, str], Answer]] = {
            ("GET", "requests"): self._requests,
            ("DELETE", "requests"): self._forget_requests,
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._add_faults,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "settings"): self._settings,
            ("POST", "settings"): self._change_settings,
            ("POST", "images"): self._put_image,
            ("POST", "buckets"): self._put_bucket,
            ("PUT", "objects"): self._put_object,
            ("DELETE", "objects"): self._delete_object,
            ("POST", "tokens"): self._issue_token,
            ("GET", "cloud"): lambda *_: self._describe(),
        }

    def is_meant(self, request: Request) -> bool:
        """Tell whether a request is for this endpoint."""
        return request.path.startswith(PREFIX)

    def handle(self, request: Request) -> Response:
        """Return the answer to a request."""
        token, _, rest = request.path.removeprefix(PREFIX).partition("/")
        what, _, name = rest.partition("/")
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            return _json({"error": "the control endpoint needs the token of its URL"}, status=403)
        action = self._actions.get((request.method, what))
        if action is None:
            return _json({"error": f"no {request.method} of {what!r} here"}, status=404)
        try:
            return _json(action(request, name))
        except SettingsError as error:
            return _json({"error": error.message, "hint": error.hint}, status=400)
        except _Refused as refused:
            return _json({"error": refused.message}, status=refused.status)

    def _requests(self, _: Request, __: str) -> Answer:
        return [asdict(served) | {"at": served.at.isoformat()} for served in self._cloud.log.all()]

    def _forget_requests(self, _: Request, __: str) -> Answer:
        self._cloud.log.clear()
        return {}

    def _faults(self, _: Request, __: str) -> Answer:
        return [asdict(fault) for fault in self._cloud.faults.waiting()]

    def _add_faults(self, request: Request, _: str) -> Answer:
        words = _read_json(request)
        faults = [read_fault(one) for one in (words if isinstance(words, list) else [words])]
        self._cloud.faults.add(faults)
        return {"added": len(faults)}

    def _clear_faults(self, _: Request, __: str) -> Answer:
        self._cloud.faults.clear()
        return {}

    def _settings(self, _: Request, __: str) -> Answer:
        return asdict(self._cloud.settings) | {"access_key_secret": "…"}

    def _change_settings(self, request: Request, _: str) -> Answer:
        self._cloud.change_settings(change_record(self._cloud.settings, _read_json(request), "settings"))
        return {}

    def _put_image(self, request: Request, name: str) -> Answer:
        words = _read_json(request)
        known = next((image for image in self._cloud.images() if image.image_id == name), None)
        self._cloud.put_image(read_image(name, words, known))
        return {}

    def _put_bucket(self, request: Request, name: str) -> Answer:
        self._cloud.put_bucket(read_bucket(name, _read_json(request), self._cloud.bucket(name)))
        return {}

    def _put_object(self, request: Request, name: str) -> Answer:
        bucket, key = self._object(name)
        storage_class = request.parameter("storage-class", "Standard")
        with self._cloud.store.incoming(bucket) as incoming:
            while piece := request.body.read(MiB):
                incoming.write(piece)
            owner = self._cloud.bucket(bucket)
            versioned = owner is not None and owner.versioning == "Enabled"
            nature = Nature(modified=self._cloud.now(), storage_class=storage_class, versioned=versioned)
            stored = self._cloud.store.publish(bucket, key, incoming, nature)
        return {"etag": stored.etag, "size": stored.size, "crc64": str(stored.crc64)}

    def _delete_object(self, _: Request, name: str) -> Answer:
        self._cloud.store.delete(*self._object(name))
        return {}

    def _issue_token(self, request: Request, _: str) -> Answer:
        words = _read_json(request)
        seconds = words.get("seconds", 3600) if isinstance(words, dict) else None
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 10**6:
            raise _Refused(400, "seconds is a number, 0 to 1000000")
        key = self._cloud.keyring.issue(self._cloud.now(), seconds=seconds)
        return {
            "access_key_id": key.key_id,
            "access_key_secret": key.secret,
            "security_token": key.token,
            "expires": key.expires.isoformat() if key.expires else "",
        }

    def _object(self, name: str) -> tuple[str, str]:
        bucket, _, key = name.partition("/")
        if self._cloud.bucket(bucket) is None or not key:
            raise _Refused(404, f"no bucket {bucket!r}, or no key")
        return bucket, unquote(key)


def _read_json(request: Request) -> Any:
    body = request.body.read(_LARGEST_BODY + 1)
    if len(body) > _LARGEST_BODY:
        raise _Refused(413, "the body is too large")
    try:
        return json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise _Refused(400, f"the body is no JSON: {error}") from error


def _json(words: Answer, *, status: int = 200) -> Response:
    body = json.dumps(words, indent=1).encode() + b"\n"
    return Response(status=status, headers=(("Content-Type", "application/json"),), body=body)
