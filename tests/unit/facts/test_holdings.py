import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.tree import Folder, Link, Nodes, Shut, guest_with

from imgkit.facts.holdings import MOST_HOLDINGS, HoldingsVisitor, describe_holdings, kind_of
from imgkit.facts.walk import walk_tree

RDB = b"REDIS0011\xfa\x09redis-ver\x057.2.4\xfa\x0aredis-bits\xc0@"


def holdings(nodes: Nodes) -> list[tuple[str, bytes, str]]:
    guest, seen = guest_with(nodes), HoldingsVisitor()
    walk_tree(guest, (seen,))
    return [(one.kind, one.path, one.version) for one in describe_holdings(guest, seen)[0]]


@pytest.mark.parametrize(
    ("nodes", "kind", "version"),
    [
        ({"/d/PG_VERSION": "15\n", "/d/base": Folder(), "/d/global": Folder()}, "PostgreSQL data", "15"),
        (
            {"/d/ibdata1": b"1", "/d/mysql": Folder(), "/d/mysql_upgrade_info": "8.0.36"},
            "MySQL or MariaDB data",
            "8.0.36",
        ),
        ({"/d/ibdata1": b"1", "/d/shop/orders.ibd": b"1"}, "MySQL or MariaDB data", ""),
        ({"/d/mysql.ibd": b"1", "/d/#innodb_redo/#ib_redo1": b"1"}, "MySQL or MariaDB data", ""),
        ({"/d/mysql/user.frm": b"1", "/d/shop/orders.MYD": b"1"}, "MySQL or MariaDB data", ""),
        ({"/d/mysql/global_priv.frm": b"1"}, "MySQL or MariaDB data", ""),
        ({"/d/aria_log_control": b"1", "/d/mysql": Folder()}, "MySQL or MariaDB data", ""),
        ({"/d/PG_VERSION": "9.6\n", "/d/pg_xlog": Link(b"/wal")}, "PostgreSQL data", "9.6"),
        ({"/d/PG_VERSION": "16\n", "/d/pg_wal": Folder()}, "PostgreSQL data", "16"),
        ({"/d/PG_VERSION": "16\n", "/d/base/1/PG_VERSION": "16\n"}, "PostgreSQL data", "16"),
        ({"/d/dump.rdb": RDB}, "Redis data", "7.2.4"),
        ({"/d/dump.rdb": b"REDIS0006xx"}, "Redis data", "RDB 6"),
        ({"/d/dump.rdb": b"VALKEY080\xfa\x0avalkey-ver\x059.0.1"}, "Redis data", "9.0.1"),
        ({"/d/appendonlydir/appendonly.aof.manifest": b"file x"}, "Redis data", ""),
        ({"/d/appendonly.aof": b"*2"}, "Redis data", ""),
        ({"/d/WiredTiger": "WiredTiger\nWiredTiger 10.0", "/d/storage.bson": b"1"}, "MongoDB data", "WiredTiger"),
        ({"/d/WiredTiger": "WiredTiger\n", "/d/WiredTiger.wt": b"1"}, "MongoDB data", "WiredTiger"),
        ({"/d/WiredTiger": "WiredTiger\n", "/d/_mdb_catalog.wt": b"1"}, "MongoDB data", "WiredTiger"),
        ({"/d/local.ns": b"1", "/d/local.0": b"1", "/d/mongod.lock": b""}, "MongoDB data", ""),
        ({"/d/member/snap/db": b"1", "/d/member/wal/0": b"1"}, "etcd data", ""),
        ({"/d/README": b"1", "/d/config": b"1", "/d/data/0/1": b"1"}, "borg repository", ""),
        ({"/d/overlay2": Folder(), "/d/containers": Folder()}, "Docker's data", ""),
        (
            {"/d/config": b"1", "/d/data": Folder(), "/d/keys": Folder(), "/d/snapshots": Folder()},
            "restic repository",
            "",
        ),
    ],
)
def test_what_lies_together_tells_what_it_is(nodes, kind, version):
    assert holdings(nodes) == [(kind, b"/d", version)]


def test_what_several_marks_tell_is_told_once_with_each_of_its_sources():
    nodes = {"/d/ibdata1": b"1", "/d/mysql/global_priv.frm": b"1", "/d/mysql_upgrade_info": "8.0.36"}
    guest, seen = guest_with({**nodes, "/d/mysql/user.frm": b"1", "/d/aria_log_control": b"1"}), HoldingsVisitor()
    walk_tree(guest, (seen,))
    found, sources = describe_holdings(guest, seen)
    assert [one.version for one in found] == ["8.0.36"]
    assert [one.path for one in sources] == [b"/d/mysql_upgrade_info"]


def test_of_many_the_first_are_given_and_none_takes_the_place_of_others():
    many = {f"/{number:03}/{name}": b"1" for number in range(MOST_HOLDINGS + 9) for name in ("ibdata1", "mysql.ibd")}
    found = holdings(many)
    assert [path for _, path, _ in found] == [f"/{number:03}".encode() for number in range(MOST_HOLDINGS)]


def test_one_name_alone_tells_nothing():
    assert holdings({"/d/PG_VERSION": "15\n", "/e/base": Folder(), "/f/global": Folder()}) == []


@pytest.mark.parametrize(
    "nodes",
    [
        {"/d/mysql": Folder(), "/d/base": Folder(), "/d/global": Folder(), "/d/pg_wal": Folder()},
        {"/d/PG_VERSION": b"", "/d/base": Folder(), "/d/ibdata1": b"", "/d/mysql.ibd": b"", "/d/dump.rdb": b""},
        {"/d/appendonlydir": Folder(), "/d/member": Folder(), "/d/WiredTiger": Folder(), "/d/appendonly.aof": b""},
        {
            "/d/PG_VERSION": "15\n",
            "/d/base": b"a file",
            "/d/ibdata1": Folder(),
            "/d/overlay2": b"1",
            "/d/containers": b"1",
        },
        {"/d/dump.rdb": b"a dump of something else", "/d/mongod.lock": b"", "/d/WiredTiger.wt": b"1"},
        {"/d/dump.rdb": Shut(), "/d/xmember/snap": Folder(), "/d/xmember/wal": Folder()},
        {"/d/notmysql/user.frm": b"1"},
    ],
    ids=[
        "folders alone",
        "empty files",
        "empty folders",
        "the other kind",
        "other content",
        "unreadable",
        "other name",
    ],
)
def test_nothing_is_claimed_of_what_only_has_a_name_in_common(nodes):
    assert holdings(nodes) == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (b"a.TAR.gz", "archive"),
        (b"a.sql.gz", "dump of a database"),
        (b"x.qcow2", "disk image"),
        (b"noending", ""),
        (b".sh", "script"),
        (b"a.", ""),
    ],
)
def test_a_name_tells_the_kind_of_file(name, kind):
    assert kind_of(name) == kind


@given(st.binary(max_size=100))
def test_any_version_file_is_borne(data):
    for name in ("dump.rdb", "mysql_upgrade_history"):
        holdings({f"/d/{name}": data, "/d/ibdata1": b"1"})
