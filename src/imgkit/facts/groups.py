"""Groups with what gshadow says of them, and the ids that accounts may use for containers."""

from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Guest, parse_number
from imgkit.facts.users import MOST_ACCOUNTS, FieldLines, beyond_note, judge_password
from imgkit.model.accounts import Group, PasswordState, SubordinateIds
from imgkit.model.fact import Fact

_SHADOWED = "x"
_SUBORDINATE = ((b"/etc/subuid", "user"), (b"/etc/subgid", "group"))
_STRONG = {"root", "wheel", "sudo", "admin", "docker", "lxd", "disk", "shadow", "libvirt"}


def read_groups(guest: Guest) -> Fact[tuple[Group, ...]]:
    """List the groups in their order."""
    look = Gathering(guest)
    content = look.read(b"/etc/group")
    shadows = _shadows(look)
    lines = FieldLines(content, fields=4)
    groups: list[Group] = []
    count = 0
    for fields in lines:
        group = _group(fields, shadows)
        if group is None:
            lines.malformed += 1
            continue
        count += 1
        _remark(look, group)
        if len(groups) < MOST_ACCOUNTS:
            groups.append(group)
    for note in (*lines.notes("/etc/group"), *beyond_note(count, "groups")):
        look.lack(note)
    return look.fact(tuple(groups), nothing="there is no /etc/group")


def read_subordinate_ids(guest: Guest) -> Fact[tuple[SubordinateIds, ...]]:
    """List the ranges of subuid and subgid."""
    look = Gathering(guest)
    found: list[SubordinateIds] = []
    for path, kind in _SUBORDINATE:
        content = look.read(path)
        lines = FieldLines(content, fields=3)
        ranges: list[SubordinateIds] = []
        for fields in lines:
            one = _range(kind, fields)
            lines.malformed += one is None
            ranges += [one] if one is not None else []
        for note in (*lines.notes(path.decode("ascii")), *beyond_note(len(ranges), f"ranges of {kind} ids")):
            look.lack(note)
        found += ranges[:MOST_ACCOUNTS]
    return look.fact(tuple(found), nothing="there is neither a subuid nor a subgid")


def _shadows(look: Gathering) -> dict[str, list[str]]:
    content = look.read(b"/etc/gshadow")
    lines = FieldLines(content, fields=4)
    shadows: dict[str, list[str]] = {}
    for fields in lines:
        shadows.setdefault(fields[0], fields)
    for note in lines.notes("/etc/gshadow"):
        look.lack(note)
    return shadows


def _group(fields: list[str], shadows: dict[str, list[str]]) -> Group | None:
    number = parse_number(fields[2])
    if number is None:
        return None
    shadow = shadows.get(fields[0])
    return Group(
        name=fields[0],
        gid=number,
        members=_names(fields[3]),
        password=_password(fields[1], shadow),
        administrators=_names(shadow[2]) if shadow else (),
        shadow_members=_names(shadow[3]) if shadow else (),
    )


def _password(field: str, shadow: list[str] | None) -> PasswordState:
    """An empty field means that no password opens a group, unlike an account."""
    told = shadow[1] if field == _SHADOWED and shadow is not None else field
    if not told or told == _SHADOWED:
        return PasswordState.NO_ENTRY
    return judge_password(told)[0]


def _names(field: str) -> tuple[str, ...]:
    return tuple(name for name in field.split(",") if name)


def _range(kind: str, fields: list[str]) -> SubordinateIds | None:
    first, count = parse_number(fields[1]), parse_number(fields[2])
    return SubordinateIds(kind=kind, owner=fields[0], first=first, count=count) if first is not None and count else None


def _remark(look: Gathering, group: Group) -> None:
    """Say who is in the groups that are as good as root, where only gshadow tells it, and which have a password."""
    if group.password is PasswordState.SET:
        look.remark(f"the group {group.name} can be joined with a password")
    if group.gid == 0 and group.name != "root":
        look.remark(f"the group {group.name} has the group id 0")
    hidden = sorted(set(group.shadow_members) - set(group.members)) if group.name in _STRONG else []
    if hidden:
        look.remark(f"{', '.join(hidden)[:200]} is in the group {group.name} by gshadow alone")
