"""How MySQL, PostgreSQL, Redis and MongoDB are set up: where they listen, whom they let in, where their data lies."""

from collections.abc import Iterator, Sequence

from imgkit.facts.bounded import at_most
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Content, Guest, as_text, first_word
from imgkit.facts.included import read_with_included
from imgkit.facts.secrets import MASK
from imgkit.facts.sections import parse_sections
from imgkit.facts.yaml_reading import BadYaml, mapping, parse_yaml, word
from imgkit.model.fact import Fact, Setting
from imgkit.model.server_settings import Server, ServerKind
from imgkit.units import MiB

_MYSQL = (b"/etc/my.cnf", b"/etc/mysql/my.cnf", b"/usr/local/mysql/my.cnf", b"/usr/local/mysql/etc/my.cnf")
_MYSQL_SETTINGS = (
    "bind-address", "port", "datadir", "socket", "user", "skip-grant-tables", "skip-networking", "local-infile",
    "secure-file-priv", "log-bin", "general-log", "require-secure-transport",
)  # fmt: skip
_POSTGRES_FOLDERS = (b"/etc/postgresql/*/*", b"/var/lib/pgsql/data", b"/var/lib/pgsql/*/data", b"/usr/local/pgsql/data")
_POSTGRES_SETTINGS = {"listen_addresses", "port", "data_directory", "ssl", "password_encryption", "archive_command"}
_REDIS = (b"/etc/redis.conf", b"/etc/redis/redis.conf", b"/usr/local/redis/redis.conf", b"/etc/valkey/valkey.conf",
          b"/usr/local/etc/redis.conf", b"/www/server/redis/redis.conf")  # fmt: skip
_REDIS_SETTINGS = {"bind", "port", "dir", "protected-mode", "appendonly", "rename-command", "dbfilename", "tls-port"}
_MONGO = (b"/etc/mongod.conf", b"/etc/mongodb.conf", b"/usr/local/mongodb/mongod.conf")
_EVERYWHERE = {"0.0.0.0", "::", "*", "[::]"}  # noqa: S104  # what is looked for, nothing listens here
_MOST = 200
_ALL_BYTES = 16 * MiB
_MOST_RULES = 20


def read_databases(guest: Guest) -> Fact[tuple[Server, ...]]:
    """Read the configuration of every database server that is there."""
    gathering = Gathering(guest, most_bytes=_ALL_BYTES)
    found = [_mysql(gathering, path) for path in _MYSQL]
    found += _postgres(gathering)
    found += [_redis(gathering, path) for path in _REDIS]
    found += [_mongo(gathering, path) for path in _MONGO]
    servers = tuple(one for one in found if one is not None)
    for one in servers:
        for words in one.open:
            gathering.remark(f"{one.kind} ({as_text(one.path)}): {words}")
    return gathering.fact(servers, nothing="no database's configuration is there")


def _mysql(gathering: Gathering, path: bytes) -> Server | None:
    contents = list(read_with_included(gathering, path, _mysql_includes, base=b"/etc/mysql"))
    if not contents:
        return None
    told: dict[str, str] = {}
    for content in contents:
        for section in parse_sections(content, bare=True):
            if section.name in {"mysqld", "server", "mariadb", "mariadbd", "mysqld_safe"}:
                told |= {name.replace("_", "-"): values[-1] for name, values in section.settings.items()}
    address = told.get("bind-address", "")
    words = ["everybody gets in without a password (skip-grant-tables)"] if _on(told, "skip-grant-tables") else []
    words += ["it listens everywhere"] if address in _EVERYWHERE else []
    return _server(
        gathering,
        kind=ServerKind.MYSQL,
        path=path,
        listens=(f"{address or '(default)'}:{told.get('port', '3306')}",) if not _on(told, "skip-networking") else (),
        folders=(told["datadir"],) if "datadir" in told else (),
        settings=[(name, told[name]) for name in _MYSQL_SETTINGS if name in told],
        words=words,
    )


def _mysql_includes(content: Content) -> Iterator[str]:
    for _, line in content.lines():
        name, rest = first_word(line)
        if name == "!include":
            yield rest
        elif name == "!includedir":
            yield rest.rstrip("/") + "/*.cnf"


def _on(told: dict[str, str], name: str) -> bool:
    return name in told and told[name].lower() not in {"0", "off", "false", "no"}


def _postgres(gathering: Gathering) -> Iterator[Server | None]:
    for folder in _folders(gathering):
        names = (b"/postgresql.conf", b"/postgresql.auto.conf")
        contents = [gathering.read(folder + name, limit=MiB) for name in names]
        told: dict[str, str] = {}
        for content in contents:
            told |= dict(_postgres_lines(content)) if content else {}
        rules = gathering.read(folder + b"/pg_hba.conf", limit=MiB)
        if not any(contents) and rules is None:
            continue
        trusting = _trusting(rules) if rules else []
        addresses = told.get("listen_addresses", "localhost")
        words = [f"nobody is asked for a password by: {rule}" for rule in trusting]
        words += ["it listens everywhere"] if set(addresses.replace(",", " ").split()) & _EVERYWHERE else []
        data = told.get("data_directory", "")
        yield _server(
            gathering,
            kind=ServerKind.POSTGRESQL,
            path=folder,
            listens=(f"{addresses}:{told.get('port', '5432')}",),
            folders=(data,) if data else (),
            settings=sorted((name, value) for name, value in told.items() if name in _POSTGRES_SETTINGS),
            words=words,
        )


def _folders(gathering: Gathering) -> Iterator[bytes]:
    for pattern in _POSTGRES_FOLDERS:
        yield from _expanded(gathering, [b""], [part for part in pattern.split(b"/") if part])


def _expanded(gathering: Gathering, folders: list[bytes], parts: list[bytes]) -> list[bytes]:
    for part in parts:
        if part == b"*":
            folders = [one + b"/" + entry.name for one in folders for entry in gathering.folder(one)][:_MOST]
        else:
            folders = [one + b"/" + part for one in folders]
    return folders


def _postgres_lines(content: Content) -> Iterator[tuple[str, str]]:
    for _, line in content.lines():
        name, equals, value = line.partition("=")
        if not line.startswith("#"):
            name, value = (name, value) if equals else first_word(line)
            yield name.strip().lower(), value.partition(" #")[0].partition("\t#")[0].strip().strip("'")


def _trusting(rules: Content) -> list[str]:
    lines = (line.partition("#")[0].split() for _, line in rules.lines())
    return at_most((" ".join(words) for words in lines if len(words) > 3 and "trust" in words[3:6]), _MOST_RULES)[0]


def _redis(gathering: Gathering, path: bytes) -> Server | None:
    base = path.rpartition(b"/")[0]
    contents = list(read_with_included(gathering, path, _redis_includes, base=base))
    if not contents:
        return None
    told = [first_word(line) for content in contents for _, line in content.lines() if line and line[0] != "#"]
    last = {name.lower(): rest for name, rest in told}
    if "rename-command" in last and not gathering.guest.include_secrets:
        last["rename-command"] = _renamed(last["rename-command"])
    secured = bool(last.get("requirepass", "").strip('"')) or "aclfile" in last or "user" in last
    address, port = last.get("bind", ""), last.get("port", "6379")
    words = [] if secured else ["nobody is asked for a password (no requirepass)"]
    if not secured and last.get("protected-mode", "yes").lower() == "no":
        words.append("its protected mode is off")
    words += ["it listens everywhere"] if set(address.split()) & _EVERYWHERE else []
    return _server(
        gathering,
        kind=ServerKind.REDIS,
        path=path,
        listens=(f"{address or '(default)'}:{port}",),
        folders=(last["dir"],) if "dir" in last else (),
        settings=[(name, last[name]) for name in sorted(_REDIS_SETTINGS & set(last))],
        words=words,
    )


def _renamed(words: str) -> str:
    """A command under a name that nobody should guess: that name is a secret; no name at all switches it off."""
    command, name = first_word(words)
    shown = MASK if name.strip(" \"'") else name
    return f"{command} {shown}".strip()


def _redis_includes(content: Content) -> Iterator[str]:
    return (first_word(line)[1] for _, line in content.lines() if line.startswith("include "))


def _mongo(gathering: Gathering, path: bytes) -> Server | None:
    content = gathering.read(path, limit=MiB)
    if content is None:
        return None
    try:
        document = mapping(parse_yaml(content.text))
    except BadYaml as error:
        gathering.lack(f"{as_text(path)}: {error}")
        document = {}
    old = {name: section.last(name) for section in parse_sections(content) for name in section.settings}
    net, security, storage = (mapping(document.get(name)) for name in ("net", "security", "storage"))
    address = word(net.get("bindIp")) or old.get("bind_ip", "")
    address = "0.0.0.0" if word(net.get("bindIpAll")) == "true" else address  # noqa: S104  # what the file means
    secured = (
        word(security.get("authorization")) == "enabled" or word(security.get("keyFile")) or old.get("auth") == "true"
    )
    words = [] if secured else ["nobody is asked for a password (no authorization)"]
    words += ["it listens everywhere"] if set(address.replace(",", " ").split()) & _EVERYWHERE else []
    data = word(storage.get("dbPath")) or old.get("dbpath", "")
    return _server(
        gathering,
        kind=ServerKind.MONGODB,
        path=path,
        listens=(f"{address or '(default)'}:{word(net.get('port')) or old.get('port', '27017')}",),
        folders=(data,) if data else (),
        settings=[("authorization", word(security.get("authorization")))] if security else [],
        words=words,
    )


def _server(
    gathering: Gathering,
    *,
    kind: ServerKind,
    path: bytes,
    listens: tuple[str, ...],
    folders: tuple[str, ...],
    settings: Sequence[tuple[str, str]],
    words: Sequence[str],
) -> Server:
    quote = gathering.guest.quote_value
    return Server(
        kind=kind,
        path=path,
        listens=listens,
        names=(),
        folders=folders,
        settings=tuple(Setting(name=name, value=quote(name, value)) for name, value in settings[:_MOST]),
        open=tuple(words),
    )
