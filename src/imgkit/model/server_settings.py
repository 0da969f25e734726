"""How web servers and databases are set up: where they listen, what they serve, whom they let in."""

from dataclasses import dataclass
from enum import StrEnum

from imgkit.model.fact import Fact, Setting


class ServerKind(StrEnum):
    NGINX = "nginx"
    APACHE = "apache"
    PHP = "php"
    MYSQL = "mysql"
    POSTGRESQL = "postgresql"
    REDIS = "redis"
    MONGODB = "mongodb"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server by its configuration; `path` is the file that was read first.

    `listens` are addresses and ports as written, `names` those of web sites, `folders` what it serves or keeps.
    `settings` are known ones that matter, never secrets; `open` says in words how anybody might get in, if so.
    """

    kind: ServerKind
    path: bytes
    listens: tuple[str, ...]
    names: tuple[str, ...]
    folders: tuple[str, ...]
    settings: tuple[Setting, ...]
    open: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """The servers whose configuration is there; whether they run is a matter of services."""

    web: Fact[tuple[Server, ...]]
    databases: Fact[tuple[Server, ...]]
