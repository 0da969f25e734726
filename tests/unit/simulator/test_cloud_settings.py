"""Settings that contradict themselves."""

import pytest

from imgkit.simulator.cloud_settings import CloudSettings


@pytest.mark.parametrize(
    "words",
    [
        {"naming": "camel"},
        {"dry_run": ""},
        {"gzip_level": 10},
        {"region_id": "mars"},
        {"bucket": "A"},
        {"archive": "x"},
    ],
)
def test_are_refused(words):
    with pytest.raises(ValueError, match=next(iter(words)) if "bucket" not in words else "bucket name"):
        CloudSettings(**words)
