"""Convert: one disk image into another format, of exactly the same bytes, proven by reading the result back."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from imgkit.digests import ChunkDigests
from imgkit.disks.chunks import pad_with_zeroes, take_chunk_digests, take_guest_digests
from imgkit.disks.comparing import compare
from imgkit.disks.file_digest import file_sha256
from imgkit.disks.format_rules import compresses_by_flag, held_size, writing_options
from imgkit.disks.guard import read_header
from imgkit.disks.guest_view import open_guarded, open_guest_view
from imgkit.disks.headers.header import ImageHeader
from imgkit.disks.nodes import build_node, private_folder
from imgkit.disks.room_bound import room_bound
from imgkit.disks.sparse_copy import copy_sparsely
from imgkit.errors import Differs, NoRoom, NotAccessible, TargetExists
from imgkit.files.abilities import probe_folder
from imgkit.files.sparse import local_error
from imgkit.files.whole import PARTIAL_SUFFIX, publish, refuse_existing, sync_file
from imgkit.model.converted import ConvertedImage, ResultFile
from imgkit.model.disk import DiskImage
from imgkit.model.formats import DiskFormat
from imgkit.ports import GuestView
from imgkit.progress import NULL_PROGRESS, Progress
from imgkit.tools import qemu_img
from imgkit.units import describe_bytes

_NO_OPTIONS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """What is to be written, all questions answered before the first byte."""

    header: ImageHeader
    target: Path
    to: DiskFormat
    size: int
    options: dict[str, str]
    compress: bool
    overwrite: bool
    hash_files: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proof:
    chunk_root: str = ""
    file_sha256: str = ""
    """Only where it came along for nothing: of a raw result."""


def convert_image(
    image: DiskImage,
    target: Path,
    *,
    to: DiskFormat,
    source_chunks: ChunkDigests | None = None,
    verify: bool = True,
    hash_files: bool = True,
    overwrite: bool = False,
    options: Mapping[str, str] = _NO_OPTIONS,
    compress: bool = False,
    progress: Progress = NULL_PROGRESS,
    allow_backing: Path | None = None,
) -> ConvertedImage:
    """Write `image` to `target` in the format `to`, and prove that both have the same guest bytes.

    `source_chunks` are the chunk digests taken when the image was made or unpacked; without them the source is hashed
    here. The result appears under its name only when it is durable and, unless `verify` is off, proven. `options` are
    qemu-img's for that format. `hash_files` takes the SHA-256 of each file; for a large sparse raw file that
    means hours of hashing zeroes.

    Raises NotADiskImage, DiskImageUnsafe, FormatCannotHold, SettingsError, TargetExists, NoRoom, NotAccessible,
    ToolMissing, ToolTooOld, ToolFailed, and Differs when the result is not the source.
    """
    header = read_header(image.path, stated=image.format, allow_backing=allow_backing)
    order = _Order(
        header=header,
        target=target.absolute(),
        to=to,
        size=held_size(header.virtual_size, to),
        options=writing_options(to, options, compress=compress),
        compress=compress,
        overwrite=overwrite,
        hash_files=hash_files,
    )
    _require_free(order.target, order)
    with open_guarded(header) as source, _work_folder(order.target) as folder:
        _require_room(order, source)
        written = folder / _plain_name(order.target, to)
        arguments = _write(order, source, written, progress)
        _sync_all(folder)
        proof = _prove(order, source, source_chunks, written, progress) if verify else _Proof()
        files = _publish(order, written, proof, progress)
    return _describe(order, files, proof, arguments, verify=verify)


def _require_free(target: Path, order: _Order) -> None:
    if target.exists() and any(target.samefile(file) for file in order.header.files):
        raise TargetExists(
            f"{target} is the source itself, and nothing is converted in place",
            hint="Give the result another name with -o.",
        )
    refuse_existing(target, overwrite=order.overwrite and not target.is_dir())
    if not target.parent.is_dir():
        raise NotAccessible(f"there is no folder {target.parent}", hint="Make it, or choose another with -o.")


@contextmanager
def _work_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder beside the target; nothing of it is left at the end. What a killed run left is removed."""
    folder = target.with_name(target.name + PARTIAL_SUFFIX)
    try:
        _remove(folder)
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise local_error(error, target) from error
    try:
        yield folder
    finally:
        _remove(folder)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _plain_name(target: Path, to: DiskFormat) -> str:
    """VMDKs carry their own file's name in their descriptor, where a quote or a newline would be a second line."""
    plain = target.name.isascii() and target.name.isprintable() and '"' not in target.name and ":" not in target.name
    return target.name if plain else f"disk{to.suffix}"


def _require_room(order: _Order, source: GuestView) -> None:
    place = probe_folder(order.target.parent)
    free = place.free_bytes
    needed = room_bound(source.extents(), order.size, order.to, order.options, holds_holes=place.holds_holes)
    if needed > free and order.to is DiskFormat.QCOW2:
        with private_folder() as folder:  # qemu-img counts closer than our upper bound
            node = build_node(order.header, folder)
            needed = qemu_img.measure(node, to=order.to, options=order.options).required_bytes
    if needed > free:
        raise NoRoom(
            f"the {order.to} image may take {describe_bytes(needed)}, and {order.target.parent} has "
            f"{describe_bytes(free)} free",
            hint="Free some room, or choose another place with -o.",
        )


def _write(order: _Order, source: GuestView, written: Path, progress: Progress) -> tuple[str, ...]:
    """Write the result and return the program's arguments. Raw is written by us: QEMU would pad an odd size."""
    title = f"Converting to {order.to}"
    if order.to is DiskFormat.RAW:
        copy_sparsely(source, written, progress=progress, title=title)
        return ()
    with private_folder() as folder, progress.bar(title, total=100, unit="%") as bar:
        return qemu_img.convert(
            build_node(order.header, folder),
            written,
            to=order.to,
            virtual_size=order.size,
            options=order.options,
            compress=order.compress and compresses_by_flag(order.to),
            on_percent=lambda percent: bar.set_done(int(percent)),
        )


def _sync_all(folder: Path) -> None:
    """Make the result durable; a file system that delays its writes may only now find that it is full."""
    for path in folder.iterdir():
        try:
            sync_file(path)
        except OSError as error:
            raise local_error(error, path) from error


def _prove(
    order: _Order, source: GuestView, source_chunks: ChunkDigests | None, written: Path, progress: Progress
) -> _Proof:
    """Read the result back and compare. Raises Differs."""
    wanted = source_chunks or take_chunk_digests(source, progress=progress, title="Hashing the source")
    if wanted.size != source.size:
        raise Differs(
            f"{order.header.path} has {source.size} bytes, and its chunk digests were taken of {wanted.size}",
            hint="The source has changed since. Check it before anything is made from it: imgkit check.",
        )
    wanted = pad_with_zeroes(wanted, source, order.size)
    with open_guest_view(DiskImage(path=written, format=order.to)) as result:
        found = take_guest_digests(
            result,
            flat=order.to is DiskFormat.RAW and order.hash_files,
            progress=progress,
            title=f"Proving the {order.to}",
        )
    comparison = compare(wanted, found.chunks)
    if not comparison.is_equal:
        raise Differs(
            f"the {order.to} image made of {order.header.path} is not the same disk: {comparison.describe()}",
            hint="Nothing was kept. Either the source has changed since its digests were taken (imgkit check), or this "
            "machine's memory, disk or qemu-img is at fault.",
        )
    return _Proof(chunk_root=found.chunks.root, file_sha256=found.sha256)


def _publish(order: _Order, written: Path, proof: _Proof, progress: Progress) -> tuple[ResultFile, ...]:
    """Hash the files, and give them their names: the image itself last, so that it never stands without its extent."""
    made = read_header(written, stated=order.to).files
    finals = [order.target if path == written else order.target.with_name(path.name) for path in made]
    for final in finals:
        _require_free(final, order)
    digests = [proof.file_sha256 or _hash(order, path, progress) for path in made]
    sizes = [path.stat().st_size for path in made]
    for path, final in reversed(list(zip(made, finals, strict=True))):
        publish(path, final, overwrite=order.overwrite)
    return tuple(ResultFile(path=p, size=s, sha256=d) for p, s, d in zip(finals, sizes, digests, strict=True))


def _hash(order: _Order, path: Path, progress: Progress) -> str:
    return file_sha256(path, progress=progress, title=f"Hashing the {order.to} file") if order.hash_files else ""


def _describe(
    order: _Order, files: tuple[ResultFile, ...], proof: _Proof, arguments: tuple[str, ...], *, verify: bool
) -> ConvertedImage:
    padding = order.size - order.header.virtual_size
    notes = []
    if padding:
        notes.append(f"{order.to} holds whole sectors: {padding} zero bytes were added behind the disk's end")
    if not verify:
        notes.append("not proven, as asked: the result was not read back")
    return ConvertedImage(
        path=order.target,
        format=order.to,
        virtual_size=order.size,
        source_size=order.header.virtual_size,
        files=files,
        proven=verify,
        chunk_root=proof.chunk_root,
        tool="qemu-img" if arguments else "imgkit",
        tool_version=qemu_img.version() if arguments else "",
        arguments=arguments,
        notes=(*order.header.notes, *notes),
    )
