"""Moving the bytes of one object through a bad network onto a disk that may lie: ranges, journal, retries, workers.

It knows no vendor: bytes come from an `imgkit.ports.RangeSource`.
"""
