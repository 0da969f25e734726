import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.tree import Nodes, guest_with

from imgkit.facts.web_servers import read_web_servers, statements
from imgkit.model.fact import FactState
from imgkit.model.server_settings import Server

NGINX = {
    "/etc/nginx/nginx.conf": "user www-data;\nhttp {\n include sites-enabled/*; # no\n autoindex on;\n}\n",
    "/etc/nginx/sites-enabled/a": """server {
  listen 80 default_server; listen [::]:443 ssl;
  server_name a.example "b.example";
  root /var/www/a;
  location / { proxy_pass http://u:s3cret@127.0.0.1:8080; }
}
""",
}
APACHE = {
    "/etc/httpd/conf/httpd.conf": 'Listen 80\nIncludeOptional conf.d/*.conf\nDocumentRoot "/var/www/html"\n',
    "/etc/httpd/conf.d/a.conf": "ServerName a.example\nServerAlias b.example c.example\n"
    "  Options Indexes FollowSymLinks\n",
}


def read(files: Nodes) -> tuple[Server, ...]:
    found = read_web_servers(guest_with(files)).value
    assert found is not None
    return found


def test_nginx_with_what_it_includes():
    (found,) = read(NGINX)
    assert found.listens == ("80 default_server", "[::]:443 ssl")
    assert (found.names, found.folders) == (("a.example", "b.example"), ("/var/www/a",))
    assert found.open == ("a folder is listed to anybody (autoindex on)",)
    assert "s3cret" not in repr(found)
    assert ("user", "www-data") in [(one.name, one.value) for one in found.settings]


def test_apache_with_what_it_includes():
    (found,) = read(APACHE)
    assert (found.listens, found.folders) == (("80",), ("/var/www/html",))
    assert found.names == ("a.example", "b.example", "c.example")
    assert found.open == ("folders are listed to anybody (Options Indexes)",)


def test_php():
    text = "[PHP]\nallow_url_include = On\nauto_prepend_file = /tmp/.x.php\ndisable_functions =\n"
    fact = read_web_servers(guest_with({"/etc/php/8.2/fpm/php.ini": text}))
    assert fact.remarks == (
        "php: code is included from other servers (allow_url_include)",
        "php: every page runs /tmp/.x.php",
    )


def test_none_is_absent():
    assert read_web_servers(guest_with({})).state is FactState.ABSENT


def test_statements_are_told_apart_from_what_groups_and_from_comments():
    assert list(statements("a b; c \"d;e\" { f 'g h'; } # x\ni")) == [["a", "b"], ["c", "d;e"], ["f", "g h"], ["i"]]


def test_long_hostile_text_takes_no_long_time():
    assert list(statements('"' * 99_999 + "'" * 99_999))


@pytest.mark.parametrize("path", ["/etc/nginx/nginx.conf", "/etc/httpd/conf/httpd.conf", "/etc/php.ini"])
@given(st.text(alphabet="listen server_name root include;{}\"'#*/\n =[]", max_size=100))
def test_any_text_is_borne(path, text):
    read({path: text})
