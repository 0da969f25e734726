import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.tree import Folder, Nodes, guest_with

from imgkit.facts.holdings import HoldingsVisitor, describe_holdings, kind_of
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
            {"/d/ibdata1": b"", "/d/mysql": Folder(), "/d/mysql_upgrade_info": "8.0.36"},
            "MySQL or MariaDB data",
            "8.0.36",
        ),
        ({"/d/dump.rdb": RDB}, "Redis data", "7.2.4"),
        ({"/d/dump.rdb": b"REDIS0006xx"}, "Redis data", "RDB 6"),
        ({"/d/WiredTiger": "WiredTiger\nWiredTiger 10.0", "/d/storage.bson": b""}, "MongoDB data", "WiredTiger"),
        ({"/d/overlay2": Folder(), "/d/containers": Folder()}, "Docker's data", ""),
        (
            {"/d/config": b"", "/d/data": Folder(), "/d/keys": Folder(), "/d/snapshots": Folder()},
            "restic repository",
            "",
        ),
    ],
)
def test_what_lies_together_tells_what_it_is(nodes, kind, version):
    assert holdings(nodes) == [(kind, b"/d", version)]


def test_one_name_alone_tells_nothing():
    assert holdings({"/d/PG_VERSION": "15\n", "/e/base": Folder(), "/f/global": Folder()}) == []


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
        holdings({f"/d/{name}": data, "/d/ibdata1": b"", "/d/mysql": Folder()})
