"""From this process' environment and flags to services: the only place that reads the environment."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from imgkit.services import Services
from imgkit.settings import find_folders, load_settings


def open_services(**flags: Any) -> Services:
    """Return the services as environment, config.toml and these flags say; nothing is contacted yet."""
    folders = find_folders(os.environ, Path.home())
    settings = load_settings(os.environ, folders.config / "config.toml").override(**flags)
    return Services(settings=settings, folders=folders, environment=dict(os.environ))


def now() -> datetime:
    """Return the time of this machine's clock, in UTC."""
    return datetime.now(UTC)
