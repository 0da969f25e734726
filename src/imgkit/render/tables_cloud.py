"""Tables of what ties a system to the cloud, and a line of it for the summary."""

from collections.abc import Iterator
from datetime import datetime

from imgkit.model.cloud import Cloud
from imgkit.render.titles import Table, decode, list_title, state_words, unknown_words
from imgkit.units import counted, describe_bytes, format_utc


def cloud_tables(cloud: Cloud | None, of: str) -> Iterator[Table]:
    """Yield every list of the cloud."""
    if cloud is None:
        return
    yield f"CLOUD-INIT{of}" + ("" if cloud.init.value else f": {state_words(cloud.init)}"), ("", ""), _init(cloud)
    data = [
        (one.instance_id, one.name, one.form, describe_bytes(one.size), one.sha256) for one in cloud.data.value or ()
    ]
    yield list_title("INSTANCE DATA" + of, cloud.data), ("instance", "what", "form", "size", "sha256"), data
    stages = [
        (
            one.name,
            _stage_time(one.started, one.started_after_ms),
            _stage_time(one.finished, one.finished_after_ms),
            "; ".join(one.errors),
        )
        for one in cloud.stages.value or ()
    ]
    yield list_title("STAGES OF CLOUD-INIT" + of, cloud.stages), ("stage", "started", "finished", "errors"), stages
    runs = [(one.at, one.stage, one.version) for one in cloud.runs.value or ()]
    yield list_title("RUNS OF CLOUD-INIT" + of, cloud.runs), ("at", "stage", "version"), runs
    agents = [
        (one.kind, ", ".join(one.versions), {None: "no unit", True: "yes", False: "no"}[one.enabled], _paths(one.paths))
        for one in cloud.agents.value or ()
    ]
    yield list_title("AGENTS" + of, cloud.agents), ("agent", "versions", "started", "in"), agents
    traces = [(one.what, one.detail, decode(one.path)) for one in cloud.traces.value or ()]
    yield list_title("TRACES OF ECS" + of, cloud.traces), ("what", "detail", "file"), traces
    servers = [(one.server, decode(one.path)) for one in cloud.time_servers.value or ()]
    yield list_title("TIME SERVERS" + of, cloud.time_servers), ("server", "file"), servers


def cloud_words(cloud: Cloud) -> str:
    """Return the line of the summary: the instance, and Alibaba's agents with their versions."""
    words = []
    if cloud.init.value is not None and cloud.init.value.instance_id:
        words.append(f"instance {cloud.init.value.instance_id}")
    words += [f"{one.kind} {', '.join(one.versions[-1:])}".strip() for one in cloud.agents.value or ()]
    words += unknown_words(cloud.agents, "agents")
    words += [f"{counted(len(cloud.data.value), 'text')} of user or vendor data"] if cloud.data.value else []
    return ", ".join(words)


def _init(cloud: Cloud) -> list[tuple[str, str]]:
    found = cloud.init.value
    if found is None:
        return []
    rows = [
        ("version", found.version),
        ("instance", found.instance_id),
        ("instance before", found.previous_instance_id),
        ("all instances", ", ".join(found.instances)),
        ("data source", found.data_source),
        ("finished", found.finished),
        ("switched off", "yes" if found.disabled else ""),
        *((one.name, one.value) for one in found.settings),
    ]
    return [(name, value) for name, value in rows if value]


def _paths(paths: tuple[bytes, ...]) -> str:
    return ", ".join(decode(one) for one in paths)


def _stage_time(at: datetime | None, after_ms: int | None) -> str:
    if at is not None:
        return format_utc(at)
    return "" if after_ms is None else f"{after_ms / 1000:.1f} s after the start"
