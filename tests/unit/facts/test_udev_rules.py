from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.held import held
from tests.unit.facts.tree import guest_with

from imgkit.facts import udev_rules
from imgkit.facts.udev_rules import read_udev_rules
from imgkit.model.fact import FactState


def test_every_program_of_a_rule_is_told():
    rule = 'ACTION=="add", \\\n  PROGRAM=="/bin/p %k", RUN+="/bin/r \\"a b\\"", ENV{X}="RUN", RUN{builtin}+="kmod"\n'
    other = 'IMPORT{program}="/bin/i", RUN{program}:="/tmp/x"\n'
    files = {
        "/etc/udev/rules.d/1.rules": rule,
        "/usr/lib/udev/rules.d/2.rules": other,
        "/lib/udev/rules.d/1.rules": other,
    }
    fact = read_udev_rules(guest_with(files))
    assert [(line.kind, line.line, line.text) for line in held(fact)] == [
        ("PROGRAM", 1, "/bin/p %k"),
        ("RUN", 1, '/bin/r "a b"'),
        ("IMPORT{program}", 1, "/bin/i"),
        ("RUN{program}", 1, "/tmp/x"),
    ]
    assert fact.remarks == (
        "/etc/udev/rules.d/1.rules line 1: PROGRAM /bin/p %k",
        '/etc/udev/rules.d/1.rules line 1: RUN /bin/r "a b"',
        "/usr/lib/udev/rules.d/2.rules line 1 names something in /tmp, /var/tmp or /dev/shm: /tmp/x",
    )


def test_nothing_of_it_is_absent():
    assert read_udev_rules(guest_with({})).state is FactState.ABSENT


def test_programs_without_end_are_cut_and_that_is_said(monkeypatch):
    monkeypatch.setattr(udev_rules, "MOST_LINES", 1)
    fact = read_udev_rules(guest_with({"/etc/udev/rules.d/1.rules": 'RUN="a"\nRUN="b"\n'}))
    assert (len(held(fact)), fact.partial) == (1, True)


def test_a_line_of_programs_without_end_is_cut_and_that_is_said():
    fact = read_udev_rules(guest_with({"/usr/lib/udev/rules.d/1.rules": 'RUN+="a",' * 2000}))
    assert (len(held(fact)), fact.notes) == (
        1000,
        ("/usr/lib/udev/rules.d/1.rules line 1: it runs more than 1000 programs",),
    )


@given(st.text(alphabet='RUN+="\\,\n {}'))
def test_any_text_is_borne(text):
    read_udev_rules(guest_with({"/etc/udev/rules.d/1.rules": text}))
