"""Tables of web servers and databases, and a line of them for the summary."""

from collections.abc import Iterator

from imgkit.model.server_settings import Server, ServerSettings
from imgkit.render.titles import Table, decode, list_title, state_words

_HEADS = ("server", "listens", "names", "folders", "open", "settings", "file")


def server_tables(servers: ServerSettings | None, of: str) -> Iterator[Table]:
    """Yield web servers and databases."""
    if servers is None:
        return
    for title, fact in (("WEB SERVERS", servers.web), ("DATABASES", servers.databases)):
        yield list_title(title + of, fact), _HEADS, [_row(one) for one in fact.value or ()]


def server_words(servers: ServerSettings) -> str:
    """Return the line of the summary: what is there, and what is open."""
    facts = (servers.web, servers.databases)
    unknown = [state_words(fact) for fact in facts if fact.value is None and "could not" in state_words(fact)]
    found = [one for fact in facts for one in fact.value or ()]
    names = ", ".join(sorted({one.kind for one in found}))
    opened = [f"{one.kind}: {words}" for one in found for words in one.open]
    return "; ".join([*([names] if names else []), *opened[:2], *unknown])


def _row(one: Server) -> tuple[str, ...]:
    settings = "; ".join(f"{two.name}={two.value}" for two in one.settings)
    lists = (one.listens, one.names, one.folders, one.open)
    return one.kind, *(", ".join(words) for words in lists), settings, decode(one.path)
