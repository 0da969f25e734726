"""Putting the certificates of a time stamp's answer into the order that DER asks for.

DER wants the members of a SET sorted (X.690, 11.6); OpenSSL's servers send the chain as they were given it, and strict
readers refuse that. The certificates are not among what the server signed, so their order is nobody's statement.
"""

_SEQUENCE, _FIRST = 0x30, 0xA0


def sort_certificates(answer: bytes) -> bytes:
    """Return the answer with its certificates sorted; as it is, where it is not built like one.

    Lengths stay what they are: nothing but the order changes.
    """
    try:
        start, end = _certificates(answer)
        members = list(_members(answer, start, end))
    except (IndexError, ValueError):
        return answer
    ordered = b"".join(sorted(answer[begin:stop] for begin, stop in members))
    return answer[:start] + ordered + answer[end:]


def _certificates(answer: bytes) -> tuple[int, int]:
    """Return where the certificates lie: TimeStampResp, token, [0] content, SignedData, [0] certificates."""
    start, end = _inside(answer, 0, _SEQUENCE)
    start, end = _inside(answer, _member(answer, start, end, 1), _SEQUENCE)
    start, end = _inside(answer, _member(answer, start, end, 1), _FIRST)
    start, end = _inside(answer, start, _SEQUENCE)
    return _inside(answer, _member(answer, start, end, 3), _FIRST)


def _member(data: bytes, start: int, end: int, number: int) -> int:
    return list(_members(data, start, end))[number][0]


def _members(data: bytes, start: int, end: int) -> "list[tuple[int, int]]":
    found = []
    while start < end:
        _, stop = _extent(data, start)
        if stop > end:
            raise ValueError("a member is longer than what it lies in")
        found.append((start, stop))
        start = stop
    return found


def _inside(data: bytes, place: int, tag: int) -> tuple[int, int]:
    if data[place] != tag:
        raise ValueError("another tag than expected")
    return _extent(data, place)


def _extent(data: bytes, place: int) -> tuple[int, int]:
    """Return where the content of the element at `place` begins and ends."""
    length, start = data[place + 1], place + 2
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4:
            raise ValueError("a length that DER does not use")
        length = int.from_bytes(data[start : start + count], "big")
        start += count
    if start + length > len(data):
        raise ValueError("cut off")
    return start, start + length
