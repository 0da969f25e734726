"""Records of utmp, built as glibc lays them out."""

import ipaddress
import struct

SHORT, LONG = "<h2xi32s4s32s256shhiii16s20x", "<h2xi32s4s32s256shhqqq16s20x4x"
BOOT, RUN_LEVEL, NEW_TIME, LOGIN, USER, DEAD = 2, 1, 3, 6, 7, 8


def record(
    kind: int,
    user: str = "",
    terminal: str = "",
    host: str = "",
    *,
    at: int = 1_700_000_000,
    micros: int = 0,
    pid: int = 100,
    address: str = "",
    form: str = SHORT,
) -> bytes:
    raw = ipaddress.ip_address(address).packed if address else b""
    texts = (terminal.encode(), terminal[-4:].encode(), user.encode(), host.encode())
    return struct.pack(form, kind, pid, *texts, 0, 0, 0, at, micros, raw.ljust(16, b"\0"))
