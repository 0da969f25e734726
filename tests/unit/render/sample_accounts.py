"""Sudo and log-ins for the sample report, with hostile text in them."""

from datetime import UTC, datetime

from imgkit.model.accounts import SubordinateIds
from imgkit.model.fact import Fact
from imgkit.model.logins import (
    FailedLogins,
    FailureCount,
    LastLogin,
    Logins,
    Session,
    SessionEnd,
    SystemEvent,
)
from imgkit.model.sudo import SudoAlias, SudoDefault, Sudoers, SudoRule

HOSTILE = "a\x1b[2Jb\u202ec\n\udcffd"
MOMENT = datetime(2026, 11, 22, 18, 5, 9, tzinfo=UTC)
SUDOERS, WTMP = b"/etc/sudoers", b"/var/log/wtmp"


def sudoers() -> Fact[Sudoers]:
    rule = SudoRule(
        path=SUDOERS,
        line=3,
        text=f"eve ALL=(ALL:dba) NOPASSWD: {HOSTILE}",
        users=("eve",),
        hosts=("ALL",),
        run_as_users=("ALL",),
        run_as_groups=("dba",),
        options=("CWD=/srv",),
        tags=("NOPASSWD",),
        commands=(HOSTILE,),
    )
    return Fact.present(
        Sudoers(
            rules=(rule,),
            aliases=(SudoAlias(path=SUDOERS, line=2, kind="Cmnd", name="SHELLS", members=("/bin/sh",)),),
            defaults=(SudoDefault(path=SUDOERS, line=1, scope=":eve", text="!authenticate"),),
        ),
        partial=True,
        notes=("/etc/sudoers line 9: it begins with no user",),
        remarks=("eve may run everything without a password",),
        sources=(),
    )


def subordinate_ids() -> Fact[tuple[SubordinateIds, ...]]:
    return Fact.present((SubordinateIds(kind="user", owner="eve", first=100000, count=65536),), sources=())


def logins() -> Logins:
    session = Session(
        path=WTMP,
        user="root",
        terminal="pts/0",
        host="192.0.2.7",
        address="192.0.2.7",
        started=MOMENT,
        ended=None,
        end=SessionEnd.OPEN,
        pid=77,
    )
    failed = FailedLogins(
        path=b"/var/log/btmp", user=HOSTILE, host="192.0.2.9", address="", count=1234, first=MOMENT, last=None
    )
    last = LastLogin(path=b"/var/log/lastlog", uid=0, names=("root", "toor"), at=MOMENT, terminal="tty1", host="")
    gone = LastLogin(path=b"/var/log/lastlog", uid=1002, names=(), at=None, terminal="", host=HOSTILE)
    return Logins(
        sessions=Fact.present((session,), sources=()),
        events=Fact.present((SystemEvent(path=WTMP, kind="boot", at=MOMENT, detail="5.10.134"),), sources=()),
        failed=Fact.present((failed,), sources=()),
        last=Fact.present((last, gone), sources=()),
        failures=Fact.present(
            (FailureCount(path=b"/var/log/faillog", uid=0, names=(), failures=3, latest=MOMENT, detail="tty1"),),
            sources=(),
        ),
    )
