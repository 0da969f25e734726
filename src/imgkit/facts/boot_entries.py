"""What boot loaders can start: GRUB 1 and 2, the Boot Loader Specification, systemd-boot, extlinux."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from imgkit.errors import NoSuchPathInside
from imgkit.facts.device_names import DeviceNames
from imgkit.facts.fstab import FstabLine, classify, resolve
from imgkit.facts.guest import Content, Guest, as_path, as_text, first_word
from imgkit.facts.os_release import parse_settings
from imgkit.model.boot import BootEntry, Loader, LoaderKind
from imgkit.model.fact import Fact, Source
from imgkit.model.tree import EntryKind

_GRUB = (b"/boot/grub2/grub.cfg", b"/boot/grub/grub.cfg")
_GRUB_LEGACY = (b"/boot/grub/menu.lst", b"/boot/grub/grub.conf")
_GRUB_ENVIRONMENTS = (b"/boot/grub2/grubenv", b"/boot/grub/grubenv")
_EFI_FOLDERS = (b"/boot/efi/EFI", b"/efi/EFI", b"/boot/EFI")
_SYSLINUX = (b"/boot/extlinux/extlinux.conf", b"/boot/extlinux.conf", b"/extlinux.conf", b"/boot/syslinux/syslinux.cfg")
_BLS = (b"/boot/loader", b"/boot/efi/loader", b"/efi/loader")
_MENU = re.compile(r"menuentry\s+(?P<quote>['\"])(?P<title>.*?)(?P=quote)(?P<rest>.*)")
_ID = re.compile(r"(?:--id|menuentry_id_option\}?)\s+['\"]?(?P<id>[^'\"\s{]+)")
_SET = re.compile(r"set\s+(?P<name>default|timeout)=[\"']?(?P<value>[^\"'\s]*)")
_LINUX = {"linux", "linux16", "linuxefi", "kernel"}
_INITRD = {"initrd", "initrd16", "initrdefi"}
_MOST_ENTRIES = 500
_MOST_DRAFTS = 5000
_MOST_FILES = 100
_ALL_BYTES = 16 * 1024 * 1024
_SETTINGS_BYTES = 256 * 1024
_FILE_BYTES = 2 * 1024 * 1024


@dataclass(slots=True)
class _Draft:
    loader: LoaderKind
    path: bytes
    line: int
    title: str = ""
    id: str = ""
    kernel: str = ""
    options: str = ""
    initramfs: list[str] = field(default_factory=list)
    default: bool = False


@dataclass(slots=True)
class _Found:
    loaders: list[Loader] = field(default_factory=list)
    drafts: list[_Draft] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    left_bytes: int = _ALL_BYTES
    left_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """Loaders and what they can start."""

    loaders: Fact[tuple[Loader, ...]]
    entries: Fact[tuple[BootEntry, ...]]


def read_loading(guest: Guest, names: DeviceNames | None) -> Loading:
    """Read the configuration of every loader that is there. Raises CannotLookInside."""
    found = _Found()
    environment = _environment(guest, found)
    _read_grub(guest, environment, found)
    _read_specified(guest, environment, found)
    _read_legacy(guest, found)
    _read_syslinux(guest, found)
    sources = tuple(found.sources)
    if not found.loaders:
        reason = "no loader's configuration was found"
        return Loading(loaders=Fact.absent(reason, sources=sources), entries=Fact.absent(reason, sources=sources))
    entries = tuple(_entry(guest, one, names) for one in found.drafts[:_MOST_ENTRIES])
    over = len(found.drafts) > _MOST_ENTRIES or found.left_out
    more = ", and more were not even read" if found.left_out else ""
    notes = (f"only the first {len(entries)} of {len(found.drafts)} entries are given{more}",) if over else ()
    return Loading(
        loaders=Fact.present(tuple(found.loaders), sources=sources),
        entries=Fact.present(entries, partial=over, notes=notes, sources=sources),
    )


def _environment(guest: Guest, found: _Found) -> dict[str, str]:
    """GRUB's own memory: lines of NAME=value, filled up with `#` to 1 KiB."""
    content = guest.read_first(*_GRUB_ENVIRONMENTS, limit=_SETTINGS_BYTES)
    if content is None:
        return {}
    found.sources.append(content.source)
    lines = (as_text(line).partition("=") for line in content.data.split(b"\n") if not line.startswith(b"#"))
    return {name: value for name, equals, value in lines if equals}


def _read_grub(guest: Guest, environment: dict[str, str], found: _Found) -> None:
    chosen = guest.read_first(b"/etc/default/grub", limit=_SETTINGS_BYTES)
    settings = parse_settings(chosen) if chosen else {}
    for path in (*_GRUB, *_efi_configurations(guest)):
        content = _read(guest, path, found)
        if content is None:
            continue
        found.sources.append(content.source)
        drafts, stated = parse_grub(content)
        default = environment.get("saved_entry") or stated.get("default") or settings.get("GRUB_DEFAULT", "")
        _mark_default(drafts, default)
        found.drafts += drafts
        found.loaders.append(
            Loader(kind=LoaderKind.GRUB, path=path, default=default, timeout=stated.get("timeout", ""))
        )


def parse_grub(content: Content) -> tuple[list[_Draft], dict[str, str]]:
    """Return a grub.cfg's entries, and what it sets as default and timeout (the last plain value of each)."""
    drafts: list[_Draft] = []
    stated: dict[str, str] = {}
    for number, line in content.lines():
        if len(drafts) >= _MOST_DRAFTS:
            break
        if menu := _MENU.match(line):
            known = _ID.search(menu["rest"])
            drafts.append(
                _Draft(LoaderKind.GRUB, content.source.path, number, menu["title"], known["id"] if known else "")
            )
        elif setting := _SET.match(line):
            if "$" not in setting["value"]:
                stated[setting["name"]] = setting["value"]
        elif drafts:
            _take_line(drafts[-1], line)
    return [one for one in drafts if one.kernel], stated


def _take_line(draft: _Draft, line: str) -> None:
    word, rest = first_word(line)
    if word in _LINUX and not draft.kernel:
        draft.kernel, _, draft.options = rest.strip().partition(" ")
        draft.options = draft.options.strip()
    elif word in _INITRD:
        draft.initramfs += rest.split(None, _MOST_FILES)[: max(_MOST_FILES - len(draft.initramfs), 0)]


def _mark_default(drafts: list[_Draft], default: str) -> None:
    """The default is an id, a title or a number, perhaps behind the menus that lead to it."""
    last = default.rpartition(">")[2] if ">" in default else default
    for at, draft in enumerate(drafts):
        draft.default = bool(last) and (last in {draft.id, draft.title} or last == str(at))


def _read_specified(guest: Guest, environment: dict[str, str], found: _Found) -> None:
    for folder in _BLS:
        entries = [one for one in guest.folder(folder + b"/entries") or () if one.name.endswith(b".conf")]
        found.left_out = found.left_out or len(entries) > _MOST_ENTRIES
        control = _read(guest, folder + b"/loader.conf", found)
        words = dict(line.partition(" ")[::2] for _, line in control.lines()) if control else {}
        default = words.get("default", "").strip() or environment.get("saved_entry", "")
        if control is not None:
            found.sources.append(control.source)
            timeout = words.get("timeout", "").strip()
            loader = Loader(kind=LoaderKind.SYSTEMD_BOOT, path=control.source.path, default=default, timeout=timeout)
            found.loaders.append(loader)
        elif entries and not found.loaders:
            found.loaders.append(Loader(kind=LoaderKind.GRUB, path=folder + b"/entries", default=default))
        kind = LoaderKind.SYSTEMD_BOOT if control is not None else LoaderKind.GRUB
        drafts = [
            _specified(guest, folder + b"/entries/" + one.name, kind, environment, found)
            for one in entries[:_MOST_ENTRIES]
        ]
        kept = [draft for draft in drafts if draft is not None]
        _mark_default(kept, default.removesuffix(".conf"))
        found.drafts += kept


def _specified(
    guest: Guest, path: bytes, kind: LoaderKind, environment: dict[str, str], found: _Found
) -> _Draft | None:
    content = _read(guest, path, found)
    if content is None:
        return None
    found.sources.append(content.source)
    draft = _Draft(kind, path, 0, id=as_text(path.rpartition(b"/")[2].removesuffix(b".conf")))
    for _, line in content.lines():
        name, value = first_word(line)
        if name == "title":
            draft.title = value
        elif name == "linux":
            draft.kernel = value
        elif name == "initrd":
            named = [one for one in value.split(None, _MOST_FILES) if not one.startswith("$")]
            draft.initramfs += named[: max(_MOST_FILES - len(draft.initramfs), 0)]
        elif name == "options":
            draft.options = f"{draft.options} {_expand(value, environment)}".strip()
    return draft


def _expand(options: str, environment: dict[str, str]) -> str:
    for name in ("kernelopts", "tuned_params"):
        options = options.replace(f"${name}", environment.get(name, f"${name}"), 1)
    return options[:65536]


def _read_legacy(guest: Guest, found: _Found) -> None:
    content = guest.read_first(*_GRUB_LEGACY, limit=_FILE_BYTES)
    if content is None:
        return
    found.sources.append(content.source)
    drafts: list[_Draft] = []
    stated: dict[str, str] = {}
    for number, line in content.lines():
        word, rest = first_word(line.replace("=", " ", 1))
        if word == "title":
            drafts.append(_Draft(LoaderKind.GRUB_LEGACY, content.source.path, number, line.partition(" ")[2].strip()))
        elif drafts:
            _take_line(drafts[-1], line)
        elif word in {"default", "timeout"}:
            stated[word] = rest
    _mark_default(drafts, stated.get("default", "0"))
    found.drafts += [one for one in drafts if one.kernel]
    found.loaders.append(
        Loader(
            kind=LoaderKind.GRUB_LEGACY,
            path=content.source.path,
            default=stated.get("default", ""),
            timeout=stated.get("timeout", ""),
        )
    )


def _read_syslinux(guest: Guest, found: _Found) -> None:
    content = guest.read_first(*_SYSLINUX, limit=_FILE_BYTES)
    if content is None:
        return
    found.sources.append(content.source)
    drafts: list[_Draft] = []
    stated: dict[str, str] = {}
    for number, line in content.lines():
        word, rest = first_word(line)
        word = word.lower()
        if word == "label":
            drafts.append(_Draft(LoaderKind.SYSLINUX, content.source.path, number, rest, rest))
        elif word in {"default", "timeout"}:
            stated[word] = rest
        elif drafts:
            _take_syslinux(drafts[-1], word, rest)
    _mark_default(drafts, stated.get("default", ""))
    found.drafts += [one for one in drafts if one.kernel]
    path = content.source.path
    default, timeout = stated.get("default", ""), stated.get("timeout", "")
    found.loaders.append(Loader(kind=LoaderKind.SYSLINUX, path=path, default=default, timeout=timeout))


def _take_syslinux(draft: _Draft, word: str, rest: str) -> None:
    if word in {"kernel", "linux"}:
        draft.kernel = rest
    elif word == "append":
        draft.options = rest
        draft.initramfs += [one for part in rest.split() if part.startswith("initrd=") for one in part[7:].split(",")]
    elif word == "initrd":
        draft.initramfs += rest.split(",")
    elif word == "menu" and rest.lower().startswith("label "):
        draft.title = rest[6:].strip()


def _efi_configurations(guest: Guest) -> Iterator[bytes]:
    for folder in _EFI_FOLDERS:
        for entry in guest.folder(folder) or ():
            if entry.kind is EntryKind.FOLDER:
                yield folder + b"/" + entry.name + b"/grub.cfg"


def _read(guest: Guest, path: bytes, found: _Found) -> Content | None:
    if found.left_bytes <= 0:
        found.left_out = True
        return None
    try:
        content = guest.read(path, limit=_FILE_BYTES)
    except NoSuchPathInside:
        return None
    found.left_bytes -= len(content.data)
    return content


def _entry(guest: Guest, draft: _Draft, names: DeviceNames | None) -> BootEntry:
    words = draft.options.split()
    root = next((word[5:] for word in reversed(words) if word.startswith("root=")), "")
    kernel = as_path(draft.kernel)
    return BootEntry(
        loader=draft.loader,
        path=draft.path,
        line=draft.line,
        title=draft.title,
        id=draft.id,
        kernel=kernel,
        initramfs=tuple(as_path(one) for one in draft.initramfs),
        options=guest.quote(draft.options),
        root=root,
        root_place=_place(root, names),
        consoles=tuple(word[8:] for word in words if word.startswith("console=")),
        kernel_there=_is_there(guest, kernel),
        default=draft.default,
    )


def _place(root: str, names: DeviceNames | None) -> str:
    if not root or names is None:
        return ""
    kind, wanted = classify(FstabLine(line=0, spec=as_path(root), folder=b"/"))
    found = resolve(kind, wanted, names)
    return found.place if found else ""


def _is_there(guest: Guest, kernel: bytes) -> bool:
    """Where /boot is a file system of its own, a loader names its files from there."""
    bare = re.sub(rb"^\([^)]{0,64}\)", b"", kernel)
    return any(_exists(guest, folder + bare) for folder in _boot_folders(bare))


def _boot_folders(bare: bytes) -> Iterable[bytes]:
    return (b"", b"/boot", b"/boot/efi", b"/efi") if bare.startswith(b"/") else (b"/boot/", b"/boot/extlinux/")


def _exists(guest: Guest, path: bytes) -> bool:
    try:
        return guest.tree.stat(path).kind is not EntryKind.FOLDER
    except NoSuchPathInside:
        return False
