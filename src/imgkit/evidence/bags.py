"""BagIt (RFC 8493) through the Library of Congress' own `bagit`: the tag files of a bag, and its validator.

The payload manifest is written here and not by `bagit`, which would read the whole payload for digests that a set has.
"""

import contextlib
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

import bagit

from imgkit.errors import Differs
from imgkit.evidence.whereabouts import BAG_MARK, PAYLOAD

MANIFEST = "manifest-sha256.txt"
_VERSION = "0.97"  # what bagit itself writes; RFC 8493 reads it too
_SHOWN = 3

logging.getLogger("bagit").addHandler(logging.NullHandler())  # what it finds is told by us


def write_tags(bag: Path, payload: Iterable[tuple[str, str]], info: Mapping[str, str]) -> None:
    """Write all that belongs around a payload of these (name below data/, SHA-256), before it is there itself.

    A line's end in a value is dropped. Raises OSError.
    """
    (bag / PAYLOAD).mkdir(exist_ok=True)
    lines = sorted(f"{digest}  {PAYLOAD}/{name}\n" for name, digest in payload)
    (bag / BAG_MARK).write_text(f"BagIt-Version: {_VERSION}\nTag-File-Character-Encoding: UTF-8\n", encoding="utf-8")
    (bag / MANIFEST).write_text("".join(lines), encoding="utf-8")
    made = bagit.Bag(str(bag.absolute()))
    made.info.update(info)
    with contextlib.chdir(bag):  # it changes the folder itself, and back only where all went well
        made.save()


def validate(bag: Path, *, read_all: bool) -> None:
    """Have bagit look at a bag, with `read_all` at every byte, else at names and sizes. Raises Differs."""
    try:
        made = bagit.Bag(str(bag.absolute()))
        made.validate(completeness_only=not read_all)
        if not read_all:
            made.validate(fast=True)
    except bagit.BagError as error:
        details = [str(each) for each in getattr(error, "details", [])]
        said = "; ".join(details[:_SHOWN]) or str(error)
        raise Differs(
            f"bagit does not hold the bag {bag}: {said}",
            hint="What is linked is damaged in the set too: see imgkit check.",
        ) from error
