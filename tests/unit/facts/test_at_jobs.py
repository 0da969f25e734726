from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.held import held
from tests.unit.facts.tree import Folder, Shut, guest_with

from imgkit.facts import at_jobs
from imgkit.facts.at_jobs import read_at_jobs
from imgkit.model.fact import FactState

HEAD = """#!/bin/sh
# atrun uid=1000 gid=1001
# mail eve 0
umask 22
AWS_SECRET=hunter2; export AWS_SECRET
cd /home/eve || {
\t echo 'Execution directory inaccessible' >&2
\t exit 1
}
"""
NAME = f"a0002a{int(datetime(2026, 11, 22, 18, 5, tzinfo=UTC).timestamp()) // 60:08x}"
PASSWD = "root:x:0:0::/root:/bin/sh\neve:x:1000:1001::/home/eve:/bin/sh\neve2:x:1000:1001::/:/bin/sh\n"


def test_a_job_tells_when_for_whom_and_what():
    fact = read_at_jobs(guest_with({"/etc/passwd": PASSWD, f"/var/spool/at/{NAME}": HEAD + "/bin/job one\n\nsecond\n"}))
    job = held(fact)[0]
    assert job.due == datetime(2026, 11, 22, 18, 5, tzinfo=UTC)
    assert (job.queue, job.job, job.uid, job.gid, job.user, job.mail_to) == ("a", 42, 1000, 1001, "eve", "eve")
    assert job.commands == ("/bin/job one", "second")
    assert "hunter2" not in repr(fact)


def test_debians_here_document_is_taken_off():
    body = "${SHELL:-/bin/sh} << 'marcinDELIMITER12ab34cd'\n/bin/job\n\nmarcinDELIMITER12ab34cd\n"
    fact = read_at_jobs(guest_with({f"/var/spool/cron/atjobs/{NAME}": HEAD + body}))
    assert held(fact)[0].commands == ("/bin/job",)


def test_a_job_without_its_head_still_tells_what_it_runs():
    fact = read_at_jobs(guest_with({f"/var/spool/at/{NAME}": "#!/bin/sh\n/tmp/x --go\n"}))
    job = held(fact)[0]
    assert (job.uid, job.user, job.commands) == (None, "", ("/tmp/x --go",))
    assert "names something in /tmp" in fact.remarks[0]


def test_jobs_come_in_the_order_of_their_times_and_other_files_are_none():
    files = {"/var/spool/at/a0000200000002": "x\n", "/var/spool/at/b0000100000001": "y\n", "/var/spool/at/.SEQ": "9"}
    fact = read_at_jobs(guest_with(files))
    assert [job.queue for job in held(fact)] == ["b", "a"]


def test_no_spool_and_an_empty_one_and_a_shut_one_differ():
    assert read_at_jobs(guest_with({})).reason == "there is no spool of at"
    assert read_at_jobs(guest_with({"/var/spool/at": Folder()})).reason == "no job waits"
    assert read_at_jobs(guest_with({"/var/spool/at": Shut("torn")})).state is FactState.UNDETERMINED


def test_jobs_without_end_are_cut_and_that_is_said(monkeypatch):
    monkeypatch.setattr(at_jobs, "_MOST_JOBS", 1)
    files = {f"/var/spool/at/a0000{number}00000002": "x\n" for number in range(3)}
    assert read_at_jobs(guest_with(files)).notes == ("only the first 1 of 3 jobs were read",)


@given(st.binary())
def test_any_bytes_are_borne(data):
    read_at_jobs(guest_with({f"/var/spool/at/{NAME}": HEAD.encode() + data, "/var/spool/at/a00001ffffffff": data}))
