from dataclasses import replace

from tests.unit.render.sample_ssh import ssh

from imgkit.model.fact import Fact
from imgkit.render.tables_ssh import ssh_tables, ssh_words


def test_every_list_is_told():
    tables = {title: rows for title, _, rows in ssh_tables(ssh(), "")}
    first, second = tables["AUTHORIZED KEYS: 2"]
    assert (first[0], first[1], first[4]) == ("root", "ssh-rsa 3072", 'command="/bin/x",no-pty')
    assert (second[0], second[5]) == ("(no account)", "/root/.ssh/authorized_keys:1 (not read)")
    assert tables["PRIVATE KEYS: 1"][0][3] == "NO"
    assert tables["SSH SERVER: 2"][0] == ("/etc/ssh/sshd_config:1", "PermitRootLogin", "yes", "", "holds")
    assert len(tables) == 7


def test_the_summary_tells_keys_and_settings_that_hold():
    assert ssh_words(ssh()) == "2 keys for root; PermitRootLogin yes"


def test_nobody_knowing_is_not_none():
    unknown = replace(ssh(), authorized_keys=Fact.undetermined("torn"), server=Fact.absent("there is no sshd_config"))
    assert ssh_words(unknown) == "keys: could not be determined (torn)"
