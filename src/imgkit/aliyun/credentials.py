"""Whose name requests are signed in; keys that stand in the environment.

All other ways are in `credential_sources`, whose SDK takes 0.13 s to import: who has keys in the environment does
without it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from imgkit.errors import SettingsError

WAYS = (
    "Any of these will do: a profile of Alibaba's CLI (`aliyun configure`, chosen with --profile); the environment's "
    "ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET (and ALIBABA_CLOUD_SECURITY_TOKEN), or "
    "OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET (and OSS_SESSION_TOKEN); ~/.alibabacloud/credentials.ini; OIDC "
    "(ALIBABA_CLOUD_ROLE_ARN and its kin); ALIBABA_CLOUD_CREDENTIALS_URI; on an ECS instance, its RAM role."
)
_KEY_NAMES = (
    ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN"),
    ("OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET", "OSS_SESSION_TOKEN"),
)


class Keys(NamedTuple):
    """What signs one request. `token` is empty for a long-lived AccessKey."""

    access_key_id: str
    secret: str
    token: str

    def __repr__(self) -> str:
        """Leave the secret and the token out: this may end in a traceback or a log."""
        return f"Keys({self.access_key_id}, …)"


class Credentials(Protocol):
    """Asked anew for every request, from any thread."""

    @property
    def source(self) -> str:
        """Where they come from, in words that a user can act on."""
        ...

    def current(self) -> Keys:
        """Return what signs a request now. Raises SettingsError when it cannot be had any more."""
        ...


@dataclass(frozen=True, slots=True)
class FixedCredentials:
    """Keys that were given and do not change."""

    source: str
    keys: Keys

    def current(self) -> Keys:
        """Return them."""
        return self.keys


def environment_keys(environment: Mapping[str, str]) -> FixedCredentials | None:
    """Return the keys that stand in the environment, if any do. Raises SettingsError where only half of them does."""
    return next((found for names in _KEY_NAMES for found in _from_environment(names, environment)), None)


def profile_region(profile: str, home: Path) -> str:
    """Return the region of a profile of Alibaba's CLI, or of its current one; empty where there is none."""
    return str(read_profile(profile, home).get("region_id") or "")


def _from_environment(names: tuple[str, str, str], environment: Mapping[str, str]) -> Iterator[FixedCredentials]:
    id_name, secret_name, token_name = names
    found = Keys(*(environment.get(name, "") for name in names))
    if found.access_key_id and found.secret:
        yield FixedCredentials(f"the environment ({id_name})", found)
    elif found.access_key_id or found.secret:
        here, lacking = (id_name, secret_name) if found.access_key_id else (secret_name, id_name)
        raise SettingsError(
            f"The environment has {here} and lacks {lacking}.",
            hint=f"Set both (and {token_name} for temporary credentials), or neither.",
        )


def cli_file(home: Path) -> Path:
    """Return where Alibaba's CLI keeps its profiles."""
    return home / ".aliyun" / "config.json"


def read_profile(profile: str, home: Path) -> Mapping[str, Any]:
    """Return a profile of Alibaba's CLI, or its current one; empty where there is none."""
    config = read_config(home)
    name = profile or config.get("current")
    profiles = config.get("profiles")
    listed = [one for one in profiles if isinstance(one, dict)] if isinstance(profiles, list) else []
    return next((one for one in listed if one.get("name") == name), {})


def read_config(home: Path) -> Mapping[str, Any]:
    """Return all that Alibaba's CLI keeps; empty where it cannot be read."""
    try:
        config = json.loads(cli_file(home).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return config if isinstance(config, dict) else {}
