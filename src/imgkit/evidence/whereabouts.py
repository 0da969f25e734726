"""In which bag (BagIt) a set lies: what a bag's manifest holds must stay as it is."""

from pathlib import Path

from imgkit.errors import NotAccessible
from imgkit.files.whole import real_path

BAG_MARK = "bagit.txt"
PAYLOAD = "data"


def bag_of(folder: Path) -> Path | None:
    """Return the bag in whose payload a set lies; None where it lies in none."""
    whole = real_path(folder)
    for each in (whole, *whole.parents[:2]):
        if each.name == PAYLOAD and (each.parent / BAG_MARK).is_file():
            return each.parent
    return None


def refuse_bag(folder: Path) -> None:
    """Raise NotAccessible for a set in a bag, before anything is written into it."""
    bag = bag_of(folder)
    if bag is not None:
        raise NotAccessible(
            f"{folder} lies in the bag {bag}, which would no longer be valid",
            hint="Copy the set out of the bag, and work on the copy.",
        )
