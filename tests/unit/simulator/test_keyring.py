"""Access keys and temporary keys."""

from datetime import timedelta

from tests.unit.simulator.requests_at_rest import NOW

from imgkit.simulator.keyring import AccessKey, Keyring


def test_a_temporary_key_ends_after_its_seconds():
    keys = Keyring()
    key = keys.issue(NOW, seconds=60)
    assert keys.find(key.key_id) == key
    assert not key.has_expired(NOW + timedelta(seconds=59))
    assert key.has_expired(NOW + timedelta(seconds=60))


def test_a_temporary_key_can_be_ended_early():
    keys = Keyring()
    key = keys.issue(NOW, seconds=60)
    keys.expire(key.key_id, NOW)
    found = keys.find(key.key_id)
    assert found is not None
    assert found.has_expired(NOW)


def test_a_long_lived_key_does_not_end():
    keys = Keyring(AccessKey(key_id="ak", secret="sk"))
    keys.expire("ak", NOW)
    found = keys.find("ak")
    assert found is not None
    assert not found.has_expired(NOW + timedelta(days=9999))


def test_no_two_keys_are_alike():
    keys = Keyring()
    assert len({keys.issue(NOW).key_id for _ in range(20)}) == 20
