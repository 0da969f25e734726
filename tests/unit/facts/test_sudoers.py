from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.held import held
from tests.unit.facts.tree import Nodes, Shut, guest_with

from imgkit.facts import sudoers
from imgkit.facts.gathering import Gathering
from imgkit.facts.sudoers import logical_lines, read_sudoers
from imgkit.model.fact import Fact, FactState
from imgkit.model.sudo import Sudoers


def read(text: str, **others: str) -> Fact[Sudoers]:
    files: Nodes = {"/etc/sudoers": text} | {f"/etc/sudoers.d/{name}": rule for name, rule in others.items()}
    return read_sudoers(guest_with(files))


def test_rules_aliases_and_defaults_are_told_with_their_places():
    text = "# x\nDefaults env_reset\nCmnd_Alias SH = /bin/sh, \\\n  /bin/bash\nroot ALL=(ALL) ALL # all\n"
    found = held(read(text))
    assert [(rule.line, rule.text) for rule in found.rules] == [(5, "root ALL=(ALL) ALL")]
    assert [(one.line, one.name, one.members) for one in found.aliases] == [(3, "SH", ("/bin/sh", "/bin/bash"))]
    assert [(one.line, one.scope, one.text) for one in found.defaults] == [(2, "", "env_reset")]


def test_every_way_of_including_is_followed():
    for include in (
        "#includedir /etc/sudoers.d",
        "@includedir sudoers.d",
        '@include "/etc/sudoers.d/one"',
        "#include sudoers.d/one",
    ):
        found = held(read(f"{include}\n", one="a ALL=ALL\n"))
        assert [rule.path for rule in found.rules] == [b"/etc/sudoers.d/one"], include


def test_names_with_dots_and_tildes_in_a_folder_are_left_out():
    files: Nodes = {
        "/etc/sudoers": "@includedir /etc/sudoers.d\n",
        "/etc/sudoers.d/a.bak": "a ALL=ALL\n",
        "/etc/sudoers.d/b~": "b ALL=ALL\n",
        "/etc/sudoers.d/c": "c ALL=ALL\n",
    }
    assert [rule.users for rule in held(read_sudoers(guest_with(files))).rules] == [("c",)]


def test_a_number_is_a_user_and_no_comment():
    found = held(read("#1000 ALL=ALL\na ALL=(#0) ALL\n"))
    assert [(rule.users, rule.run_as_users) for rule in found.rules] == [(("#1000",), ()), (("a",), ("#0",))]


def test_a_circle_ends_and_is_told():
    fact = read("root ALL=ALL\n@include /etc/sudoers\n")
    assert fact.partial
    assert "circle" in fact.notes[0]


def test_a_host_in_a_name_is_not_guessed():
    assert "%h" in read("@include /etc/sudoers.%h\n").notes[0]


def test_a_line_that_cannot_be_understood_is_named_and_leaves_the_others():
    fact = read("nonsense\nroot ALL=ALL\n")
    assert fact.notes == ("/etc/sudoers line 1: it names no host or no command",)
    assert len(held(fact).rules) == 1


def test_what_stands_out_is_named():
    text = (
        "Cmnd_Alias EVERYTHING = ALL\nroot ALL=ALL\n%wheel ALL=ALL\neve ALL=ALL\nbob ALL=NOPASSWD: /bin/x\n"
        "joe ALL=NOPASSWD: EVERYTHING\nmax ALL=/tmp/x\nDefaults:eve !authenticate\nDefaults env_keep += LD_PRELOAD\n"
    )
    assert read(text).remarks == (
        "/etc/sudoers line 4: eve may run everything",
        "/etc/sudoers line 5: bob may run /bin/x without a password",
        "/etc/sudoers line 6: joe may run everything without a password",
        "/etc/sudoers line 7: max may run what names something in /tmp, /var/tmp or /dev/shm: /tmp/x",
        "/etc/sudoers line 8: no password is asked (Defaults:eve !authenticate)",
        "/etc/sudoers line 9: the caller's environment is kept (Defaults env_keep += LD_PRELOAD)",
    )


def test_secrets_are_masked():
    text = "Cmnd_Alias X = /bin/x --password hunter2\nDefaults x=token:hunter2\na ALL=/bin/x --token hunter2\n"
    assert "hunter2" not in repr(read(text))


def test_none_differs_from_unreadable():
    assert read_sudoers(guest_with({})).state is FactState.ABSENT
    assert read_sudoers(guest_with({"/etc/sudoers": Shut("torn")})).state is FactState.UNDETERMINED
    assert held(read_sudoers(guest_with({"/usr/etc/sudoers": "root ALL=ALL\n"}))).rules[0].path == b"/usr/etc/sudoers"


def test_a_line_without_end_is_left_out_and_said(monkeypatch):
    monkeypatch.setattr(sudoers, "_LONGEST_LINE", 10)
    assert read("a ALL=(root) /bin/x\n").notes == ("/etc/sudoers line 1: it is longer than this version reads",)


def test_rules_without_end_are_cut_and_that_is_said(monkeypatch):
    monkeypatch.setattr(sudoers, "_MOST_RULES", 1)
    assert read("a ALL=ALL\n" * 5).notes == ("/etc/sudoers: lines from 3 on were left out",)


def test_a_comment_ends_a_line_but_not_in_quotes():
    look = Gathering(guest_with({"/s": 'a "b # c" # d\n#1 x\n# note\ne\\#f\nlast \\\n'}))
    assert list(logical_lines(look, b"/s")) == [(1, 'a "b # c"'), (2, "#1 x"), (4, "e\\#f"), (5, "last")]


@given(st.binary())
def test_any_bytes_are_borne(data):
    read_sudoers(guest_with({"/etc/sudoers": b"@includedir /etc/sudoers.d\n" + data, "/etc/sudoers.d/x": data}))
