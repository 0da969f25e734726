"""Who is at work, on what case and why: what every custody line carries."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Custodian:
    """`user` and `host` come from the machine, the rest from the user."""

    user: str = ""
    host: str = ""
    examiner: str = ""
    case: str = ""
    reason: str = ""
