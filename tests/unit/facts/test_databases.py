import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.tree import Nodes, guest_with

from imgkit.facts.databases import read_databases
from imgkit.model.fact import FactState, Setting
from imgkit.model.server_settings import Server


def one(files: Nodes) -> Server:
    found = read_databases(guest_with(files)).value
    assert found is not None
    assert len(found) == 1
    return found[0]


def test_mysql_with_what_it_includes():
    files = {
        "/etc/mysql/my.cnf": "[client]\npassword=s3cret\n!includedir /etc/mysql/conf.d/\n",
        "/etc/mysql/conf.d/a.cnf": "[mysqld]\nbind_address=0.0.0.0\nskip-grant-tables\ndatadir = /data/mysql\n",
    }
    found = one(files)
    assert (found.listens, found.folders) == (("0.0.0.0:3306",), ("/data/mysql",))
    assert found.open == ("everybody gets in without a password (skip-grant-tables)", "it listens everywhere")
    assert "s3cret" not in repr(found)


def test_mysql_that_is_closed_has_nothing_open():
    found = one({"/etc/my.cnf": "[mysqld]\nskip-networking\nskip-grant-tables=OFF\n"})
    assert (found.listens, found.open) == ((), ())


def test_postgresql_with_its_rules():
    folder = "/etc/postgresql/15/main"
    files = {
        f"{folder}/postgresql.conf": "listen_addresses = '*'  # all\nport 5433\n#ssl = on\ndata_directory='/d'\n",
        f"{folder}/pg_hba.conf": "# x\nlocal all postgres peer\nhost all all 0.0.0.0/0 trust\n"
        "host a b 10.0.0.0 255.0.0.0 trust\n",
    }
    found = one(files)
    assert (found.listens, found.folders, found.path) == (("*:5433",), ("/d",), folder.encode())
    assert found.open == (
        "nobody is asked for a password by: host all all 0.0.0.0/0 trust",
        "nobody is asked for a password by: host a b 10.0.0.0 255.0.0.0 trust",
        "it listens everywhere",
    )


def test_redis_without_and_with_a_password():
    naked = one({"/etc/redis.conf": "bind 0.0.0.0\nprotected-mode no\ndir /var/lib/redis\n"})
    assert naked.open == (
        "nobody is asked for a password (no requirepass)",
        "its protected mode is off",
        "it listens everywhere",
    )
    secured = one({"/etc/redis.conf": "bind 127.0.0.1\nrequirepass s3cret\n"})
    assert (secured.open, secured.listens) == ((), ("127.0.0.1:6379",))
    assert "s3cret" not in repr(secured)


def test_mongodb_of_both_forms():
    new = one(
        {"/etc/mongod.conf": "net: {bindIpAll: true}\nstorage: {dbPath: /m}\nsecurity: {authorization: enabled}\n"}
    )
    assert (new.listens, new.folders, new.open) == (("0.0.0.0:27017",), ("/m",), ("it listens everywhere",))
    old = one({"/etc/mongodb.conf": "bind_ip = 127.0.0.1\ndbpath=/old\nport=1\n"})
    assert (old.listens, old.folders) == (("127.0.0.1:1",), ("/old",))
    assert old.open == ("nobody is asked for a password (no authorization)",)


def test_none_is_absent_and_what_is_open_stands_out():
    assert read_databases(guest_with({})).state is FactState.ABSENT
    fact = read_databases(guest_with({"/etc/redis.conf": ""}))
    assert fact.remarks == ("redis (/etc/redis.conf): nobody is asked for a password (no requirepass)",)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/my.cnf",
        "/var/lib/pgsql/data/postgresql.conf",
        "/var/lib/pgsql/data/pg_hba.conf",
        "/etc/redis.conf",
        "/etc/mongod.conf",
    ],
)
@given(st.text(alphabet="[mysqld]bind=!include trust host: {}#'\n\t", max_size=100))
def test_any_text_is_borne(path, text):
    read_databases(guest_with({path: text}))


def test_the_new_name_of_a_redis_command_is_a_secret():
    server = one({"/etc/redis.conf": "requirepass x\nrename-command CONFIG hunter2\n"})
    assert Setting(name="rename-command", value="CONFIG ***") in server.settings
    off = one({"/etc/redis.conf": 'requirepass x\nrename-command CONFIG ""\n'})
    assert Setting(name="rename-command", value='CONFIG ""') in off.settings
