"""Small files that are read one after the other, fetched many at once when the first of them is asked for."""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, islice

from imgkit.units import KiB

MOST_FILES = 64
MOST_PATH_BYTES = 32 * KiB  # a pipe holds it: writing waits for no child that is working ahead
_MOST_EXPECTED = 10_000


class SmallFiles:
    """What is fetched is given once. `fetch` returns the contents of those of some paths that it could get."""

    def __init__(self, fetch: Callable[[Sequence[bytes]], Mapping[bytes, bytes]]) -> None:
        self._fetch = fetch
        self._expected: dict[bytes, None] = {}
        self._at_hand: dict[bytes, bytes] = {}

    def expect(self, paths: Sequence[bytes]) -> None:
        """Take note of what is read soon, in about this order."""
        if len(self._expected) + len(paths) > _MOST_EXPECTED:
            self._expected.clear()  # nobody came for them
        self._expected |= dict.fromkeys(one for one in paths[:_MOST_EXPECTED] if len(one) <= MOST_PATH_BYTES)

    def take(self, path: bytes) -> bytes | None:
        """Return the content of a file that was expected, None where it has to be asked for by itself."""
        if path in self._expected and path not in self._at_hand:
            few = self._few_from(path)
            for one in few:
                del self._expected[one]
            self._at_hand = dict(self._fetch(few))
        self._expected.pop(path, None)
        return self._at_hand.pop(path, None)

    def _few_from(self, path: bytes) -> list[bytes]:
        """Return this path and others that are expected, as many as one question holds."""
        few = [path, *islice((one for one in self._expected if one != path), MOST_FILES - 1)]
        ends = accumulate(map(len, few))
        return [one for one, end in zip(few, ends, strict=True) if end <= MOST_PATH_BYTES]
