"""OSS through the real oss2 against the loopback cloud: ranges, listings, faults, archives."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastcrc import crc64
from tests.integration.loopback_oss import DATA, KEY, Reach, loopback_cloud, reaching, read

from imgkit.aliyun.network import NetworkSettings
from imgkit.aliyun.oss import OssStore
from imgkit.aliyun.oss_error_table import OSS_CODES
from imgkit.errors import (
    CloudError,
    ImgkitError,
    NoSuchBucketOrObject,
    ObjectChanged,
)
from imgkit.ports import RangeFailed
from imgkit.simulator.buckets import CloudBucket
from imgkit.simulator.faults import Fault, FaultKind
from imgkit.simulator.simulator import Simulator


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    with loopback_cloud(tmp_path) as running:
        yield running


@pytest.fixture
def reach(simulator: Simulator) -> Iterator[Reach]:
    with reaching(simulator) as opened:
        yield opened


@pytest.fixture
def store(reach: Reach) -> OssStore:
    return reach()


def test_an_object_is_described_whole(store):
    info = store.describe(KEY)

    assert (info.size, info.crc64, info.url) == (len(DATA), crc64.xz(DATA), f"oss://evidence/{KEY}")
    assert info.etag
    assert '"' not in info.etag
    assert info.last_modified is not None
    assert info.server_date is not None
    assert abs(info.server_date - datetime.now(UTC)) < timedelta(minutes=1)
    assert info.request_id


@pytest.mark.parametrize("key", ["folder/a b+c&d=e%2F.raw", "磁盘/系统.raw", "a'b(c)*!~.raw"])
def test_signatures_hold_for_strange_keys(simulator, store, key):
    simulator.put_object(key, b"strange")
    info = store.describe(key)

    assert read(store.source(key), 0, 7, info.etag) == b"strange"
    assert [one.key for one in store.list_objects(key[:3])] == [key]


def test_all_ranges_together_are_the_object(store):
    source = store.source(KEY)
    etag = source.describe().etag
    starts = range(0, len(DATA), 100_000)
    with ThreadPoolExecutor(8) as threads:
        parts = threads.map(lambda start: read(source, start, min(100_000, len(DATA) - start), etag), starts)

        assert b"".join(parts) == DATA


def test_one_connection_serves_many_ranges(simulator, store):
    source = store.source(KEY)
    etag = source.describe().etag
    for start in range(10):
        read(source, start, 1000, etag)

    adapter = store._client.session.session.get_adapter(simulator.url)
    pools = [adapter.poolmanager.pools[key] for key in list(adapter.poolmanager.pools.keys())]
    assert [pool.num_connections for pool in pools] == [1]


def test_a_listing_of_several_pages(simulator, store):
    for number in range(1005):
        simulator.put_object(f"many/{number:05}", b"")

    keys = [one.key for one in store.list_objects("many/")]
    assert keys == [f"many/{number:05}" for number in range(1005)]


def test_a_bucket_is_described(simulator, reach):
    simulator.put_bucket(CloudBucket(name="locked", encryption="KMS", versioning="Enabled", storage_class="IA"))
    info = reach("locked").bucket_info()

    assert (info.name, info.region_id, info.encryption) == ("locked", "cn-hangzhou", "KMS")
    assert (info.versioning, info.storage_class) == ("Enabled", "IA")


def test_what_is_not_there(store, reach):
    with pytest.raises(NoSuchBucketOrObject, match="NoSuchKey"):
        store.describe("nothere")
    with pytest.raises(NoSuchBucketOrObject, match="NoSuchKey"):
        read(store.source("nothere"), 0, 1, "E")
    with pytest.raises(NoSuchBucketOrObject, match="NoSuchBucket"):
        reach("nothere").bucket_info()


@pytest.mark.parametrize(("fault", "reason"), [(FaultKind.WHOLE, "200"), (FaultKind.HTML, "error of its own|fewer")])
def test_answers_that_are_not_the_range_may_be_asked_again(simulator, store, fault, reason):
    etag = store.describe(KEY).etag
    simulator.add_faults(Fault(fault, action="GetObject"))

    with pytest.raises(RangeFailed, match=reason):
        read(store.source(KEY), 1000, 1000, etag)
    assert read(store.source(KEY), 1000, 1000, etag) == DATA[1000:2000]


@pytest.mark.parametrize("after", [0, 1, 70_000, 199_999])
def test_what_arrived_before_a_cut_is_given(simulator, store, after):
    source = store.source(KEY)
    etag = source.describe().etag
    simulator.add_faults(Fault(FaultKind.CUT, action="GetObject", after_bytes=after))
    got = bytearray()

    with pytest.raises(RangeFailed):
        read(source, 0, 200_000, etag, into=got, piece_bytes=1024 * 1024)

    assert bytes(got) == DATA[:after]


def test_a_stalled_connection_is_given_up_in_time(simulator, reach):
    source = reach(network=NetworkSettings(read_timeout_seconds=0.3)).source(KEY)
    etag = source.describe().etag
    simulator.add_faults(Fault(FaultKind.STALL, action="GetObject", after_bytes=5000, seconds=30.0))

    with pytest.raises(RangeFailed, match="in time"):
        read(source, 0, 100_000, etag)


@pytest.mark.parametrize("kind", [FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER])
def test_a_dropped_connection_may_be_asked_again(simulator, store, kind):
    etag = store.describe(KEY).etag
    simulator.add_faults(Fault(kind, action="GetObject"))

    with pytest.raises(RangeFailed):
        read(store.source(KEY), 0, 10, etag)
    assert read(store.source(KEY), 0, 10, etag) == DATA[:10]


def test_a_replaced_object_is_noticed(simulator, store):
    etag = store.describe(KEY).etag
    simulator.add_faults(Fault(FaultKind.REPLACE, action="GetObject"))

    with pytest.raises(ObjectChanged):
        read(store.source(KEY), 0, 10, etag)


def test_a_range_beyond_the_end_is_never_answered_with_the_whole_object(store):
    info = store.describe(KEY)

    with pytest.raises(RangeFailed, match="another range"):
        read(store.source(KEY), info.size - 5, 10, info.etag)
    with pytest.raises(ObjectChanged, match="shorter"):
        read(store.source(KEY), info.size, 10, info.etag)


@pytest.mark.parametrize(("kind", "crc"), [(FaultKind.CRC_MISSING, None), (FaultKind.CRC_WRONG, 1)])
def test_a_crc_is_told_as_it_came(simulator, store, kind, crc):
    simulator.add_faults(Fault(kind, times=None))
    told = store.describe(KEY).crc64

    assert told is None if crc is None else told not in (None, crc64.xz(DATA))


@pytest.mark.parametrize("code", sorted(OSS_CODES))
def test_every_code_of_the_table_reaches_its_error(simulator, store, code):
    meaning = OSS_CODES[code]
    etag = store.describe(KEY).etag
    simulator.add_faults(Fault(FaultKind.ERROR, action="GetObject", code=code, status=0))

    with pytest.raises((ImgkitError, RangeFailed)) as caught:
        read(store.source(KEY), 0, 10, etag)

    if meaning.again:
        assert type(caught.value) is RangeFailed
    else:
        assert type(caught.value) is meaning.kind
        assert code in str(caught.value)


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchKey", "InvalidAccessKeyId"])
def test_the_code_of_a_head_comes_through_its_header(simulator, store, code):
    simulator.add_faults(Fault(FaultKind.ERROR, action="HeadObject", code=code))

    with pytest.raises(OSS_CODES[code].kind, match=code):
        store.describe(KEY)


@pytest.mark.parametrize("code", ["ServiceUnavailable", "InternalError"])
def test_the_store_outlasts_trouble(simulator, store, code):
    simulator.add_faults(Fault(FaultKind.ERROR, code=code, times=2))
    assert store.describe(KEY).size == len(DATA)
    simulator.add_faults(Fault(FaultKind.ERROR, code=code, times=2))
    assert len(list(store.list_objects(""))) == 1
    simulator.add_faults(Fault(FaultKind.DROP_AFTER, times=2))
    assert store.bucket_info().name == "evidence"


def test_a_frozen_object_is_restored_and_read(simulator, store):
    simulator.put_object("frozen", b"ice", storage_class="Archive")
    simulator.change_settings(restore_seconds=3600.0)
    source = store.source("frozen")
    info = source.describe()
    assert (info.storage_class, info.frozen, info.restore) == ("Archive", True, "")
    with pytest.raises(CloudError, match="restored first"):
        read(source, 0, 3, info.etag)

    store.restore("frozen", days=1)
    store.restore("frozen", days=1)  # it runs already
    assert store.describe("frozen").restore == 'ongoing-request="true"'

    simulator.put_object("frozen", b"ice", storage_class="Archive")
    simulator.change_settings(restore_seconds=0.0)
    store.restore("frozen", days=1)
    info = store.describe("frozen")
    assert not info.frozen
    assert read(source, 0, 3, info.etag) == b"ice"


def test_only_archived_objects_can_be_restored(store):
    with pytest.raises(CloudError, match="OperationNotSupported"):
        store.restore(KEY, days=1)


def test_exactly_the_key_is_deleted(simulator, store):
    simulator.put_object(KEY + ".other", b"")
    store.delete(KEY)
    store.delete(KEY)  # again, as after a lost answer

    assert simulator.object_keys() == (KEY + ".other",)
