"""What a disk is to become: a format, a profile's image, or an E01."""

from dataclasses import dataclass

from imgkit.model.formats import DiskFormat
from imgkit.model.profiles import Profile

E01 = "e01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`format` is that of the bytes; an E01 has raw ones, in a container of its own."""

    format: DiskFormat
    profile: Profile | None = None
    is_e01: bool = False

    @property
    def profile_name(self) -> str:
        """The profile's name, empty for a plain format."""
        return self.profile.name if self.profile else ""

    @property
    def name(self) -> str:
        """The word by which it was asked for."""
        if self.is_e01:
            return E01
        return self.profile.name if self.profile else self.format.value

    @property
    def suffix(self) -> str:
        """The ending of the result's name, after the disk's role or the source's own name."""
        if self.is_e01:
            return ".E01"
        return self.profile.suffix if self.profile else self.format.suffix
