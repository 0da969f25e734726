"""Jobs that wait in the spool of at: when, for whom, and the head of what they run.

A job's name is a letter for its queue, five hexadecimal digits for its number and eight for the minute since 1970; its
first lines name user and mail, then at puts the environment of whoever called it, then a change of folder (atd's at.c).
"""

import re
from collections.abc import Sequence

from imgkit.facts.gathering import Found, Gathering
from imgkit.facts.guest import Content, Guest, as_text, moment, parse_number
from imgkit.facts.homes import accounts_of, uid_names
from imgkit.facts.standing_out import odd_habits
from imgkit.model.fact import Fact
from imgkit.model.persistence import AtJob

_FOLDERS = (b"/var/spool/cron/atjobs", b"/var/spool/at", b"/var/spool/atjobs", b"/var/spool/at/jobs")
_NAME = re.compile(rb"(?P<queue>[A-Za-z=])(?P<job>[0-9a-f]{5})(?P<minutes>[0-9a-f]{8})")
_OWNER = re.compile(r"# atrun uid=(\d{1,20}) gid=(\d{1,20})")
_MAIL = re.compile(r"# mail (\S{1,256})")
_SETS = re.compile(r"[A-Za-z_]\w*=.*; export [A-Za-z_]\w*|umask [0-7]+")
_HERE = re.compile(r"\$\{SHELL:-/bin/sh\} << '(marcinDELIMITER[0-9a-f]+)'")
_MOST_COMMANDS = 40
_MOST_LINES = 20_000
_MOST_JOBS = 5000


def read_at_jobs(guest: Guest) -> Fact[tuple[AtJob, ...]]:
    """List the jobs in the order of their times."""
    look = Gathering(guest)
    spools = [folder for folder in _FOLDERS if look.stat(folder) is not None]
    names = uid_names(accounts_of(Gathering(guest)))
    found = [job for folder in spools for job in look.names(folder) if _NAME.fullmatch(job.entry.name)]
    if len(found) > _MOST_JOBS:
        look.lack(f"only the first {_MOST_JOBS} of {len(found)} jobs were read")
    jobs = [job for one in found[:_MOST_JOBS] if (job := _job(look, one, names)) is not None]
    return look.fact(tuple(sorted(jobs, key=_order)), nothing="no job waits" if spools else "there is no spool of at")


def split_job(content: Content) -> tuple[list[str], list[str]]:
    """Return what at itself wrote at the head of a job, and the lines that it runs."""
    lines = [as_text(line.rstrip(b"\r")) for line in content.data.split(b"\n", _MOST_LINES)[:_MOST_LINES]]
    at = next((number for number, line in enumerate(lines) if re.match(r"cd .*\|\| \{", line)), None)
    if at is None:
        at = next((number for number, line in enumerate(lines) if not _is_head(line)), len(lines)) - 1
    else:
        at = next((number for number in range(at, len(lines)) if lines[number].startswith("}")), at)
    return lines[: at + 1], _without_delimiters(lines[at + 1 :])


def _is_head(line: str) -> bool:
    return not line or line.startswith("#") or _SETS.fullmatch(line) is not None


def _without_delimiters(lines: Sequence[str]) -> list[str]:
    """Debian's at feeds the commands to the caller's shell as a here-document."""
    delimiters = {found[1] for line in lines if (found := _HERE.fullmatch(line))}
    kept = [line for line in lines if line.strip() and line not in delimiters and not _HERE.fullmatch(line)]
    return [line for line in kept if line.strip() != "}"] if delimiters else kept


def _job(look: Gathering, found: Found, names: dict[int, str]) -> AtJob | None:
    content = look.read(found.path)
    named = _NAME.fullmatch(found.entry.name)
    if content is None or named is None:
        return None
    head, commands = split_job(content)
    owner = next((match for line in head[:5] if (match := _OWNER.match(line))), None)
    mail = next((match[1] for line in head[:5] if (match := _MAIL.match(line))), "")
    uid = parse_number(owner[1]) if owner else None
    for command in commands[:_MOST_COMMANDS]:
        for habit in odd_habits(command):
            look.remark(f"the job {as_text(found.path)} {habit}: {look.brief(command)}")
    return AtJob(
        path=found.path,
        queue=named["queue"].decode("ascii"),
        job=int(named["job"], 16),
        due=moment(int(named["minutes"], 16) * 60),
        uid=uid,
        gid=parse_number(owner[2]) if owner else None,
        user=names.get(uid, "") if uid is not None else "",
        mail_to=mail,
        commands=tuple(look.guest.quote(command) for command in commands[:_MOST_COMMANDS]),
    )


def _order(job: AtJob) -> tuple[float, bytes]:
    return (job.due.timestamp() if job.due else 0.0, job.path)
