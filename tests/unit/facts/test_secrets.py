import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgkit.facts.secrets import MASK, redact, redact_value

SECRET = "hunter2-S3cret"


@pytest.mark.parametrize(
    "line",
    [
        f"MYSQL_PWD={SECRET} mysqldump shop",
        f"mysqldump -uroot -p{SECRET} shop > /backup/shop.sql",
        f"PGPASSWORD='{SECRET}' psql",
        f'Environment="DB_PASSWORD={SECRET}" LANG=C',
        f"curl -u robot:{SECRET} https://example.com",
        f"curl -H 'Authorization: Bearer {SECRET}' https://example.com",
        f"echo root:{SECRET} | chpasswd",
        f"echo {SECRET} | sudo passwd --stdin root",
        f"git clone https://robot:{SECRET}@example.com/x",
        f"backup --password {SECRET} /srv",
        f"backup --db-password={SECRET} /srv",
        f"sshpass -p {SECRET} ssh there",
        f"PW={SECRET}",
        f"rw,pass={SECRET},vers=3",
        f"redis-cli -h there -a {SECRET} ping",
        f"openssl enc -aes256 -pass pass:{SECRET}",
        f"ldapsearch -x -D cn=a -w {SECRET}",
        f"smbclient //there/x -U robot%{SECRET}",
        f'{{"password": "{SECRET}"}}',
        f"accessKeySecret: {SECRET}",
        f"export AWS_SECRET_ACCESS_KEY={SECRET}",
        f"-----BEGIN OPENSSH PRIVATE KEY-----\n{SECRET}\n-----END OPENSSH PRIVATE KEY-----",
        f"useradd -p '$6$salt${SECRET.replace('-', '.')}/aaaaaaaaaa' eve",
        f'password="a\\"{SECRET}"',
        f'password="{SECRET} that never closes',
    ],
)
def test_the_secret_goes_and_the_mask_stays(line):
    shown = redact(line)
    assert SECRET not in shown
    assert "S3cret" not in shown
    assert MASK in shown


@pytest.mark.parametrize(
    "line",
    [
        "*/5 * * * * root /usr/local/bin/backup --target /srv",
        "PASSWORD_FILE=/run/secrets/db",
        "Defaults passwd_tries=3, passwd_timeout=0",
        "password requisite pam_pwquality.so retry=3 authtok_type=",
        "mysql -p shop",
        "tool --token $TOKEN",
        "tool --password ${PASSWORD}",
        "PWD=/root",
        "ssh://git@example.com/x",
        "access_key_id=LTAI4Example",
        "PasswordAuthentication no",
        "ExecStart=/usr/bin/dbus-daemon --system --address=systemd:",
    ],
)
def test_what_is_no_secret_stays_as_it_is(line):
    assert redact(line) == line


def test_what_stands_around_a_secret_stays():
    assert redact(f"mysqldump -uroot -p{SECRET} shop > /x") == f"mysqldump -uroot -p{MASK} shop > /x"


PIECES = [
    "password",
    "=",
    '"',
    "'",
    "\\",
    "\n",
    " ",
    "://",
    "@",
    ":",
    "-p",
    "mysql ",
    "$6$",
    "--token ",
    "x",
    "| chpasswd",
]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=200))
def test_any_text_can_be_masked(text):
    assert isinstance(redact(text), str)


@pytest.mark.parametrize("before", ["", "a;", "a & ", "a,", "'a' ", '"'])
def test_the_value_of_a_setting_that_is_a_secret_goes_whole(before):
    assert redact_value("requirepass", before + SECRET) == MASK


def test_the_value_of_any_other_setting_stays():
    assert redact_value("bind", "0.0.0.0; ::") == "0.0.0.0; ::"
    assert redact_value("password", "${PASSWORD}") == "${PASSWORD}"
    assert redact_value("password", "") == ""
    assert redact_value("url", f"https://eve:{SECRET}@there/") == f"https://eve:{MASK}@there/"
