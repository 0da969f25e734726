"""The bounds that the reading child sets on itself before it touches any evidence."""

import resource

from imgkit.units import MiB

MEMORY_BYTES = 300 * MiB
CPU_SECONDS_A_REQUEST = 60
_OPEN_FILES = 64


def set_limits() -> None:
    """Bound memory, and forbid writing files and dumping memory. macOS does not keep the bound on memory."""
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_AS, MEMORY_BYTES),
    ):
        _lower(kind, value)


def allow_processor_time(seconds: int = CPU_SECONDS_A_REQUEST) -> None:
    """Let the process run this much longer: a request that needs more ends it."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = int(usage.ru_utime + usage.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def _lower(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    try:
        resource.setrlimit(kind, (value, value))
    except (OSError, ValueError):  # macOS refuses a bound on memory below what it has mapped already
        return
