"""Where a file or a set lies: in which image set, in which bag."""

from pathlib import Path

from imgkit.evidence.image_set import MANIFEST_NAME

BAG_MARK = "bagit.txt"
PAYLOAD = "data"


def set_of(path: Path) -> Path | None:
    """Return the image set that a file or folder is, or is in; None for one that is in no set."""
    whole = path.absolute()
    return next((each for each in (whole, *whole.parents[:2]) if (each / MANIFEST_NAME).is_file()), None)


def bag_of(folder: Path) -> Path | None:
    """Return the bag (BagIt) in whose payload a set lies; None where it lies in none."""
    whole = folder.resolve()
    for each in (whole, *whole.parents[:2]):
        if each.name == PAYLOAD and (each.parent / BAG_MARK).is_file():
            return each.parent
    return None
