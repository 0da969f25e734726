"""Alibaba's own programs, by the places where they are known to lie; several generations put them in several."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Guest, as_text
from imgkit.model.cloud import Agent, AgentKind
from imgkit.model.fact import Fact

_UNIT_FOLDERS = (b"/etc/systemd/system", b"/usr/lib/systemd/system", b"/lib/systemd/system")
_WANTED_BY = (b"/etc/systemd/system/multi-user.target.wants", b"/etc/systemd/system/default.target.wants")
_VERSION_LINE = re.compile(rb"\d{1,10}(?:[._-]\d{1,10}){1,5}")
_MOST_VERSIONS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """`folders` are where it may lie, `names` tell a version by a name inside one, `files` by what stands in them."""

    kind: AgentKind
    folders: tuple[bytes, ...]
    names: re.Pattern[bytes]
    files: tuple[bytes, ...]
    units: tuple[bytes, ...]


_KNOWN = (
    _Known(
        kind=AgentKind.ASSISTANT,
        folders=(b"/usr/local/share/aliyun-assist", b"/usr/local/share/assist-daemon"),
        names=re.compile(rb"(\d+(?:\.\d+){1,4})"),
        files=(b"/usr/local/share/aliyun-assist/VERSION", b"/usr/local/share/aliyun-assist/version"),
        units=(b"aliyun.service", b"AssistDaemon.service"),
    ),
    _Known(
        kind=AgentKind.MONITOR,
        folders=(b"/usr/local/cloudmonitor", b"/usr/local/cloudmonitor/bin", b"/opt/cloudmonitor"),
        names=re.compile(rb"(?:argusagent|CmsGoAgent[^/]*?)[-_.](\d+(?:\.\d+)+)"),
        files=(b"/usr/local/cloudmonitor/VERSION", b"/usr/local/cloudmonitor/version"),
        units=(b"cloudmonitor.service", b"argusagent.service"),
    ),
    _Known(
        kind=AgentKind.SECURITY,
        folders=(b"/usr/local/aegis", b"/usr/local/aegis/aegis_client", b"/usr/local/aegis/aegis_update"),
        names=re.compile(rb"(?:aegis_client|aegis_update|AliYunDun)_(\d+(?:_\w{1,10})?)"),
        files=(b"/usr/local/aegis/globalcfg/version", b"/usr/local/aegis/aegis_client/version"),
        units=(b"aegis.service", b"AliYunDun.service"),
    ),
    _Known(
        kind=AgentKind.LOGS,
        folders=(b"/usr/local/ilogtail", b"/opt/loongcollector"),
        names=re.compile(rb"(?:ilogtail|loongcollector)_(\d+(?:\.\d+)+)"),
        files=(b"/usr/local/ilogtail/version",),
        units=(b"ilogtaild.service", b"loongcollectord.service"),
    ),
    _Known(
        kind=AgentKind.BACKUP,
        folders=(b"/opt/alibabacloud/hbr", b"/opt/alibabacloud/hbrclient"),
        names=re.compile(rb"hbr\w*[-_](\d+(?:\.\d+)+)"),
        files=(b"/opt/alibabacloud/hbrclient/version",),
        units=(b"hybridbackup.service", b"hbrclient.service"),
    ),
)  # fmt: skip


def read_agents(guest: Guest) -> Fact[tuple[Agent, ...]]:
    """List Alibaba's programs. Known places may be out of date: one that is not listed may still lie elsewhere."""
    gathering = Gathering(guest)
    found = [agent for known in _KNOWN if (agent := _agent(gathering, known))]
    return gathering.fact(tuple(found), nothing="none of the places that are known for Alibaba's agents is there")


def _agent(gathering: Gathering, known: _Known) -> Agent | None:
    paths = [one for one in known.folders if gathering.folder(one)]
    versions = sorted({*_named(gathering, known, paths), *_written(gathering, known)})
    units = [unit for unit in known.units if any(gathering.stat(b"%s/%s" % (one, unit)) for one in _UNIT_FOLDERS)]
    started = [unit for unit in known.units if any(gathering.stat(b"%s/%s" % (one, unit)) for one in _WANTED_BY)]
    if not paths and not units and not started:
        return None
    return Agent(
        kind=known.kind,
        paths=tuple(paths),
        versions=tuple(versions[:_MOST_VERSIONS]),
        units=tuple(as_text(one) for one in dict.fromkeys([*units, *started])),
        enabled=bool(started) if units or started else None,
    )


def _named(gathering: Gathering, known: _Known, folders: list[bytes]) -> Iterator[str]:
    for folder in folders:
        for entry in gathering.folder(folder):
            match = known.names.fullmatch(entry.name)
            if match is not None:
                yield as_text(match[1]).replace("_", ".")


def _written(gathering: Gathering, known: _Known) -> Iterator[str]:
    for path in known.files:
        content = gathering.read(path, limit=4096)
        match = _VERSION_LINE.search(content.data) if content else None
        if match is not None:
            yield as_text(match[0])
