"""Tables of who may do what by sudo, and of the ids that accounts may use; a line of it for the summary."""

from collections.abc import Iterator

from imgkit.model.accounts import Accounts
from imgkit.model.fact import Fact
from imgkit.model.sudo import Sudoers, SudoRule
from imgkit.render.titles import Table, decode, list_title, state_words, unknown_words

_RULE_HEADS = ("where", "who", "hosts", "as", "tags", "commands")


def sudo_tables(accounts: Accounts, of: str) -> Iterator[Table]:
    """Yield the rules, aliases and defaults of sudoers, and the subordinate ids."""
    fact = accounts.sudoers
    if fact.value is None:
        yield f"SUDO RULES{of}: {state_words(fact)}", (), ()
    else:
        partial = ", incomplete" if fact.partial else ""
        rules, aliases, defaults = fact.value.rules, fact.value.aliases, fact.value.defaults
        yield f"SUDO RULES{of}: {len(rules)}{partial}", _RULE_HEADS, [_rule(rule) for rule in rules]
        rows = [(_where(one.path, one.line), one.kind, one.name, ", ".join(one.members)) for one in aliases]
        yield f"SUDO ALIASES{of}: {len(rows)}", ("where", "kind", "name", "members"), rows
        lines = [(_where(one.path, one.line), one.scope, one.text) for one in defaults]
        yield f"SUDO DEFAULTS{of}: {len(lines)}", ("where", "for", "settings"), lines
    ids = accounts.subordinate_ids
    owned = [(one.kind, one.owner, str(one.first), str(one.count)) for one in ids.value or ()]
    yield list_title("SUBORDINATE IDS" + of, ids), ("kind", "owner", "first", "count"), owned


def sudo_words(fact: Fact[Sudoers]) -> str:
    """Return sudo in a few words: how many rules, and who needs no password."""
    if fact.value is None:
        return "".join(unknown_words(fact))
    free = sorted({user for rule in fact.value.rules if "NOPASSWD" in rule.tags for user in rule.users})
    count = len(fact.value.rules)
    words = f"{count} rule{'' if count == 1 else 's'}"
    return f"{words}; WITHOUT A PASSWORD: {', '.join(free)}" if free else words


def _rule(rule: SudoRule) -> tuple[str, ...]:
    run_as = ",".join(rule.run_as_users) + (f":{','.join(rule.run_as_groups)}" if rule.run_as_groups else "")
    return (
        _where(rule.path, rule.line),
        ", ".join(rule.users),
        ", ".join(rule.hosts),
        run_as or "root",
        ", ".join((*rule.tags, *rule.options)),
        ", ".join(rule.commands),
    )


def _where(path: bytes, line: int) -> str:
    return f"{decode(path)}:{line}"
