"""What starts by itself, for the sample report, with hostile text in it."""

from datetime import UTC, datetime

from imgkit.model.fact import Fact, Setting
from imgkit.model.persistence import (
    AtJob,
    ConfigLine,
    CronEntry,
    CronTable,
    InitScript,
    PamLine,
    Persistence,
    StartupFile,
    Unit,
    UnitState,
)

HOSTILE = "a\x1b[2Jb\u202ec\n\udcffd"
MOMENT = datetime(2026, 11, 22, 18, 5, 9, tzinfo=UTC)


def persistence() -> Persistence:
    return Persistence(
        cron=Fact.present((_table(),), sources=()),
        at=Fact.present((_job(),), sources=()),
        units=Fact.present((_unit("a.service", UnitState.ENABLED), _unit("b.timer", UnitState.MASKED)), sources=()),
        init=Fact.present(
            (InitScript(name="x", path=b"/etc/init.d/x", starts_in=("2", "3"), stops_in=("0",)),), sources=()
        ),
        files=Fact.present((_file(),), sources=()),
        loader=_line(b"/etc/ld.so.preload", "preload", "/lib/x.so"),
        pam=Fact.present(
            (
                PamLine(
                    path=b"/etc/pam.d/sshd",
                    line=1,
                    service="sshd",
                    type="auth",
                    control="required",
                    module="pam_unix.so",
                    arguments="nullok",
                ),
            ),
            sources=(),
        ),
        kernel_modules=_line(b"/etc/modules", "load", "virtio_net"),
        udev=_line(b"/etc/udev/rules.d/1.rules", "RUN", HOSTILE),
        package_hooks=Fact.absent("there are no hooks of package managers"),
        autostart=Fact.undetermined("torn"),
    )


def _table() -> CronTable:
    return CronTable(
        path=b"/var/spool/cron/root",
        user="root",
        mode="rw-------",
        uid=0,
        variables=(Setting(name="MAILTO", value="root"),),
        entries=(CronEntry(line=4, schedule="@reboot", user="root", command=HOSTILE),),
    )


def _job() -> AtJob:
    return AtJob(
        path=b"/var/spool/at/a00001",
        queue="a",
        job=1,
        due=MOMENT,
        uid=1000,
        gid=1000,
        user="",
        mail_to="eve",
        commands=("id", HOSTILE),
    )


def _unit(name: str, state: UnitState) -> Unit:
    return Unit(
        name=name,
        scope="system",
        path=b"/etc/systemd/system/" + name.encode(),
        state=state,
        preset="enabled",
        target=b"/dev/null" if state is UnitState.MASKED else b"",
        commands=(Setting(name="ExecStart", value="/usr/bin/x"),),
        triggers=(Setting(name="OnCalendar", value="daily"),),
        drop_ins=(b"/etc/systemd/system/x.d/a.conf",),
        wanted_by=("multi-user.target",),
    )


def _file() -> StartupFile:
    return StartupFile(
        kind="shell of log-ins",
        path=b"/etc/profile.d/\xff.sh",
        mode="rw-r--r--",
        uid=0,
        gid=0,
        size=3,
        modified=MOMENT,
        sha256="00" * 32,
        target=b"x",
    )


def _line(path: bytes, kind: str, text: str) -> Fact[tuple[ConfigLine, ...]]:
    return Fact.present((ConfigLine(path=path, line=1, kind=kind, text=text),), sources=())
