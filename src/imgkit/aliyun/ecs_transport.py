"""One request to ECS through the SDK: the JSON of the answer as it came, or why there is none."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, NoReturn, Protocol

from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_openapi.utils import Utils
from alibabacloud_tea_openapi.utils_models import OpenApiRequest, Params
from darabonba.core import DaraCore
from darabonba.runtime import RuntimeOptions
from requests import Session
from requests.adapters import HTTPAdapter
from Tea.exceptions import TeaException

from imgkit.aliyun.credentials import Credentials
from imgkit.aliyun.ecs_answers import Raw
from imgkit.aliyun.endpoints import Endpoint
from imgkit.aliyun.explain import Refusal
from imgkit.aliyun.network import NetworkSettings, describe_failure, is_untrusted, was_never_sent
from imgkit.errors import ImgkitError
from imgkit.version import __version__

ECS_VERSION = "2014-05-26"
_POOL_CONNECTIONS = 10


class Refused(Exception):  # what the service did
    """The service answered with an error of its own."""

    def __init__(self, refusal: Refusal, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal
        self.retry_after_seconds = retry_after_seconds


class NoAnswer(Exception):  # what happened
    """No answer came, or none that is JSON. `sent` is false where the request certainly did not leave this machine."""

    def __init__(self, reason: str, *, sent: bool, untrusted: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent
        self.untrusted = untrusted


class Transport(Protocol):
    """Sends one request, once."""

    def send(self, action: str, parameters: Mapping[str, Any]) -> Raw:
        """Return the answer's JSON object. Raises Refused, NoAnswer, and ImgkitError for lacking credentials."""
        ...

    def close(self) -> None: ...


class SdkTransport:
    """The transport of `alibabacloud_ecs20140526`; with another `version`, of another service that is asked alike.

    Its generated methods would turn answers into models that drop unknown fields and swallow wrong types; `call_api`
    beneath them hands on what came. Its own retries stay off: they would repeat ExportImage too.
    """

    def __init__(
        self,
        *,
        region_id: str,
        credentials: Credentials,
        endpoint: Endpoint | None,
        network: NetworkSettings,
        version: str = ECS_VERSION,
    ) -> None:
        self._version = version
        self._client = Client(_config(region_id, credentials, endpoint, network))
        self._runtime = RuntimeOptions(
            connect_timeout=round(network.connect_timeout_seconds * 1000),
            read_timeout=round(network.read_timeout_seconds * 1000),
        )
        scheme = endpoint.scheme if endpoint else "https"
        self._session_name = _install_session(scheme, self._client._endpoint, network)

    def send(self, action: str, parameters: Mapping[str, Any]) -> Raw:
        """Send one request and return the answer's JSON."""
        request = OpenApiRequest(query=Utils.query(dict(parameters)))
        try:
            body = self._client.call_api(_params(action, self._version), request, self._runtime)["body"]
        except AlibabaCloudException as error:
            raise _refused(error) from error
        except TeaException as error:
            _raise_no_answer(error)
        if not isinstance(body, dict):
            raise NoAnswer("the answer is no JSON object", sent=True)
        return body

    def close(self) -> None:
        """Close the connections."""
        session = DaraCore._sessions.pop(self._session_name, None)
        if session is not None:
            session.close()


class _SdkCredential:
    """What the SDK asks for credentials, before every request."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def get_credential(self) -> SimpleNamespace:
        keys = self._credentials.current()
        return SimpleNamespace(
            access_key_id=keys.access_key_id,
            access_key_secret=keys.secret,
            security_token=keys.token or None,
            type="sts" if keys.token else "access_key",
            provider_name="imgkit",
        )


class _SettledProxies(HTTPAdapter):  # type: ignore[misc]  # requests is untyped here
    """The SDK reads proxies from the environment and heeds no `no_proxy`: here the settings decide, once."""

    def __init__(self, network: NetworkSettings, scheme: str, host: str) -> None:
        super().__init__(pool_connections=1, pool_maxsize=_POOL_CONNECTIONS)
        self._settled = network.proxies_for(scheme, host)

    def send(self, request: Any, *args: Any, **options: Any) -> Any:
        options["proxies"] = self._settled
        return super().send(request, *args, **options)


def _config(region_id: str, credentials: Credentials, endpoint: Endpoint | None, network: NetworkSettings) -> Any:
    return Config(
        region_id=region_id,
        credential=_SdkCredential(credentials),
        endpoint=endpoint.netloc if endpoint else None,  # with a scheme, the Host header would be wrong
        protocol="HTTP" if endpoint and endpoint.scheme == "http" else "HTTPS",
        user_agent=f"imgkit/{__version__}",
        ca=network.ca_bundle or None,
        max_idle_conns=_POOL_CONNECTIONS,
    )


def _install_session(scheme: str, netloc: str, network: NetworkSettings) -> str:
    """Give the SDK a session of ours under the name by which it will look for one."""
    session = Session()
    session.max_redirects = 0  # a redirect would carry the security token to wherever it points
    session.mount(f"{scheme}://", _SettledProxies(network, scheme, netloc.rpartition(":")[0] or netloc))
    name = f"{scheme}://{netloc}:80:pool={_POOL_CONNECTIONS}"
    DaraCore._sessions[name] = session  # there is no other door
    return name


def _params(action: str, version: str) -> Any:
    return Params(
        action=action,
        version=version,
        protocol="HTTPS",
        pathname="/",
        method="POST",
        auth_type="AK",
        style="RPC",
        req_body_type="formData",
        body_type="json",
    )


def _refused(error: Any) -> Refused:
    data = error.data if isinstance(error.data, dict) else {}
    denied = data.get("AccessDeniedDetail")
    refusal = Refusal(
        code="" if error.code in (None, "None") else str(error.code),
        status=error.status_code if isinstance(error.status_code, int) else 0,
        message=str(data.get("Message") or data.get("message") or ""),
        request_id=str(data.get("RequestId") or data.get("requestId") or ""),
        action=str(denied.get("AuthAction") or "") if isinstance(denied, dict) else "",
    )
    after = getattr(error, "retry_after", None)
    return Refused(refusal, retry_after_seconds=after / 1000 if isinstance(after, int | float) else None)


def _raise_no_answer(error: Any) -> NoReturn:
    cause = getattr(error, "inner_exception", None) or error
    if isinstance(cause, ImgkitError):
        raise cause from None
    if "json" in str(error).lower():
        reason = "something on the way answered in its place, and not in JSON"
    else:
        reason = describe_failure(cause)
    raise NoAnswer(reason, sent=not was_never_sent(cause), untrusted=is_untrusted(cause)) from error
