"""Where credentials come from: Alibaba's own order of sources, each asked anew, so that tokens are refreshed."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from alibabacloud_credentials.exceptions import CredentialException
from alibabacloud_credentials.provider import (
    CLIProfileCredentialsProvider,
    EcsRamRoleCredentialsProvider,
    OIDCRoleArnCredentialsProvider,
    ProfileCredentialsProvider,
    URLCredentialsProvider,
)

from imgkit.aliyun.credentials import WAYS, Credentials, Keys, cli_file, environment_keys, read_config, read_profile
from imgkit.aliyun.explain import one_line
from imgkit.aliyun.sdk_logging import quieten_sdks
from imgkit.errors import SettingsError

log = logging.getLogger(__name__)

_OIDC_NAMES = ("ALIBABA_CLOUD_ROLE_ARN", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "ALIBABA_CLOUD_OIDC_TOKEN_FILE")


class _SdkProvider(Protocol):
    def get_credentials(self) -> Any: ...


class ProvidedCredentials:
    """Credentials from one of the SDK's providers, which fetch and refresh temporary ones by themselves.

    A changed `watched` file (another program may write new tokens into it) makes the provider anew.
    """

    def __init__(self, source: str, make: Callable[[], _SdkProvider], *, watched: Path | None = None) -> None:
        self.source = source
        self._make = make
        self._watched = watched
        self._lock = threading.Lock()
        self._stamp = _stamp(watched)
        self._provider: _SdkProvider | None = None

    def current(self) -> Keys:
        """Ask the provider."""
        try:
            keys = self._fresh_provider().get_credentials()
            found = Keys(
                str(keys.get_access_key_id() or ""),
                str(keys.get_access_key_secret() or ""),
                str(keys.get_security_token() or ""),
            )
        except Exception as error:  # noqa: BLE001  # the providers raise whatever their transport and parsers raise
            raise SettingsError(f"No credentials from {self.source}: {_reason(error)}.", hint=WAYS) from None
        if not found.access_key_id or not found.secret:
            raise SettingsError(f"No credentials from {self.source}: they are empty.", hint=WAYS)
        return found

    def _fresh_provider(self) -> _SdkProvider:
        with self._lock:
            stamp = _stamp(self._watched)
            if self._provider is None or stamp != self._stamp:
                self._provider = self._make()
                self._stamp = stamp
            return self._provider


def find_credentials(*, profile: str, home: Path, environment: Mapping[str, str]) -> Credentials:
    """Return the first credentials that work, in the order of Alibaba's own SDKs. Raises SettingsError.

    A profile that was asked for is the only one tried. Nothing is taken from this process's environment except what the
    SDK's providers read by themselves.
    """
    quieten_sdks()
    if profile:
        named = _cli_profile(profile, home)
        named.current()
        return named
    reasons = []
    for candidate in _candidates(home, environment):
        try:
            candidate.current()
        except SettingsError as error:
            reasons.append(error.message)
            log.debug("%s", error.message)
            continue
        return candidate
    raise SettingsError(" ".join(["There are no credentials for Alibaba Cloud.", *reasons]), hint=WAYS)


def _candidates(home: Path, environment: Mapping[str, str]) -> Iterator[Credentials]:
    found = environment_keys(environment)
    if found is not None:
        yield found
    if all(environment.get(name) for name in _OIDC_NAMES):
        yield _oidc(environment)
    profile = environment.get("ALIBABA_CLOUD_PROFILE", "")
    if cli_file(home).is_file() and environment.get("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "").lower() != "true":
        yield _cli_profile(profile, home)
    ini = Path(environment.get("ALIBABA_CLOUD_CREDENTIALS_FILE") or home / ".alibabacloud" / "credentials.ini")
    if ini.is_file():
        yield _ini_profile(profile or "default", ini)
    if environment.get("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "").lower() != "true":
        yield _instance_role(environment)
    uri = environment.get("ALIBABA_CLOUD_CREDENTIALS_URI", "")
    if uri:
        yield ProvidedCredentials("ALIBABA_CLOUD_CREDENTIALS_URI", lambda: URLCredentialsProvider(uri=uri))


def _oidc(environment: Mapping[str, str]) -> ProvidedCredentials:
    role, provider, token_file = (environment[name] for name in _OIDC_NAMES)
    return ProvidedCredentials(
        "OIDC (ALIBABA_CLOUD_ROLE_ARN)",
        lambda: OIDCRoleArnCredentialsProvider(
            role_arn=role,
            oidc_provider_arn=provider,
            oidc_token_file_path=token_file,
            role_session_name=environment.get("ALIBABA_CLOUD_ROLE_SESSION_NAME"),
            sts_region_id=environment.get("ALIBABA_CLOUD_STS_REGION"),
        ),
    )


def _cli_profile(profile: str, home: Path) -> ProvidedCredentials:
    name = profile or str(read_config(home).get("current") or "default")

    def make() -> _SdkProvider:
        stored = read_profile(name, home)
        if stored.get("mode") == "EcsRamRole":  # the SDK's own construction would start a thread that refreshes
            return _instance_provider(str(stored.get("ram_role_name") or ""))
        provider: _SdkProvider = CLIProfileCredentialsProvider(profile_name=name, profile_file=str(cli_file(home)))
        return provider

    return ProvidedCredentials(f"the profile {name!r} of Alibaba's CLI", make, watched=cli_file(home))


def _ini_profile(section: str, path: Path) -> ProvidedCredentials:
    return ProvidedCredentials(
        f"the section {section!r} of {path}",
        lambda: ProfileCredentialsProvider(profile_name=section, profile_file=str(path)),
        watched=path,
    )


def _instance_role(environment: Mapping[str, str]) -> ProvidedCredentials:
    role = environment.get("ALIBABA_CLOUD_ECS_METADATA", "")
    return ProvidedCredentials("the RAM role of this ECS instance", lambda: _instance_provider(role))


def _instance_provider(role: str) -> _SdkProvider:
    provider: _SdkProvider = EcsRamRoleCredentialsProvider(role_name=role or None, async_update_enabled=False)
    return provider


def _stamp(path: Path | None) -> tuple[int, int] | None:
    try:
        stat = path.stat() if path else None
    except OSError:
        return None
    return (stat.st_mtime_ns, stat.st_size) if stat else None


def _reason(error: Exception) -> str:
    """Say what a provider said, without the answers that it quotes: they may hold keys."""
    if isinstance(error, CredentialException | ValueError | OSError):
        words, _, _ = one_line(str(getattr(error, "message", "") or error)).partition("result:")
        return words.rstrip(" ,.") or type(error).__name__
    return type(error).__name__
