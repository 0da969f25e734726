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
        f"https://robot:a@{SECRET}@example.com/x",
        f"https://{SECRET}@example.com/x",
        f"//robot:{SECRET}@there/share",
        f"curlftpfs#robot:{SECRET}@there",
        f"https://h/x?Signature={SECRET}%2Fc&ok=1",
        f"https://h/x?ok=1&key={SECRET}",
        f"tcp://h:6379?auth={SECRET}",
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
        "ServerTokens=Prod",
        "tool --password ${PASSWORD}",
        "PWD=/root",
        "ssh://git@example.com/x",
        "http://mirrors.aliyun.com/debian/",
        "http://h:8080/x?keyword=tea&page=2",
        "https://$USER@h/x",
        "cdrom:[Debian 12]/",
        "mail a@b.example",
        "access_key_id=LTAI4Example",
        "PasswordAuthentication no",
        "ExecStart=/usr/bin/dbus-daemon --system --address=systemd:",
    ],
)
def test_what_is_no_secret_stays_as_it_is(line):
    assert redact(line) == line


def test_what_stands_around_a_secret_stays():
    assert redact(f"a://u:{SECRET}@h b://v:{SECRET}@i") == f"a://u:{MASK}@h b://v:{MASK}@i"
    assert redact(f"https://h/x?sig={SECRET}&ok=1") == f"https://h/x?sig={MASK}&ok=1"
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
    "https://",
    "?key=",
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


@given(st.text(alphabet="ab:/@?&= ", max_size=200))
def test_masking_an_address_twice_changes_nothing_more(text):
    once = redact(text)
    assert redact(once) == once


@pytest.mark.parametrize("piece", ["@", "://", "https://a", "//a:", "://a:b@", "?key=", "://?key", "&a"])
def test_long_hostile_text_takes_no_long_time(piece):
    """Seconds would be minutes where the time grew with the square of the length."""
    redact("a://" + piece * (100_000 // len(piece)))


@pytest.mark.parametrize("before", ["", "a;", "a & ", "a,", "'a' ", '"'])
def test_the_value_of_a_setting_that_is_a_secret_goes_whole(before):
    assert redact_value("requirepass", before + SECRET) == MASK


def test_the_value_of_any_other_setting_stays():
    assert redact_value("bind", "0.0.0.0; ::") == "0.0.0.0; ::"
    assert redact_value("password", "${PASSWORD}") == "${PASSWORD}"
    assert redact_value("password", "") == ""
    assert redact_value("url", f"https://eve:{SECRET}@there/") == f"https://eve:{MASK}@there/"
