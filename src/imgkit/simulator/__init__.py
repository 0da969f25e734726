"""A loopback ECS and OSS with faults: for the demo, for `imgkit simulator` and for the tests."""

from imgkit.simulator.buckets import CloudBucket
from imgkit.simulator.cloud_settings import CloudSettings
from imgkit.simulator.faults import Fault, FaultKind
from imgkit.simulator.images import CloudDisk, CloudImage
from imgkit.simulator.keyring import AccessKey
from imgkit.simulator.request_log import Served
from imgkit.simulator.simulator import Simulator, serve

__all__ = [
    "AccessKey",
    "CloudBucket",
    "CloudDisk",
    "CloudImage",
    "CloudSettings",
    "Fault",
    "FaultKind",
    "Served",
    "Simulator",
    "serve",
]
