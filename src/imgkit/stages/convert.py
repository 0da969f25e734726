"""Convert: one disk image into another format, of exactly the same bytes, proven by reading the result back."""

import hashlib
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from imgkit.digests import ChunkDigests
from imgkit.disks.aside import aside
from imgkit.disks.chunks import GuestDigests, pad_with_zeroes, take_guest_digests
from imgkit.disks.comparing import Comparison, compare, compare_views
from imgkit.disks.file_digest import file_sha256
from imgkit.disks.format_rules import held_size, writing_options
from imgkit.disks.guard import read_header
from imgkit.disks.guest_view import open_guarded, open_guest_view
from imgkit.disks.headers.header import ImageHeader
from imgkit.disks.nodes import build_node, private_folder
from imgkit.disks.padded_view import PaddedView
from imgkit.disks.room_bound import room_bound
from imgkit.disks.salvaged_view import SalvagedView
from imgkit.disks.source_files import refuse_target, require_unchanged, states_of
from imgkit.disks.sparse_copy import copy_sparsely
from imgkit.disks.writers.recipe import Recipe, Written, write_image
from imgkit.errors import Differs, NoRoom
from imgkit.files.abilities import probe_folder
from imgkit.files.flushing import flushed_meanwhile
from imgkit.files.sparse import local_error
from imgkit.files.whole import publish, sync_file
from imgkit.files.work_folder import work_folder
from imgkit.model.converted import ConvertedImage, ResultFile
from imgkit.model.disk import DiskImage, Extent
from imgkit.model.formats import DiskFormat
from imgkit.model.profiles import Profile
from imgkit.ports import GuestView
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.tools import qemu_img, qemu_program
from imgkit.units import describe_bytes, round_up
from imgkit.version import __version__

_NO_OPTIONS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """What is to be written where, all questions answered before the first byte."""

    header: ImageHeader
    target: Path
    recipe: Recipe
    overwrite: bool
    hash_files: bool
    salvage: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """The result under its name for the time being, and the chunk digests that its disk must have.

    `wanted` is None where only reading the source again can tell.
    """

    path: Path
    written: Written
    wanted: ChunkDigests | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proof:
    """`sha256` are those of the files, in their order; empty where they were not taken."""

    chunk_root: str = ""
    sha256: tuple[str, ...] = ()


def convert_image(
    image: DiskImage,
    target: Path,
    *,
    to: DiskFormat,
    profile: Profile | None = None,
    source_chunks: ChunkDigests | None = None,
    verify: bool = True,
    hash_files: bool = True,
    overwrite: bool = False,
    options: Mapping[str, str] = _NO_OPTIONS,
    compress: bool = False,
    progress: Progress = NULL_PROGRESS,
    allow_backing: Path | None = None,
    salvage: bool = False,
) -> ConvertedImage:
    """Write `image` to `target` in the format `to`, and prove that both have the same guest bytes.

    `source_chunks` are the chunk digests taken when the image was made or unpacked; without them the source is read
    once more, side by side with the result. The result appears under its name only when it is durable and, unless
    `verify` is off, proven. `options` are qemu-img's for that format, over those of the `profile`, which also says to
    what size the disk is filled up with zeroes. `hash_files` takes the SHA-256 of each file; for a large sparse raw
    file that means hours of hashing zeroes. With `salvage` what cannot be read of the source becomes zeroes, each range
    of which is told in the result; the proof then holds what could be read.

    Raises NotADiskImage, DiskImageUnsafe, FormatCannotHold, SettingsError, TargetExists, NoRoom, NotAccessible,
    ToolMissing, ToolTooOld, ToolFailed, and Differs when the result is not the source.
    """
    header = read_header(image.path, stated=image.format, allow_backing=allow_backing, salvage=salvage)
    order = _Order(
        header=header,
        target=target.absolute(),
        recipe=_recipe(header, to, profile, options, compress=compress),
        overwrite=overwrite,
        hash_files=hash_files,
        salvage=salvage,
    )
    refuse_target(order.target, header, overwrite=overwrite)
    if verify and order.recipe.is_packed:  # QEMU proves it, and must be there before hours of writing
        qemu_program.require("qemu-nbd")
    with work_folder(order.target) as folder, ExitStack() as opened:
        source: GuestView = opened.enter_context(closing(open_guarded(header)))
        before = states_of(order.header)
        _require_room(order, source)
        lost: tuple[Extent, ...] = ()
        if salvage:
            header, lost = _salvage(source, folder / "salvaged", progress)
            source = opened.enter_context(closing(open_guarded(header)))
        path = folder / _plain_name(order.target, to)
        with flushed_meanwhile(folder):
            written = write_image(order.recipe, header, source, path, progress=progress)
        _sync_all(folder)
        made = _Made(path=path, written=written, wanted=_wanted(order, source, source_chunks, written))
        proof = _prove(order, source, made, progress) if verify else _hash_all(order, made, progress)
        require_unchanged(order.header, before)
        files = _publish(order, path, proof)
    return replace(_describe(order, files, proof, written, verify=verify), lost=lost)


def _salvage(source: GuestView, target: Path, progress: Progress) -> tuple[ImageHeader, tuple[Extent, ...]]:
    """Write what can be read as a raw disk, from which all else is made: a program would give up at the first error."""
    salvaged = SalvagedView(source)
    copy_sparsely(salvaged, target, progress=progress, title="Salvaging")
    return read_header(target, stated=DiskFormat.RAW), salvaged.lost


def _recipe(
    header: ImageHeader, to: DiskFormat, profile: Profile | None, options: Mapping[str, str], *, compress: bool
) -> Recipe:
    asked = {**(profile.options if profile else {}), **options}
    size = round_up(header.virtual_size, profile.whole_bytes) if profile else header.virtual_size
    told = writing_options(to, asked, compress=compress)
    is_profiles_own = profile is not None and profile.options.get("subformat") == told.get("subformat")
    return Recipe(
        to=to,
        size=held_size(size, to),
        options=told,
        compress=compress,
        create_type=profile.create_type if profile and is_profiles_own else "",
    )


def _plain_name(target: Path, to: DiskFormat) -> str:
    """VMDKs carry their own file's name in their descriptor, where a quote or a newline would be a second line.

    What stands there instead is another for each name: a flat extent keeps it, beside those of other disks.
    """
    plain = target.name.isascii() and target.name.isprintable() and '"' not in target.name and ":" not in target.name
    return target.name if plain else f"disk-{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:12]}{to.suffix}"


def _require_room(order: _Order, source: GuestView) -> None:
    place, recipe = probe_folder(order.target.parent), order.recipe
    free = place.free_bytes
    view = SalvagedView(source) if order.salvage else source  # whose tables may be what is damaged
    needed = room_bound(view.extents(), recipe.size, recipe.to, recipe.options, holds_holes=place.holds_holes)
    if order.salvage:  # what was salvaged lies beside the result for a while
        needed += room_bound(view.extents(), source.size, DiskFormat.RAW, {}, holds_holes=place.holds_holes)
    if needed > free and recipe.to is DiskFormat.QCOW2 and not recipe.is_written_here and not order.salvage:
        with private_folder() as folder:  # qemu-img counts closer than our upper bound
            node = build_node(order.header, folder)
            needed = qemu_img.measure(node, to=recipe.to, options=recipe.options).required_bytes
    if needed > free:
        raise NoRoom(
            f"the {recipe.to} image may take {describe_bytes(needed)}, and {order.target.parent} has "
            f"{describe_bytes(free)} free",
            hint="Free some room, or choose another place with -o.",
        )


def _sync_all(folder: Path) -> None:
    """Make the result durable; a file system that delays its writes may only now find that it is full."""
    for path in folder.iterdir():
        try:
            sync_file(path)
        except OSError as error:
            raise local_error(error, path) from error


def _wanted(
    order: _Order, source: GuestView, source_chunks: ChunkDigests | None, written: Written
) -> ChunkDigests | None:
    """Return the chunk digests that the result must have, None where only reading the source again can tell.

    Raises Differs when the source is not, or no longer, the disk that `source_chunks` were taken of.
    """
    if source_chunks is None:
        return written.chunks
    if source_chunks.size != source.size:
        raise _source_changed(order, f"has {source.size} bytes, and its chunk digests are of {source_chunks.size}")
    wanted = pad_with_zeroes(source_chunks, source, order.recipe.size)
    if written.chunks is not None and written.chunks != wanted:
        differs = compare(wanted, written.chunks).describe()
        raise _source_changed(order, f"is not the disk whose chunk digests were taken: {differs}")
    return wanted


def _source_changed(order: _Order, what: str) -> Differs:
    return Differs(
        f"{order.header.path} {what}",
        hint="The source has changed since. Check it before anything is made from it: imgkit check.",
    )


def _prove(order: _Order, source: GuestView, made: _Made, progress: Progress) -> _Proof:
    """Read the result back and compare, while the digests of its files are taken. Raises Differs."""
    to = order.recipe.to
    flat = to is DiskFormat.RAW and order.hash_files  # then the one digest is the other
    with (
        open_guest_view(DiskImage(path=made.path, format=to), reader=made.written.prover) as result,
        aside(lambda check: () if flat else _hash_files(order, made.path, check)) as hashing,
    ):
        comparison, found = _compare(order, source, made, result, progress)
        if not comparison.is_equal:
            raise Differs(
                f"the {to} image made of {order.header.path} is not the same disk: {comparison.describe()}",
                hint="Nothing was kept. Either the source has changed since its digests were taken (imgkit check), or "
                "this machine's memory, disk or qemu-img is at fault.",
            )
        return _Proof(chunk_root=found.chunks.root, sha256=(found.sha256,) if flat else hashing.result())


def _compare(
    order: _Order, source: GuestView, made: _Made, result: GuestView, progress: Progress
) -> tuple[Comparison, GuestDigests]:
    title = f"Proving the {order.recipe.to}"
    if made.wanted is None:
        both = compare_views(PaddedView(source, order.recipe.size), result, progress=progress, title=title)
        return both.comparison, GuestDigests(chunks=both.second)
    flat = order.recipe.to is DiskFormat.RAW and order.hash_files
    found = take_guest_digests(result, flat=flat, progress=progress, title=title)
    return compare(made.wanted, found.chunks), found


def _hash_files(order: _Order, path: Path, check: Callable[[], None]) -> tuple[str, ...]:
    files = read_header(path, stated=order.recipe.to).files
    return tuple(file_sha256(file, check=check) if order.hash_files else "" for file in files)


def _hash_all(order: _Order, made: _Made, progress: Progress) -> _Proof:
    """Without a proof: what was written is not read back, unless the digests of its files are wanted."""
    files = read_header(made.path, stated=order.recipe.to).files
    title = f"Hashing the {order.recipe.to} file"
    digests = (file_sha256(file, progress=progress, title=title) if order.hash_files else "" for file in files)
    return _Proof(sha256=tuple(digests))


def _publish(order: _Order, made: Path, proof: _Proof) -> tuple[ResultFile, ...]:
    """Give the files their names: the image itself last, so that it never stands without its extent."""
    files = read_header(made, stated=order.recipe.to).files
    finals = [order.target if path == made else order.target.with_name(path.name) for path in files]
    for final in finals:
        refuse_target(final, order.header, overwrite=order.overwrite)
    sizes = [path.stat().st_size for path in files]
    for path, final in reversed(list(zip(files, finals, strict=True))):
        publish(path, final, overwrite=order.overwrite)
    return tuple(ResultFile(path=p, size=s, sha256=d) for p, s, d in zip(finals, sizes, proof.sha256, strict=True))


def _describe(
    order: _Order, files: tuple[ResultFile, ...], proof: _Proof, written: Written, *, verify: bool
) -> ConvertedImage:
    recipe = order.recipe
    padding = recipe.size - order.header.virtual_size
    notes = []
    if padding:
        whole = "whole sectors" if padding < 512 else "a disk of this size"
        notes.append(f"{recipe.to} holds {whole}: {padding} zero bytes were added behind the disk's end")
    if not verify:
        notes.append("not proven, as asked: the result was not read back")
    return ConvertedImage(
        path=order.target,
        format=recipe.to,
        virtual_size=recipe.size,
        source_size=order.header.virtual_size,
        files=files,
        proven=verify,
        chunk_root=proof.chunk_root,
        tool="qemu-img" if written.arguments else "imgkit",
        tool_version=qemu_img.version() if written.arguments else __version__,
        arguments=written.arguments,
        notes=(*order.header.notes, *notes),
    )
