"""What the three formats of rpm's database have in common."""

from imgkit.units import MiB

BLOB_BYTES = 64 * MiB


class BadDatabase(Exception):
    """This file cannot be rpm's database as it stands, or not from here on."""
