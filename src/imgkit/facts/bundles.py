"""Applications that bring all they need: snaps and flatpaks, by the folders that they lie in."""

from imgkit.facts.guest import Guest, as_text
from imgkit.model.fact import Fact
from imgkit.model.packages import Bundle, BundleKind
from imgkit.model.tree import EntryKind

_SNAPS = b"/var/lib/snapd/snaps"
_SNAP_FOLDERS = (b"/snap", b"/var/lib/snapd/snap")
_FLATPAKS = b"/var/lib/flatpak/app"
_MOST = 1000


def read_bundles(guest: Guest) -> Fact[tuple[Bundle, ...]]:
    """List snaps and flatpaks."""
    snaps, flatpaks = guest.folder(_SNAPS), guest.folder(_FLATPAKS)
    if snaps is None and flatpaks is None:
        return Fact.absent("there are neither snaps nor flatpaks")
    revisions: dict[bytes, list[bytes]] = {}
    for entry in snaps or ():
        name, _, revision = entry.name.removesuffix(b".snap").rpartition(b"_")
        if entry.name.endswith(b".snap") and name:
            revisions.setdefault(name, []).append(revision)
    found = [_snap(guest, name, revisions[name]) for name in sorted(revisions)[:_MOST]]
    names = [entry.name for entry in flatpaks or () if entry.kind is EntryKind.FOLDER]
    found += [_flatpak(guest, name) for name in sorted(names)[:_MOST]]
    over = max(len(revisions), len(names)) > _MOST
    notes = (f"only the first {_MOST} of each kind are given",) if over else ()
    return Fact.present(tuple(found), notes=notes, sources=())


def _snap(guest: Guest, name: bytes, revisions: list[bytes]) -> Bundle:
    links = (guest.link_target(folder + b"/" + name + b"/current") for folder in _SNAP_FOLDERS)
    current = next((link for link in links if link), b"")
    return Bundle(
        kind=BundleKind.SNAP,
        name=as_text(name),
        revisions=tuple(as_text(one) for one in sorted(revisions)),
        current=as_text(current.rpartition(b"/")[2]),
    )


def _flatpak(guest: Guest, name: bytes) -> Bundle:
    """A flatpak's folder holds ARCH/BRANCH/COMMIT, and `current` points to the branch."""
    folder = _FLATPAKS + b"/" + name
    found = []
    for architecture in guest.folder(folder) or ():
        if architecture.kind is EntryKind.FOLDER:
            branches = guest.folder(folder + b"/" + architecture.name) or ()
            found += [architecture.name + b"/" + one.name for one in branches if one.kind is EntryKind.FOLDER]
    current = guest.link_target(folder + b"/current") or b""
    return Bundle(
        kind=BundleKind.FLATPAK,
        name=as_text(name),
        revisions=tuple(as_text(one) for one in sorted(found)[:_MOST]),
        current=as_text(current),
    )
