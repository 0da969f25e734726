"""Tables of containers, and a line of them for the summary."""

from collections.abc import Iterator

from imgkit.model.containers import Container, Containers, Pod
from imgkit.render.titles import Table, decode, list_title, unknown_words
from imgkit.units import counted, format_utc


def container_tables(found: Containers | None, of: str) -> Iterator[Table]:
    """Yield engines, images, containers, volumes and pods."""
    if found is None:
        return
    engines = [
        (one.kind, decode(one.path), decode(one.program), "; ".join(f"{two.name}={two.value}" for two in one.settings))
        for one in found.engines.value or ()
    ]
    yield list_title("CONTAINER ENGINES" + of, found.engines), ("engine", "in", "program", "settings"), engines
    rows = [_row(one) for one in found.containers.value or ()]
    yield list_title("CONTAINERS" + of, found.containers), _HEADS, rows
    images = [(one.engine, ", ".join(one.names), one.id) for one in found.images.value or ()]
    yield list_title("CONTAINER IMAGES" + of, found.images), ("engine", "names", "id"), images
    volumes = [(one.engine, one.name, decode(one.path)) for one in found.volumes.value or ()]
    yield list_title("CONTAINER VOLUMES" + of, found.volumes), ("engine", "name", "in"), volumes
    yield list_title("PODS" + of, found.pods), _POD_HEADS, [_pod(one) for one in found.pods.value or ()]


def container_words(found: Containers) -> str:
    """Return the line of the summary: how many run, and which of them see the system."""
    there = found.containers.value or ()
    running = sum(one.running is True for one in there)
    privileged = [one.name or one.id[:12] for one in there if one.privileged]
    words = list(unknown_words(found.containers))
    words += [f"{len(there)} ({running} running)"] if there else []
    engines = dict.fromkeys(str(one.kind) for one in found.engines.value or ())
    words += [f"{', '.join(engines)} there"] if engines and not there else []
    words += [f"PRIVILEGED: {', '.join(privileged[:5])}"] if privileged else []
    words += [counted(len(found.images.value), "image")] if found.images.value else []
    words += [counted(len(found.pods.value), "pod")] if found.pods.value else []
    return ", ".join(words)


_HEADS = ("name", "image", "state", "created", "command", "rights", "sees", "ports", "engine")


def _row(one: Container) -> tuple[str, ...]:
    ended = "never started" if one.started is None else f"ended with {one.exit_code}"
    state = {True: "running", False: ended, None: "not kept"}[one.running]
    rights = " ".join([*(["PRIVILEGED"] if one.privileged else []), one.network, *one.capabilities]).strip()
    created = format_utc(one.created) if one.created else ""
    name = one.name or one.id[:12]
    return name, one.image, state, created, one.command, rights, ", ".join(one.binds), ", ".join(one.ports), one.engine


_POD_HEADS = ("kind", "namespace", "name", "images", "rights", "file")


def _pod(one: Pod) -> tuple[str, ...]:
    rights = [*(["PRIVILEGED"] if one.privileged else []), *(["host network"] if one.host_network else [])]
    rights += one.host_paths
    return one.kind, one.namespace, one.name, ", ".join(one.images), ", ".join(rights), decode(one.path)
