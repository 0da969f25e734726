"""How nginx, Apache and PHP are set up: addresses, names, folders that they serve."""

import re
from collections.abc import Iterator

from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Content, Guest, first_word
from imgkit.facts.included import read_with_included
from imgkit.facts.sections import parse_sections
from imgkit.model.fact import Fact, Setting
from imgkit.model.server_settings import Server, ServerKind
from imgkit.units import MiB

_NGINX = (
    b"/etc/nginx/nginx.conf", b"/usr/local/nginx/conf/nginx.conf", b"/usr/local/openresty/nginx/conf/nginx.conf",
    b"/www/server/nginx/conf/nginx.conf", b"/opt/nginx/conf/nginx.conf",
)  # fmt: skip
_APACHE = (
    b"/etc/apache2/apache2.conf", b"/etc/httpd/conf/httpd.conf", b"/etc/apache2/httpd.conf",
    b"/usr/local/apache2/conf/httpd.conf", b"/www/server/apache/conf/httpd.conf",
)  # fmt: skip
_APACHE_BASES = {b"/etc/httpd/conf/httpd.conf": b"/etc/httpd"}
_PHP_FOLDERS = (b"/etc/php", b"/etc/opt", b"/www/server/php", b"/usr/local/php")
_PHP_FILES = (
    b"/etc/php.ini",
    b"/usr/local/lib/php.ini",
    b"/usr/local/php/etc/php.ini",
    b"/etc/php7/php.ini",
    b"/etc/php8/php.ini",
)
_PHP_SETTINGS = (
    "disable_functions", "open_basedir", "allow_url_fopen", "allow_url_include", "expose_php", "display_errors",
    "auto_prepend_file", "auto_append_file", "upload_tmp_dir", "session.save_path", "extension", "zend_extension",
)  # fmt: skip
_MOST = 500
_ALL_BYTES = 16 * MiB
_STATEMENT = re.compile(r"[^;{}#\"']+|\"[^\"]*\"|'[^']*'|#[^\n]*|.", re.DOTALL)


def read_web_servers(guest: Guest) -> Fact[tuple[Server, ...]]:
    """Read the configuration of every web server that is there."""
    gathering = Gathering(guest, most_bytes=_ALL_BYTES)
    found = [_nginx(gathering, path) for path in _NGINX]
    found += [_apache(gathering, path) for path in _APACHE]
    found += [_php(gathering, path) for path in _php_files(gathering)]
    servers = tuple(one for one in found if one is not None)
    for one in servers:
        for words in one.open:
            gathering.remark(f"{one.kind}: {words}")
    return gathering.fact(servers, nothing="no web server's configuration is there")


def statements(text: str) -> Iterator[list[str]]:
    """Yield nginx's statements as words, without what groups them; quotes are undone, comments left out."""
    words: list[str] = []
    for token in _STATEMENT.findall(text):
        if token in {";", "{", "}"}:
            if words:
                yield words
            words = []
        elif token[0] in "\"'" and len(token) > 1:
            words.append(token[1:-1])
        elif token[0] != "#":
            words += token.split()
    if words:
        yield words


def _nginx(gathering: Gathering, path: bytes) -> Server | None:
    base = path.rpartition(b"/")[0]
    contents = list(read_with_included(gathering, path, _nginx_includes, base=base))
    if not contents:
        return None
    told = [words for content in contents for words in statements(content.text) if len(words) > 1]
    kept = ("user", "ssl_protocols", "autoindex", "load_module", "lua_package_path")
    listing = ["a folder is listed to anybody (autoindex on)"] if ["autoindex", "on"] in told else []
    return Server(
        kind=ServerKind.NGINX,
        path=path,
        listens=_unique(" ".join(words[1:]) for words in told if words[0] == "listen"),
        names=_unique(name for words in told if words[0] == "server_name" for name in words[1:]),
        folders=_unique(words[1] for words in told if words[0] in {"root", "alias"}),
        settings=_settings(gathering, [(words[0], " ".join(words[1:])) for words in told if words[0] in kept])
        + _settings(
            gathering, [("proxy_pass", words[1]) for words in told if words[0] in {"proxy_pass", "fastcgi_pass"}]
        ),
        open=tuple(listing),
    )


def _nginx_includes(content: Content) -> Iterator[str]:
    return (words[1] for words in statements(content.text) if words[0] == "include" and len(words) > 1)


def _apache(gathering: Gathering, path: bytes) -> Server | None:
    base = _APACHE_BASES.get(path, path.rpartition(b"/")[0])
    contents = list(read_with_included(gathering, path, _apache_includes, base=base))
    if not contents:
        return None
    told = [first_word(line) for content in contents for _, line in content.lines() if line and line[0] != "#"]
    plain = [(word.lower(), rest.strip().strip('"')) for word, rest in told]
    kept = {"servertokens", "user", "sslprotocol", "proxypass", "php_admin_value", "php_value"}
    indexes = any(
        word == "options" and "indexes" in rest.lower() and "-indexes" not in rest.lower() for word, rest in plain
    )
    return Server(
        kind=ServerKind.APACHE,
        path=path,
        listens=_unique(rest for word, rest in plain if word == "listen"),
        names=_unique(name for word, rest in plain if word in {"servername", "serveralias"} for name in rest.split()),
        folders=_unique(rest for word, rest in plain if word == "documentroot"),
        settings=_settings(gathering, [(word, rest) for word, rest in plain if word in kept]),
        open=("folders are listed to anybody (Options Indexes)",) if indexes else (),
    )


def _apache_includes(content: Content) -> Iterator[str]:
    for _, line in content.lines():
        word, rest = first_word(line)
        if word.lower() in {"include", "includeoptional"}:
            yield rest.strip().strip('"')


def _php(gathering: Gathering, path: bytes) -> Server | None:
    content = gathering.read(path)
    if content is None:
        return None
    found = [
        (name, value.partition(" ;")[0].strip().strip('"'))
        for section in parse_sections(content)
        for name in _PHP_SETTINGS
        for value in section.all(name)
    ]
    remote = [value for name, value in found if name == "allow_url_include" and value.lower() in {"on", "1", "true"}]
    ahead = [value for name, value in found if name in {"auto_prepend_file", "auto_append_file"} and value]
    words = ["code is included from other servers (allow_url_include)"] if remote else []
    words += [f"every page runs {value}" for value in ahead[:5]]
    return Server(
        kind=ServerKind.PHP,
        path=path,
        listens=(),
        names=(),
        folders=(),
        settings=_settings(gathering, [(name, value) for name, value in found if value]),
        open=tuple(words),
    )


def _php_files(gathering: Gathering) -> Iterator[bytes]:
    yield from _PHP_FILES
    for folder in _PHP_FOLDERS:
        for version in gathering.folder(folder):
            below = folder + b"/" + version.name
            yield from (
                below + tail
                for tail in (b"/php.ini", b"/etc/php.ini", b"/cli/php.ini", b"/fpm/php.ini", b"/apache2/php.ini")
            )


def _settings(gathering: Gathering, pairs: list[tuple[str, str]]) -> tuple[Setting, ...]:
    unique = list(dict.fromkeys(pairs))[:_MOST]
    return tuple(Setting(name=name, value=gathering.guest.quote_value(name, value)) for name, value in unique)


def _unique(words: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))[:_MOST]
