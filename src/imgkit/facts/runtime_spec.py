"""The specification that a container is started by (config.json of the OCI runtime specification), taken apart."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from imgkit.facts.container_files import variable_names
from imgkit.facts.json_reading import Value, mapping, sequence, word, words

_NAMESPACES = ("Pid", "Network", "Ipc")
_BINDING = frozenset({"bind", "rbind"})
_EVERY_DEVICE = frozenset({"", "a"})


@dataclass(frozen=True, slots=True)
class RuntimeSpec:
    """What one container is started with. Nothing of it is trusted: what is not as it should be is not there."""

    kept: Mapping[str, Value]

    @property
    def command(self) -> str:
        return " ".join(words(self._process.get("args")))

    @property
    def environment(self) -> tuple[str, ...]:
        """The names alone."""
        return variable_names(self._process.get("env"))

    @property
    def bounding(self) -> tuple[str, ...]:
        """The capabilities that nothing in it can go beyond."""
        return words(mapping(self._process.get("capabilities")).get("bounding"))

    @property
    def annotations(self) -> Mapping[str, Value]:
        return mapping(self.kept.get("annotations"))

    @property
    def shared(self) -> list[str]:
        """The namespaces that are the system's own: those that are not named, or named as its first process'."""
        named = [mapping(one) for one in sequence(self._linux.get("namespaces"))]
        own = {word(one.get("type")) for one in named if not word(one.get("path")).startswith("/proc/1/ns/")}
        return [what for what in _NAMESPACES if self._linux and what.lower() not in own]

    @property
    def every_device(self) -> bool:
        """Whether every device of the system is open to it."""
        rules = map(mapping, sequence(mapping(self._linux.get("resources")).get("devices")))
        return any(
            one.get("allow") is True and word(one.get("type")) in _EVERY_DEVICE and not {"major", "minor"} & one.keys()
            for one in rules
        )

    def binds(self, is_own: Callable[[str], bool]) -> list[str]:
        """Return what of the system it sees, in order, but for what `is_own`, that is, made for it alone.

        A mount is a bind by its options; its type says so with some programs, and is `none` with others.
        """
        mounts = [mapping(one) for one in sequence(self.kept.get("mounts"))]
        bound = [one for one in mounts if word(one.get("type")) == "bind" or _BINDING & set(words(one.get("options")))]
        sources = [(word(one.get("source")), one) for one in bound]
        return sorted(f"{source}:{_destination(one)}" for source, one in sources if not is_own(source))

    @property
    def _process(self) -> Mapping[str, Value]:
        return mapping(self.kept.get("process"))

    @property
    def _linux(self) -> Mapping[str, Value]:
        return mapping(self.kept.get("linux"))


def _destination(mount: Mapping[str, Value]) -> str:
    return word(mount.get("destination")) + (":ro" if "ro" in words(mount.get("options")) else "")
