"""Groups with what gshadow says of them, and the ids that accounts may use for containers."""

from imgkit.facts.gathering import Gathering
from imgkit.facts.guest import Guest, parse_number
from imgkit.facts.users import MOST_ACCOUNTS, beyond_note, count_note, judge_password, split_fields
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
    lines, malformed = split_fields(content, fields=4) if content is not None else ([], 0)
    groups = [group for fields in lines if (group := _group(fields, shadows)) is not None]
    unread = malformed + len(lines) - len(groups)
    for note in (*count_note(unread, "/etc/group"), *beyond_note(len(groups), "groups")):
        look.lack(note)
    for group in groups:
        _remark(look, group)
    return look.fact(tuple(groups[:MOST_ACCOUNTS]), nothing="there is no /etc/group")


def read_subordinate_ids(guest: Guest) -> Fact[tuple[SubordinateIds, ...]]:
    """List the ranges of subuid and subgid."""
    look = Gathering(guest)
    found: list[SubordinateIds] = []
    for path, kind in _SUBORDINATE:
        content = look.read(path)
        lines, malformed = split_fields(content, fields=3) if content is not None else ([], 0)
        ranges = [one for fields in lines if (one := _range(kind, fields)) is not None]
        for note in count_note(malformed + len(lines) - len(ranges), path.decode("ascii")):
            look.lack(note)
        found += ranges
    return look.fact(tuple(found), nothing="there is neither a subuid nor a subgid")


def _shadows(look: Gathering) -> dict[str, list[str]]:
    content = look.read(b"/etc/gshadow")
    lines, malformed = split_fields(content, fields=4) if content is not None else ([], 0)
    for note in count_note(malformed, "/etc/gshadow"):
        look.lack(note)
    shadows: dict[str, list[str]] = {}
    for fields in lines:
        shadows.setdefault(fields[0], fields)
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
    hidden = [name for name in group.shadow_members if name not in group.members]
    if group.name in _STRONG and hidden:
        look.remark(f"{', '.join(hidden)[:200]} is in the group {group.name} by gshadow alone")
