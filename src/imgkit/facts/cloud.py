"""What ties a system to the cloud: cloud-init, Alibaba's agents, traces of ECS, time servers."""

from collections.abc import Iterator
from itertools import chain

from imgkit.facts.agents import read_agents
from imgkit.facts.cloud_init import read_cloud_init, read_instance_data, read_runs, read_stages
from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Guest, first_word
from imgkit.facts.isolation import determine
from imgkit.facts.repositories import read_repositories
from imgkit.facts.sections import parse_sections
from imgkit.model.cloud import Cloud, TimeServer, Trace
from imgkit.model.fact import Fact
from imgkit.units import MiB

_ALIBABA = ("aliyun", "alibaba")
_NAME_SERVERS = ("100.100.2.136", "100.100.2.138")  # Alibaba Cloud's own, inside every VPC
_METADATA = "100.100.100.200"
_CHRONY = (b"/etc/chrony.conf", b"/etc/chrony/chrony.conf")
_CHRONY_FOLDERS = (
    (b"/etc/chrony.d", b".conf"),
    (b"/etc/chrony/conf.d", b".conf"),
    (b"/etc/chrony/sources.d", b".sources"),
)
_NTP = (b"/etc/ntp.conf", b"/etc/ntpsec/ntp.conf", b"/etc/openntpd/ntpd.conf")
_TIMESYNCD = b"/etc/systemd/timesyncd.conf"
_MOST_SERVERS = 200
_FILE_BYTES = MiB // 2


def describe_cloud(guest: Guest) -> Cloud:
    """Collect what ties a system to the cloud."""
    return Cloud(
        init=determine(lambda: read_cloud_init(guest), guest.room),
        data=determine(lambda: read_instance_data(guest), guest.room),
        stages=determine(lambda: read_stages(guest), guest.room),
        runs=determine(lambda: read_runs(guest), guest.room),
        agents=determine(lambda: read_agents(guest), guest.room),
        traces=determine(lambda: read_traces(guest), guest.room),
        time_servers=determine(lambda: read_time_servers(guest), guest.room),
    )


def read_traces(guest: Guest) -> Fact[tuple[Trace, ...]]:
    """Find what tells an instance of ECS: its user, repositories, name servers, words of welcome, time servers."""
    gathering = Gathering(guest)
    found = [
        *_lines_with(gathering, b"/etc/passwd", "the user ecs-user", ("ecs-user:",)),
        *_lines_with(gathering, b"/etc/motd", "a word of welcome", ("Alibaba Cloud",)),
        *_lines_with(gathering, b"/etc/resolv.conf", "a name server of Alibaba Cloud", _NAME_SERVERS),
        *_lines_with(gathering, b"/etc/hosts", "a name in the cloud", (_METADATA, *_ALIBABA)),
        *_lines_with(gathering, b"/var/lib/cloud/instance/datasource", "cloud-init's data source", ("AliYun",)),
        *_repository_traces(guest),
        *_time_traces(guest),
    ]
    return gathering.fact(tuple(found), nothing="nothing tells an instance of ECS")


def read_time_servers(guest: Guest) -> Fact[tuple[TimeServer, ...]]:
    """List the servers that chrony, ntpd and systemd-timesyncd ask."""
    gathering = Gathering(guest)
    paths = [*_CHRONY, *_NTP]
    paths += [one.path for folder, suffix in _CHRONY_FOLDERS for one in gathering.names(folder, suffix=suffix)]
    drop_ins = [one.path for one in gathering.names(_TIMESYNCD + b".d", suffix=b".conf")]
    servers = (server for path in paths for server in _servers(gathering, path))
    others = (server for path in (_TIMESYNCD, *drop_ins) for server in _timesyncd(gathering, path))
    found = gathering.first(chain(servers, others), _MOST_SERVERS, "time servers")
    return gathering.fact(found, nothing="no file names a time server")


def _servers(gathering: Gathering, path: bytes) -> Iterator[TimeServer]:
    content = gathering.read(path, limit=_FILE_BYTES)
    for number, line in content.lines() if content else ():
        word, rest = first_word(line)
        if word in {"server", "pool", "peer", "servers"} and rest:
            yield TimeServer(path=path, line=number, server=first_word(rest)[0])


def _timesyncd(gathering: Gathering, path: bytes) -> Iterator[TimeServer]:
    content = gathering.read(path, limit=_FILE_BYTES)
    for section in parse_sections(content) if content else ():
        for value in section.all("NTP"):
            yield from (TimeServer(path=path, line=section.line, server=one) for one in value.split())


def _lines_with(gathering: Gathering, path: bytes, what: str, marks: tuple[str, ...]) -> Iterator[Trace]:
    content = gathering.read(path, limit=_FILE_BYTES)
    for _, line in content.lines() if content else ():
        if not line.startswith("#") and any(mark in line for mark in marks):
            yield Trace(what=what, path=path, detail=gathering.guest.quote(line)[:200])
            return


def _repository_traces(guest: Guest) -> Iterator[Trace]:
    for one in determine(lambda: read_repositories(guest)).value or ():
        address = next((word for word in one.addresses if any(name in word for name in _ALIBABA)), "")
        if address:
            yield Trace(what="a repository of Alibaba's", path=one.path, detail=address)
            return


def _time_traces(guest: Guest) -> Iterator[Trace]:
    for one in determine(lambda: read_time_servers(guest)).value or ():
        if any(name in one.server for name in _ALIBABA):
            yield Trace(what="a time server of Alibaba's", path=one.path, detail=one.server)
            return
