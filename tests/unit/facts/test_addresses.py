import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgkit.facts.addresses import hide_credentials


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://mirrors.aliyun.com/debian/", "http://mirrors.aliyun.com/debian/"),
        ("https://bob:s3cret@host/x", "https://[redacted]@host/x"),
        ("https://bob:p@ss@host/x", "https://[redacted]@host/x"),
        ("https://token@host", "https://[redacted]@host"),
        ("cdrom:[Debian 12]/", "cdrom:[Debian 12]/"),
        ("https://h/x?Signature=ab%2Fc&ok=1", "https://h/x?Signature=[redacted]&ok=1"),
        ("https://h/x?access_token=ab#f", "https://h/x?access_token=[redacted]#f"),
        ("mail a@b.example", "mail a@b.example"),
        ("a://u:p@h b://v:q@i", "a://[redacted]@h b://[redacted]@i"),
    ],
)
def test_only_what_is_secret_is_left_out(text, shown):
    assert hide_credentials(text) == shown


@given(st.text(alphabet="ab:/@?&= ", max_size=200))
def test_nothing_but_secrets_changes_and_doing_it_twice_changes_nothing(text):
    once = hide_credentials(text)
    assert hide_credentials(once) == once


def test_long_hostile_text_takes_no_long_time():
    hide_credentials("a://" + "@" * 200_000)
    hide_credentials("a" * 200_000 + "?" * 200_000)
