"""What the nouns of `imgkit fetch` name: an image, objects, presigned URLs or archives; never a mixture."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from imgkit.errors import NotAccessible, SettingsError
from imgkit.model.cloud_object import OssLocation
from imgkit.model.manifest import Source, SourceKind
from imgkit.model.role import DiskRole
from imgkit.services import Services
from imgkit.stages.objects import place_keys

_IMAGE_ID = re.compile(r"m-[0-9a-z]{4,64}")
_ID_IN_NAME = re.compile(rf"(?<![A-Za-z0-9])({_IMAGE_ID.pattern})(?![A-Za-z0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Nouns:
    """The words as they were given."""

    words: tuple[str, ...]
    url_file: Path | None
    disks: Mapping[DiskRole, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedSource:
    """The source, the folder that the set goes into unless `-o` names another, and what belongs to which disk."""

    source: Source
    folder: Path
    assigned: Mapping[DiskRole, str] = field(default_factory=dict)
    urls: Mapping[DiskRole, str] = field(default_factory=dict)
    archives: Mapping[DiskRole, Path] = field(default_factory=dict)


def parse_source(nouns: Nouns, services: Services, prefix: str) -> ParsedSource:
    """Read the nouns. Raises SettingsError when they name nothing, several kinds, or an image and something else."""
    if nouns.url_file is not None and nouns.words:
        raise SettingsError(
            f"{nouns.words[0]} and the URLs of a file cannot be fetched in one go", hint="Give each its own command."
        )
    if nouns.url_file is not None:
        return _urls(read_urls(nouns.url_file), nouns)
    words = [*nouns.words, *(() if nouns.words else nouns.disks.values())]
    if not words:
        raise SettingsError(
            "nothing to fetch is named", hint="Name an image id, oss://bucket/key, an archive, or --url-file FILE."
        )
    if all(_IMAGE_ID.fullmatch(word) for word in words):
        return _image(words, nouns, services, prefix)
    if all(word.startswith("oss://") for word in words):
        return _objects(words, nouns)
    if all(word.startswith(("https://", "http://")) for word in words):
        sys.stderr.write("warning: a signed URL on the command line can be read in the process list; use --url-file\n")
        return _urls(words, nouns)
    if any(word.startswith(("oss://", "https://", "http://")) for word in words):
        raise SettingsError(
            "objects, URLs and files cannot be fetched in one go", hint="Give each kind its own command."
        )
    return _archives(words, nouns)


def _image(words: Sequence[str], nouns: Nouns, services: Services, prefix: str) -> ParsedSource:
    if len(words) > 1:
        raise SettingsError("one image at a time", hint="Run imgkit fetch once for each image.")
    source = Source(
        kind=SourceKind.IMAGE,
        region_id=services.region,
        image_id=words[0],
        bucket=services.require_bucket(),
        prefix=prefix,
    )
    return ParsedSource(source=source, folder=Path(words[0]), assigned=nouns.disks)


def _objects(words: Sequence[str], nouns: Nouns) -> ParsedSource:
    try:
        locations = [OssLocation.parse(word) for word in words]
    except ValueError as error:
        raise SettingsError(
            str(error), hint="Write oss://bucket/key, or oss://bucket/prefix/ for all below it."
        ) from error
    source = Source(
        kind=SourceKind.OBJECTS, bucket=locations[0].bucket, locations=tuple(str(each) for each in locations)
    )
    return ParsedSource(source=source, folder=_folder([each.key for each in locations]), assigned=nouns.disks)


def _urls(urls: Sequence[str], nouns: Nouns) -> ParsedSource:
    by_path = {unquote(urlsplit(url).path): url for url in urls}
    assigned = {role: _path_of(name, by_path) for role, name in nouns.disks.items()}
    placed = _place([*by_path], assigned)
    shown = {path: f"https://{urlsplit(url).hostname}{path}" for path, url in by_path.items()}
    source = Source(kind=SourceKind.URL, locations=tuple(sorted(shown.values())))
    return ParsedSource(
        source=source, folder=_folder([*by_path]), urls={role: by_path[path] for role, path in placed.items()}
    )


def _path_of(name: str, by_path: Mapping[str, str]) -> str:
    """Return the path of the URL that is meant by the URL itself, by its path, or by the path's last part."""
    found = [path for path, url in by_path.items() if name in {url, path, path.lstrip("/"), path.rpartition("/")[2]}]
    if len(found) != 1:
        raise SettingsError(
            f"{'none' if not found else 'more than one'} of the URLs is the one that --disk names",
            hint="Name the last part of the URL's path, or all of its path.",
        )
    return found[0]


def _archives(words: Sequence[str], nouns: Nouns) -> ParsedSource:
    paths = {str(Path(word).absolute()): Path(word) for word in (*words, *nouns.disks.values())}
    for path in paths.values():
        if not path.is_file():
            raise NotAccessible(
                f"there is no file {path}", hint="An image id looks like m-…, an object like oss://bucket/key."
            )
    assigned = {role: str(Path(name).absolute()) for role, name in nouns.disks.items()}
    placed = _place([*paths], assigned)
    source = Source(kind=SourceKind.ARCHIVES, locations=tuple(sorted(paths)))
    archives = {role: Path(path) for role, path in placed.items()}
    return ParsedSource(source=source, folder=_folder([*paths]), archives=archives)


def _place(names: Sequence[str], assigned: Mapping[DiskRole, str]) -> dict[DiskRole, str]:
    placed = place_keys(names, assigned=assigned)
    if placed.unplaced:
        raise SettingsError(
            f"cannot tell which disk {placed.unplaced[0]} is",
            hint="Say it with --disk system=NAME or --disk xvdb=NAME, once for each.",
        )
    return dict(placed.keys)


def _folder(names: Sequence[str]) -> Path:
    """Return a folder named after the image, if the names agree on one, else after the first name."""
    ids = {found[1] for name in names if (found := _ID_IN_NAME.search(name.rpartition("/")[2] or name))}
    if len(ids) == 1:
        return Path(ids.pop())
    stem = re.sub(r"[^A-Za-z0-9._-]", "_", names[0].rstrip("/").rpartition("/")[2]).split(".")[0]
    stem = stem.lstrip("-")  # else the folder's name would be an option of the next command
    return Path(stem or "image-set")


def read_urls(path: Path) -> list[str]:
    """Read presigned URLs, one a line, `-` from standard input. Raises NotAccessible, SettingsError."""
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NotAccessible(f"cannot read the URLs in {path}: {error}", hint="Write one URL a line.") from error
    urls = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not urls or not all(url.startswith(("https://", "http://")) for url in urls):
        raise SettingsError(f"{path} holds no URLs", hint="Write one presigned URL a line.")
    return urls
