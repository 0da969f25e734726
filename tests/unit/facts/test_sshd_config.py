from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.held import held
from tests.unit.facts.tree import Link, Nodes, Shut, guest_with

from imgkit.facts.gathering import Gathering
from imgkit.facts.sshd_config import expand_pattern, read_sshd_config
from imgkit.model.fact import Fact, FactState
from imgkit.model.ssh import SshdSetting

CONFIG = "/etc/ssh/sshd_config"


def read(config: str, **others: str) -> Fact[tuple[SshdSetting, ...]]:
    files: Nodes = {CONFIG: config} | {f"/etc/ssh/sshd_config.d/{name}.conf": text for name, text in others.items()}
    return read_sshd_config(guest_with(files))


def holding(fact: Fact[tuple[SshdSetting, ...]]) -> list[tuple[str, str]]:
    return [(one.name.lower(), one.value) for one in fact.value or () if one.holds]


def test_of_several_lines_the_first_holds():
    assert holding(read("PermitRootLogin no\nPermitRootLogin yes\n")) == [("permitrootlogin", "no")]


def test_what_adds_up_holds_every_time():
    assert holding(read("Port 22\nport=2222\n")) == [("port", "22"), ("port", "2222")]


def test_an_included_file_counts_where_it_is_included():
    fact = read("PermitRootLogin yes\nInclude sshd_config.d/*.conf\n", b="PermitRootLogin no\nX11Forwarding no\n")
    assert ("permitrootlogin", "yes") in holding(fact)
    assert ("x11forwarding", "no") in holding(fact)
    first = read("Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin yes\n", b="PermitRootLogin no\n")
    assert ("permitrootlogin", "no") in holding(first)


def test_a_match_ends_with_the_file_that_it_stands_in():
    fact = read(
        "Include sshd_config.d/*\nPasswordAuthentication yes\n", a="Match User eve\nPasswordAuthentication no\n"
    )
    assert ("passwordauthentication", "yes") in holding(fact)
    assert [one.match for one in held(fact)] == ["", "User eve", ""]


def test_an_include_inside_a_block_belongs_to_it():
    fact = read("Match User eve\nInclude sshd_config.d/*.conf\n", a="PasswordAuthentication no\n")
    assert [(one.name, one.match) for one in held(fact)][1] == ("PasswordAuthentication", "User eve")


def test_a_block_for_all_holds_over_what_stands_before():
    assert holding(read("X11Forwarding yes\nMatch all\nX11Forwarding no\n")) == [("x11forwarding", "no")]


def test_quotes_and_comments_are_those_of_sshd():
    fact = read('Banner "/etc/my banner" # hello\n# PermitRootLogin yes\n"Port" 22\n')
    assert holding(fact) == [("banner", "/etc/my banner"), ("port", "22")]


def test_a_line_without_a_keyword_is_named():
    fact = read("Port 22\n!!!\n")
    assert (fact.partial, fact.notes) == (True, ("/etc/ssh/sshd_config line 2: it begins with no keyword",))


def test_files_that_include_each_other_end():
    fact = read("Include sshd_config\nPort 22\n")
    assert fact.partial
    assert "deep" in fact.notes[0]


def test_what_stands_out_is_named_with_its_place():
    fact = read("PermitEmptyPasswords yes\nAuthorizedKeysCommand /tmp/keys %u\nStrictModes yes\n")
    assert fact.remarks == (
        "/etc/ssh/sshd_config line 1: PermitEmptyPasswords yes",
        "/etc/ssh/sshd_config line 2: AuthorizedKeysCommand /tmp/keys %u",
        "/etc/ssh/sshd_config line 2: AuthorizedKeysCommand names something in /tmp, /var/tmp or /dev/shm",
    )


def test_no_configuration_is_absent_and_an_unreadable_one_is_not():
    assert read_sshd_config(guest_with({})).state is FactState.ABSENT
    assert read_sshd_config(guest_with({CONFIG: Shut()})).state is FactState.UNDETERMINED


def test_the_vendors_file_is_read_where_there_is_no_other():
    fact = read_sshd_config(guest_with({"/usr/etc/ssh/sshd_config": "Port 22\n"}))
    assert held(fact)[0].path == b"/usr/etc/ssh/sshd_config"


def test_patterns_name_files_in_order_and_hidden_ones_by_name_alone():
    look = Gathering(guest_with({"/a/y1/f": "", "/a/x1/f": "", "/a/.x/f": "", "/a/x1/g": Link(b"f")}))
    assert expand_pattern(look, b"/a/*1/[fg]") == [b"/a/x1/f", b"/a/x1/g", b"/a/y1/f"]
    assert expand_pattern(look, b"/a/.*/f") == [b"/a/.x/f"]
    assert expand_pattern(look, b"/a/**********b*********" + b"*" * 300) == []


@given(st.text(alphabet='Include Match all"\\=#\n*/[]ab'))
def test_any_text_is_borne(text):
    read(text)
