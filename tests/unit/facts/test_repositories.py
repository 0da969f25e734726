from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.tree import guest_with

from imgkit.facts.repositories import read_repositories
from imgkit.model.fact import FactState
from imgkit.model.packages import Repository, RepositoryKind

YUM = """[main]
gpgcheck=1
[base]
name=AliYun-base
baseurl=http://mirrors.cloud.aliyuncs.com/alinux/$releasever/os/$basearch/
        https://bob:secret@mirror.example/
gpgcheck=1
gpgkey=http://mirrors.cloud.aliyuncs.com/alinux/RPM-GPG-KEY
[off]
mirrorlist=http://x
enabled=0
gpgcheck = 0
"""
STANZAS = """Types: deb deb-src
URIs: http://deb.debian.org/debian
Suites: bookworm
 bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian.gpg

# a comment
Types: deb
URIs: http://x
Suites: ./
Enabled: no
Trusted: yes
Signed-By:
 -----BEGIN PGP
 .
"""


def read(path: str, text: str) -> tuple[Repository, ...]:
    found = read_repositories(guest_with({path: text})).value
    assert found is not None
    return found


def test_one_line_entries_of_apt_are_read_with_their_options():
    lines = (
        "# deb http://off x y\ndeb [arch=amd64 trusted=yes signed-by=/k.gpg] https://u:p@h/d stable main contrib # c\n"
    )
    (one,) = read("/etc/apt/sources.list", lines + "deb-src\n")
    assert (one.line, one.addresses, one.suites, one.components) == (
        2,
        ("https://u:***@h/d",),
        ("stable",),
        ("main", "contrib"),
    )
    assert (one.signed, one.key, one.sources, one.enabled) == (False, "/k.gpg", False, True)


def test_paragraphs_of_apt_are_read():
    first, second = read("/etc/apt/sources.list.d/debian.sources", STANZAS)
    assert (first.suites, first.sources, first.enabled, first.key) == (
        ("bookworm", "bookworm-updates"),
        True,
        True,
        "/usr/share/keyrings/debian.gpg",
    )
    assert (second.line, second.enabled, second.signed, second.key) == (9, False, False, "in the file itself")


def test_sections_of_yum_are_read_and_no_password_is_kept():
    base, off = read("/etc/yum.repos.d/alinux.repo", YUM)
    assert base.addresses == (
        "http://mirrors.cloud.aliyuncs.com/alinux/$releasever/os/$basearch/",
        "https://bob:***@mirror.example/",
    )
    assert (base.name, base.enabled, base.signed) == ("base", True, True)
    assert (off.enabled, off.signed, off.addresses) == (False, False, ("http://x",))


def test_passwords_are_kept_where_they_are_wanted():
    guest = replace(guest_with({"/etc/yum.repos.d/a.repo": YUM}), include_secrets=True)
    assert "bob:secret" in str(read_repositories(guest).value)


def test_a_file_of_repositories_without_end_is_cut_and_says_so():
    fact = read_repositories(guest_with({"/etc/apk/repositories": "http://a\n" * 3000}))
    assert (len(fact.value or ()), fact.partial) == (2000, True)


def test_zypp_and_apk_are_read():
    files = {
        "/etc/zypp/repos.d/x.repo": "[oss]\nbaseurl=http://s\n",
        "/etc/apk/repositories": "# no\nhttp://a/main\n@edge http://b/edge\n",
    }
    found = read_repositories(guest_with(files)).value
    assert [(one.kind, one.name, one.addresses) for one in found] == [
        (RepositoryKind.APK, "", ("http://a/main",)),
        (RepositoryKind.APK, "@edge", ("http://b/edge",)),
        (RepositoryKind.ZYPP, "oss", ("http://s",)),
    ]


def test_no_file_is_absent_and_an_empty_one_names_none():
    assert read_repositories(guest_with({})).state is FactState.ABSENT
    assert read("/etc/apt/sources.list", "") == ()


@pytest.mark.parametrize(
    "path",
    ["/etc/apt/sources.list", "/etc/apt/sources.list.d/x.sources", "/etc/yum.repos.d/x.repo", "/etc/apk/repositories"],
)
@given(st.text(alphabet="[]deb=: \n\t#URIs:x\x00é", max_size=100))
def test_any_text_is_borne(path, text):
    read(path, text)
