"""What the nouns of `imgkit download` name: each object with its source, and the name it gets here."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from imgkit.cli.fetch_source import read_urls
from imgkit.errors import NoSuchBucketOrObject, SettingsError
from imgkit.model.cloud_object import ObjectInfo, OssLocation
from imgkit.pipeline.names import local_name, plain_name
from imgkit.pipeline.wanted import WantedObject
from imgkit.ports import ObjectStore, RangeSource
from imgkit.services import Services
from imgkit.stages.restore import begin_restores
from imgkit.transfer.expiry import Expiring
from imgkit.transfer.retry import REAL_TIME, RetryRule, describe_patiently
from imgkit.units import format_utc

Thaw = Callable[[ObjectStore, str], None]
_URL = ("https://", "http://")


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectNouns:
    """The words as they were given."""

    words: tuple[str, ...]
    url_file: Path | None = None
    version_id: str = ""


def find_objects(
    services: Services, nouns: ObjectNouns, *, rule: RetryRule, thaw: Thaw | None, say: Callable[[str], None]
) -> list[WantedObject]:
    """Return the objects in order. Raises SettingsError, NotAccessible, and what the service raises."""
    _refuse_mixtures(nouns)
    if nouns.url_file is not None:
        found = _behind_urls(services, read_urls(nouns.url_file), rule, say)
    elif all(word.startswith(_URL) for word in nouns.words):
        sys.stderr.write("warning: a signed URL on the command line can be read in the process list; use --url-file\n")
        found = _behind_urls(services, nouns.words, rule, say)
    else:
        found = _in_buckets(services, nouns, thaw)
    return list(_named(found))


def _refuse_mixtures(nouns: ObjectNouns) -> None:
    words, urls = nouns.words, [word for word in nouns.words if word.startswith(_URL)]
    if not words and nouns.url_file is None:
        raise SettingsError("nothing to download is named", hint="Name oss://bucket/key, or --url-file FILE.")
    if (words and nouns.url_file is not None) or (urls and len(urls) < len(words)):
        raise SettingsError("objects and URLs cannot be downloaded in one go", hint="Give each kind its own command.")
    if nouns.version_id and (len(words) != 1 or urls or _location(words[0]).is_prefix):
        raise SettingsError(
            "--version-id names a version of one object", hint="Name exactly one oss://bucket/key with it."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    key: str
    source: RangeSource
    size: int | None
    thaw: Callable[[], None] = lambda: None


def _named(found: Iterator[_Found]) -> Iterator[WantedObject]:
    taken: set[str] = set()
    for each in found:
        name = local_name(each.key, otherwise=plain_name(each.key), taken=taken)
        taken.add(name)
        yield WantedObject(name=name, source=each.source, size=each.size, thaw=each.thaw)


def _behind_urls(
    services: Services, urls: list[str] | tuple[str, ...], rule: RetryRule, say: Callable[[str], None]
) -> Iterator[_Found]:
    """The name of an object stands in the URL's path, but only its source can read it; each URL is tried at once."""
    for url in urls:
        source = services.presigned(url)
        info = describe_patiently(source, rule, REAL_TIME)
        if isinstance(source, Expiring) and source.expires_at is not None:
            say(f"{source.label}: the URL is good until {format_utc(source.expires_at)[:19]}Z")
        yield _Found(key=info.key, source=source, size=info.size)


def _in_buckets(services: Services, nouns: ObjectNouns, thaw: Thaw | None) -> Iterator[_Found]:
    many = len(nouns.words) > 1
    for word in nouns.words:
        location = _location(word)
        store = services.store(location.bucket, version_id=nouns.version_id)
        infos = list(_objects_at(store, location, is_one_of_many=many))
        if thaw is not None and (many or len(infos) > 1):
            begin_restores(store, [info.key for info in infos])
        for info in infos:
            yield _Found(
                key=info.key,
                source=store.source(info.key),
                size=info.size if info.etag else None,
                thaw=_thawing(store, info.key, thaw),
            )


def _location(word: str) -> OssLocation:
    try:
        return OssLocation.parse(word)
    except ValueError as error:
        raise SettingsError(str(error), hint="Write oss://bucket/key; URLs go into a --url-file.") from error


def _objects_at(store: ObjectStore, location: OssLocation, *, is_one_of_many: bool) -> Iterator[ObjectInfo]:
    if location.is_prefix:
        found = [each for each in store.list_objects(location.key) if not each.key.endswith("/")]
        if not found:
            raise NoSuchBucketOrObject(f"nothing lies below {location}", hint="Look at the bucket in the console.")
        yield from found
    elif is_one_of_many:
        yield store.describe(location.key)
    else:  # the download itself asks
        yield ObjectInfo(bucket=location.bucket, key=location.key, size=0, etag="")


def _thawing(store: ObjectStore, key: str, thaw: Thaw | None) -> Callable[[], None]:
    return (lambda: None) if thaw is None else (lambda: thaw(store, key))
