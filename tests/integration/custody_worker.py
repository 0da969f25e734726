"""Appends lines to a custody record until it is killed, or until the disk that it is given is full."""

import resource
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from imgkit.evidence.custody import append_custody
from imgkit.model.custodian import Custodian

path, limit = Path(sys.argv[1]), int(sys.argv[2])
if limit:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
while True:
    append_custody(path, "check", custodian=Custodian(user="u"), now=datetime.now(UTC), subject={"note": "x" * 3000})
