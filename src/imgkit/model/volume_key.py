"""Keys of encrypted volumes. They are never shown: not in a message, not in a log, not in a repr."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeKey:
    """What a key file holds; `secrets` are the readings of it to try, `place` the volume it is for, empty for any."""

    label: str
    secrets: tuple[bytes, ...] = field(repr=False)
    place: str = ""

    def fits(self, place: str) -> bool:
        """Whether it may be tried on the volume at this place."""
        return self.place in {"", place}
