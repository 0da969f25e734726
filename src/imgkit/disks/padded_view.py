"""A guest view with zeroes behind its end, for hypervisors that take whole MiB or GiB only."""

from collections.abc import Iterator

from imgkit.disks.raw_view import require_inside
from imgkit.model.disk import Extent, ExtentKind
from imgkit.ports import GuestView


class PaddedView:
    """Reads like `view`, and as zeroes from its end up to `size`. Closing it is its owner's business."""

    def __init__(self, view: GuestView, size: int) -> None:
        assert size >= view.size
        self._view = view
        self._size = size

    @property
    def size(self) -> int:
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly these bytes. Raises what the view raises."""
        require_inside(offset, length, self._size)
        inside = max(0, min(length, self._view.size - offset))
        found = self._view.read(offset, inside) if inside else b""
        return found if inside == length else found + bytes(length - inside)

    def extents(self) -> Iterator[Extent]:
        """Yield the view's extents, and one of zeroes behind them."""
        yield from self._view.extents()
        if self._size > self._view.size:
            yield Extent(self._view.size, self._size - self._view.size, ExtentKind.ZERO)

    def close(self) -> None:
        """Leave the view open: it belongs to somebody else."""
