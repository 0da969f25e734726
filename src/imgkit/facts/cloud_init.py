"""What cloud-init left behind: whose instance this was, what was handed to it, how its runs went."""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from datetime import datetime

from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Content, Guest, as_path, as_text, moment
from imgkit.facts.json_reading import BadJson, mapping, number, parse_json, words
from imgkit.facts.yaml_reading import BadYaml, Value, parse_yaml
from imgkit.facts.yaml_reading import mapping as yaml_mapping
from imgkit.model.cloud import CloudInit, CloudRun, CloudStage, InstanceData
from imgkit.model.fact import Fact, Setting
from imgkit.model.tree import EntryKind
from imgkit.units import MiB

_STATE = b"/var/lib/cloud"
_LOG = b"/var/log/cloud-init.log"
_CONFIGURATION = b"/etc/cloud/cloud.cfg"
_DROP_INS = b"/etc/cloud/cloud.cfg.d"
_DATA = ("user-data.txt", "vendor-data.txt", "vendor-data2.txt", "cloud-config.txt")
_SETTINGS = (
    "datasource_list", "disable_root", "ssh_pwauth", "preserve_hostname", "manage_etc_hosts", "ssh_deletekeys",
    "package_update", "package_upgrade", "resize_rootfs", "locale", "timezone", "fqdn", "hostname",
)  # fmt: skip
_MOST_INSTANCES = 50
_MOST_ERRORS = 20
_LONGEST_UPTIME = 100_000_000  # three years
_MOST_RUNS = 200
_MOST_TEXT = 64 * 1024
_DATA_BYTES = 2 * MiB
_YAML_BYTES = 4 * MiB  # all files of configuration together
_RUN = re.compile(
    r"Cloud-init v\. ?(?P<version>[^\s']{1,80}) running '(?P<stage>[\w:-]{1,40})' at (?P<at>[^.]{1,60})\."
)
_FORMS = (
    ("#cloud-config", "cloud-config"),
    ("#!", "script"),
    ("Content-Type:", "MIME"),
    ("MIME-Version:", "MIME"),
    ("#include", "include"),
    ("#cloud-boothook", "boothook"),
    ("## template:", "template"),
    ("\x1f", "gzip"),
)


def read_cloud_init(guest: Guest) -> Fact[CloudInit]:
    """Read what cloud-init knows of its instance and how it is set up."""
    gathering = Gathering(guest, most_bytes=_YAML_BYTES)
    settings = dict(_settings(gathering))
    finished = _line(gathering, _STATE + b"/instance/boot-finished")
    found = CloudInit(
        version=finished.rpartition("v. ")[2] if "v. " in finished else "",
        instance_id=_line(gathering, _STATE + b"/data/instance-id"),
        previous_instance_id=_line(gathering, _STATE + b"/data/previous-instance-id"),
        data_source=_line(gathering, _STATE + b"/instance/datasource"),
        disabled=gathering.stat(b"/etc/cloud/cloud-init.disabled") is not None,
        instances=tuple(_instances(gathering)),
        settings=tuple(
            Setting(name=name, value=guest.quote_value(name, value)) for name, value in sorted(settings.items())
        ),
        finished=finished,
    )
    return gathering.one(found, nothing="cloud-init is not there")


def read_instance_data(guest: Guest) -> Fact[tuple[InstanceData, ...]]:
    """Name what was handed to every instance that this disk was; what it says is often secret, and left out."""
    gathering = Gathering(guest)
    found = []
    for instance in _instances(gathering):
        for name in _DATA:
            path = b"%s/instances/%s/%s" % (_STATE, as_path(instance), name.encode())
            content = gathering.read(path, limit=_DATA_BYTES)
            if content is not None and content.data:
                found.append(_data(guest, content, instance, name))
    return gathering.fact(tuple(found), nothing="nothing that was handed to an instance is kept")


def read_stages(guest: Guest) -> Fact[tuple[CloudStage, ...]]:
    """Read how the last run of each stage went."""
    gathering = Gathering(guest)
    content = gathering.read(_STATE + b"/data/status.json", limit=MiB)
    found: list[CloudStage] = []
    if content is not None:
        try:
            stages = mapping(mapping(parse_json(content.text)).get("v1"))
        except BadJson as error:
            gathering.lack(f"status.json cannot be read: {error}")
            stages = {}
        found = [_stage(guest, name, mapping(stages[name])) for name in sorted(stages) if mapping(stages[name])]
    return gathering.fact(tuple(found), nothing="cloud-init kept no state of a run")


def read_runs(guest: Guest) -> Fact[tuple[CloudRun, ...]]:
    """List the runs that cloud-init's log tells of, as far back as it reaches."""
    gathering = Gathering(guest)
    content = gathering.read(_LOG)
    found: deque[CloudRun] = deque(maxlen=_MOST_RUNS)
    for _, line in content.lines() if content else ():
        run = _run(line)
        if run is not None:
            found.append(run)
    if len(found) == _MOST_RUNS:
        gathering.lack(f"only the last {_MOST_RUNS} runs are given")
    return gathering.fact(tuple(found), nothing="cloud-init has no log")


def _run(line: str) -> CloudRun | None:
    match = _RUN.search(line[:2000])
    return CloudRun(stage=match["stage"], version=match["version"], at=match["at"].strip()) if match else None


def _stage(guest: Guest, name: str, stage: Mapping[str, Value]) -> CloudStage:
    got_over = mapping(stage.get("recoverable_errors"))
    errors = [*words(stage.get("errors")), *(f"{level}: {one}" for level in got_over for one in words(got_over[level]))]
    started, started_after_ms = _time(number(stage.get("start")))
    finished, finished_after_ms = _time(number(stage.get("finished", stage.get("end"))))
    return CloudStage(
        name=name,
        started=started,
        finished=finished,
        errors=tuple(guest.quote(one) for one in errors[:_MOST_ERRORS]),
        started_after_ms=started_after_ms,
        finished_after_ms=finished_after_ms,
    )


def _time(seconds: float | None) -> tuple[datetime | None, int | None]:
    """Return a time, or the milliseconds since the system's start; which it is shows in how many there are."""
    if not seconds or seconds < 0:
        return None, None
    return (moment(seconds), None) if seconds > _LONGEST_UPTIME else (None, round(seconds * 1000))


def _instances(gathering: Gathering) -> Iterator[str]:
    entries = [one for one in gathering.folder(_STATE + b"/instances") if one.kind is EntryKind.FOLDER]
    if len(entries) > _MOST_INSTANCES:
        gathering.lack(f"only the first {_MOST_INSTANCES} of {len(entries)} instances were looked at")
    yield from (as_text(one.name) for one in entries[:_MOST_INSTANCES])


def _data(guest: Guest, content: Content, instance: str, name: str) -> InstanceData:
    start = content.text[:200].lstrip()
    source = content.source
    return InstanceData(
        instance_id=instance,
        name=name.removesuffix(".txt"),
        path=source.path,
        form=next((form for mark, form in _FORMS if start.startswith(mark)), "unknown"),
        size=source.size,
        sha256=source.sha256,
        text=content.text[:_MOST_TEXT] if guest.include_secrets else "",
    )


def _settings(gathering: Gathering) -> Iterator[tuple[str, str]]:
    """Only settings that are known to be no secret are ever taken; drop-ins come after, in the order of names."""
    paths = [_CONFIGURATION, *(one.path for one in gathering.names(_DROP_INS, suffix=b".cfg"))]
    for path in paths:
        content = gathering.read(path, limit=MiB)
        if content is None:
            continue
        try:
            document = yaml_mapping(parse_yaml(content.text))
        except BadYaml as error:
            gathering.lack(f"{as_text(path)} cannot be read: {error}")
            continue
        for name in _SETTINGS:
            if name in document:
                yield name, _plain(document[name])
        user = yaml_mapping(yaml_mapping(document.get("system_info")).get("default_user"))
        if isinstance(user.get("name"), str):
            yield "default_user", user["name"]
        for one in yaml_mapping(document.get("datasource")):
            yield f"datasource.{one}"[:100], "configured"


def _plain(value: Value) -> str:
    if isinstance(value, list):
        return ", ".join(one for one in value[:50] if isinstance(one, str))
    return value[:500] if isinstance(value, str) else ""


def _line(gathering: Gathering, path: bytes) -> str:
    content = gathering.read(path, limit=4096)
    return content.text.strip().split("\n", 1)[0][:300] if content else ""
