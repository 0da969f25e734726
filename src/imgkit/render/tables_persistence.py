"""Tables of what starts by itself, and lines of it for the summary."""

from collections.abc import Iterator

from imgkit.model.fact import Fact, Setting
from imgkit.model.persistence import AtJob, ConfigLine, InitScript, PamLine, Persistence, StartupFile, Unit, UnitState
from imgkit.render.titles import Rows, Table, decode, list_title, unknown_words
from imgkit.units import counted, format_utc

_STARTED = {UnitState.ENABLED, UnitState.ENABLED_RUNTIME}
_JOB_HEADS = ("due", "user", "queue", "file", "commands")
_UNIT_HEADS = ("unit", "state", "preset", "scope", "starts", "triggers", "file")
_FILE_HEADS = ("kind", "file", "mode", "owner", "modified", "sha256")


def persistence_tables(persistence: Persistence, of: str) -> Iterator[Table]:
    """Yield every list of what starts by itself."""
    cron, at, units = persistence.cron, persistence.at, persistence.units
    yield list_title("CRON TABLES" + of, cron), ("where", "when", "user", "command"), list(_cron(persistence))
    yield list_title("AT JOBS" + of, at), _JOB_HEADS, [_job(job) for job in at.value or ()]
    yield list_title("SYSTEMD UNITS" + of, units), _UNIT_HEADS, [_unit(unit) for unit in units.value or ()]
    scripts = [_script(one) for one in persistence.init.value or ()]
    yield list_title("INIT SCRIPTS" + of, persistence.init), ("name", "starts in", "stops in", "file"), scripts
    files = [_file(one) for one in persistence.files.value or ()]
    yield list_title("FILES THAT RUN BY THEMSELVES" + of, persistence.files), _FILE_HEADS, files
    pam = [_pam(line) for line in persistence.pam.value or ()]
    yield list_title("PAM" + of, persistence.pam), ("where", "type", "control", "module", "arguments"), pam
    for title, fact in (
        ("LOADER AND ENVIRONMENT", persistence.loader),
        ("KERNEL MODULES", persistence.kernel_modules),
        ("UDEV PROGRAMS", persistence.udev),
        ("PACKAGE HOOKS", persistence.package_hooks),
        ("AUTOSTART", persistence.autostart),
    ):
        yield list_title(title + of, fact), ("kind", "where", "line"), _lines(fact)


def started_words(persistence: Persistence) -> str:
    """Return what starts by itself in a few words."""
    units = persistence.units
    words: list[str] = []
    if units.value is None:
        words += unknown_words(units, "units")
    else:
        enabled = [unit for unit in units.value if unit.state in _STARTED]
        timers = sum(unit.name.endswith(".timer") for unit in enabled)
        words.append(f"{len(enabled)} of {len(units.value)} units enabled ({counted(timers, 'timer')})")
    entries = sum(len(table.entries) for table in persistence.cron.value or ())
    cron = persistence.cron
    words += unknown_words(cron, "cron") if cron.value is None else [counted(entries, "line of cron", "lines of cron")]
    if persistence.at.value:
        words.append(counted(len(persistence.at.value), "at job"))
    preloads = sum(line.kind == "preload" for line in persistence.loader.value or ())
    return ", ".join([*words, *([counted(preloads, "PRELOADED LIBRARY", "PRELOADED LIBRARIES")] if preloads else [])])


def _cron(persistence: Persistence) -> Iterator[tuple[str, ...]]:
    for one in persistence.cron.value or ():
        path = decode(one.path)
        for setting in one.variables:
            yield path, "(variable)", "", f"{setting.name}={setting.value}"
        for entry in one.entries:
            yield f"{path}:{entry.line}", entry.schedule, entry.user, entry.command


def _job(job: AtJob) -> tuple[str, ...]:
    due = format_utc(job.due) if job.due else ""
    user = job.user or ("" if job.uid is None else str(job.uid))
    return due, user, job.queue, decode(job.path), "; ".join(job.commands)


def _unit(unit: Unit) -> tuple[str, ...]:
    starts = "; ".join(one.value for one in unit.commands if one.name == "ExecStart")
    path = decode(unit.path) + (f" -> {decode(unit.target)}" if unit.target else "")
    dropped = f" (+{len(unit.drop_ins)} drop-ins)" if unit.drop_ins else ""
    return unit.name, unit.state, unit.preset, unit.scope, starts, _settings(unit.triggers), path + dropped


def _settings(settings: tuple[Setting, ...]) -> str:
    return "; ".join(f"{one.name}={one.value}" for one in settings)


def _script(one: InitScript) -> tuple[str, ...]:
    return one.name, " ".join(one.starts_in), " ".join(one.stops_in), decode(one.path)


def _file(one: StartupFile) -> tuple[str, ...]:
    path = decode(one.path) + (f" -> {decode(one.target)}" if one.target else "")
    modified = format_utc(one.modified) if one.modified else ""
    return one.kind, path, one.mode, f"{one.uid}:{one.gid}", modified, one.sha256


def _pam(line: PamLine) -> tuple[str, ...]:
    return f"{decode(line.path)}:{line.line}", line.type, line.control, line.module, line.arguments


def _lines(fact: Fact[tuple[ConfigLine, ...]]) -> Rows:
    return [
        (one.kind, f"{decode(one.path)}:{one.line}" if one.line else decode(one.path), one.text)
        for one in fact.value or ()
    ]
