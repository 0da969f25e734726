import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgkit.facts.sudoers_line import (
    BadSudoersLine,
    Permission,
    parse_aliases,
    parse_defaults,
    parse_rule,
    split_outside,
)


def one(line: str) -> Permission:
    (found,) = parse_rule(line)
    return found


def test_a_plain_rule():
    assert one("root ALL=(ALL:ALL) ALL") == Permission(
        users=("root",), hosts=("ALL",), run_as_users=("ALL",), run_as_groups=("ALL",), commands=("ALL",)
    )


def test_tags_go_on_until_their_opposite():
    first, second = parse_rule("a ALL = NOPASSWD: /bin/x, /bin/y, PASSWD: /bin/z")
    assert (first.tags, first.commands) == (("NOPASSWD",), ("/bin/x", "/bin/y"))
    assert (second.tags, second.commands) == (("PASSWD",), ("/bin/z",))


def test_run_as_goes_on_until_another():
    first, second = parse_rule("a ALL = (www) NOEXEC:SETENV: /bin/x, /bin/y, (:dba) /bin/z")
    assert (first.run_as_users, first.tags, first.commands) == (("www",), ("NOEXEC", "SETENV"), ("/bin/x", "/bin/y"))
    assert (second.run_as_users, second.run_as_groups, second.tags) == ((), ("dba",), ("NOEXEC", "SETENV"))


def test_a_line_may_have_several_host_parts():
    first, second = parse_rule('a,b web1,!web2 = NOPASSWD: /bin/x : db = /usr/bin/psql -c "a, b : c=d"')
    assert (first.users, first.hosts, first.commands) == (("a", "b"), ("web1", "!web2"), ("/bin/x",))
    assert (second.hosts, second.tags, second.commands) == (("db",), (), ('/usr/bin/psql -c "a, b : c=d"',))


@pytest.mark.parametrize(
    ("line", "users"),
    [
        ('"dom user" ALL=ALL', ('"dom user"',)),
        (r"%dom\ group ALL=ALL", (r"%dom\ group",)),
        ("#1000, %#100 ALL=ALL", ("#1000", "%#100")),
        ("ALL, !root ALL=ALL", ("ALL", "!root")),
        ("+netgroup ALL=ALL", ("+netgroup",)),
    ],
)
def test_users_are_named_in_many_ways(line, users):
    assert one(line).users == users


def test_options_stand_before_tags():
    found = one('a ALL=(root) CWD=/srv ROLE="x y" NOPASSWD: sudoedit /etc/x')
    assert (found.options, found.tags, found.commands) == (
        ("CWD=/srv", 'ROLE="x y"'),
        ("NOPASSWD",),
        ("sudoedit /etc/x",),
    )


def test_arguments_keep_what_is_escaped():
    assert one(r"a ALL=/bin/x a\,b\:c\=d, !/bin/y").commands == (r"/bin/x a\,b\:c\=d", "!/bin/y")


@pytest.mark.parametrize("line", ["a", "a ALL", "a ALL=", "= ALL", "a ALL=(root)", "a ALL=/x,,/y"])
def test_what_is_no_rule_says_so(line):
    with pytest.raises(BadSudoersLine):
        parse_rule(line)


def test_aliases_several_on_a_line():
    assert parse_aliases("User_Alias A = x, %y : B_2=z") == [("User", "A", ("x", "%y")), ("User", "B_2", ("z",))]
    assert parse_aliases("Cmd_Alias X=/bin/a") == [("Cmnd", "X", ("/bin/a",))]
    assert parse_aliases("x ALL=ALL") is None
    with pytest.raises(BadSudoersLine):
        parse_aliases("User_Alias lower = x")


@pytest.mark.parametrize(
    ("line", "scope"),
    [
        ("Defaults env_reset", ""),
        ("Defaults:a,b !authenticate", ":a,b"),
        ("Defaults>root x", ">root"),
        ("Defaults!/bin/x noexec", "!/bin/x"),
        ("Defaults@host x", "@host"),
    ],
)
def test_defaults_have_a_scope(line, scope):
    found = parse_defaults(line)
    assert found is not None
    assert found[0] == scope


def test_parts_are_split_outside_of_quotes_and_brackets():
    assert split_outside(r'a,"b,c",(d,e),f\,g', ",") == ["a", '"b,c"', "(d,e)", r"f\,g"]


@given(st.text(alphabet='aA=(),:!"\\ %#/') | st.text())
def test_any_line_is_understood_or_bad(line):
    for parse in (parse_defaults, parse_aliases, parse_rule):
        try:
            parse(line)
        except BadSudoersLine:
            continue
