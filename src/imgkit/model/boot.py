"""What a system boots: its kernels."""

from dataclasses import dataclass

from imgkit.model.fact import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """A kernel release with what there is of it: image and initramfs in /boot, a folder of modules."""

    version: str
    image: bytes = b""
    image_bytes: int = 0
    initramfs: tuple[bytes, ...] = ()
    modules: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """How a system starts."""

    kernels: Fact[tuple[Kernel, ...]]
