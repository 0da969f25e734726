"""What a user has settled beforehand: `IMGKIT_*` variables, then `~/.config/imgkit/config.toml`. Flags come on top."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from imgkit.errors import SettingsError

ENVIRONMENT_PREFIX = "IMGKIT_"
_WORDS: dict[object, str] = {str: "text", bool: "true or false"}
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off", ""})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Each field is a line of config.toml, an `IMGKIT_` variable in capitals, and a flag with dashes."""

    region: str = ""
    bucket: str = ""
    profile: str = ""
    role_name: str = ""
    ecs_endpoint: str = ""
    oss_endpoint: str = ""
    sts_endpoint: str = ""
    cname: bool = False
    internal: bool = False
    accelerate: bool = False
    requester_pays: bool = False
    https_proxy: str = ""
    http_proxy: str = ""
    no_proxy: str = ""
    ca_bundle: str = ""
    engine: str = ""
    guestfs_python: str = ""
    examiner: str = ""
    case: str = ""

    def override(self, **flags: Any) -> Self:
        """Return the settings with the flags that were given; None and empty mean not given."""
        return replace(self, **{name: value for name, value in flags.items() if value not in {None, "", False}})


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where this user's files of imgkit lie: settings, state that is worth keeping, indexes that can be rebuilt."""

    home: Path
    config: Path
    state: Path
    cache: Path


def find_folders(environment: Mapping[str, str], home: Path) -> Folders:
    """Return the folders by the XDG Base Directory Specification; a relative path in a variable is ignored."""

    def place(variable: str, default: str) -> Path:
        base = Path(environment.get(variable, ""))
        return (base if base.is_absolute() else home / default) / "imgkit"

    return Folders(
        home=home,
        config=place("XDG_CONFIG_HOME", ".config"),
        state=place("XDG_STATE_HOME", ".local/state"),
        cache=place("XDG_CACHE_HOME", ".cache"),
    )


def load_settings(environment: Mapping[str, str], config_file: Path) -> Settings:
    """Read the settings; the environment wins over the file.

    Raises SettingsError for a file that is no TOML, an unknown name or a value of the wrong kind.
    """
    values = _read_file(config_file)
    for each in fields(Settings):
        text = environment.get(ENVIRONMENT_PREFIX + each.name.upper())
        if text is not None:
            values[each.name] = _to_bool(each.name, text) if each.type is bool else text
    # The variables that every program knows count where imgkit's own say nothing.
    for name in ("https_proxy", "http_proxy", "no_proxy"):
        values.setdefault(name, environment.get(name) or environment.get(name.upper()) or "")
    return Settings(**values)


def _read_file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError(f"cannot read the settings in {path}: {error.strerror}") from error
    try:
        return _checked(tomllib.loads(text), path)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"the settings in {path} are no TOML: {error}", hint="See docs: Settings.") from error


def _checked(values: dict[str, Any], path: Path) -> dict[str, Any]:
    kinds = {each.name: each.type for each in fields(Settings)}
    for name, value in values.items():
        if name not in kinds:
            raise SettingsError(f"{path} has the unknown setting {name!r}", hint=f"Known: {', '.join(sorted(kinds))}.")
        if type(value) is not kinds[name]:
            raise SettingsError(f"the setting {name!r} in {path} must be {_WORDS[kinds[name]]}")
    return values


def _to_bool(name: str, text: str) -> bool:
    word = text.strip().lower()
    if word in _TRUE | _FALSE:
        return word in _TRUE
    raise SettingsError(f"{ENVIRONMENT_PREFIX}{name.upper()} is {text!r}; say 1 or 0")
