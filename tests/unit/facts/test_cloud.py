from tests.unit.facts.tree import guest_with

from imgkit.facts.cloud import describe_cloud, read_time_servers, read_traces
from imgkit.model.fact import FactState, facts_within


def test_time_servers_of_every_program_are_listed():
    files = {
        "/etc/chrony.conf": "# x\nserver ntp.cloud.aliyuncs.com minpoll 4 iburst\npool p.example\nserver\n",
        "/etc/chrony/sources.d/a.sources": "peer q.example\n",
        "/etc/ntp.conf": "server 10.0.0.1\n",
        "/etc/systemd/timesyncd.conf": "[Time]\nNTP=a.example b.example\n",
    }
    found = read_time_servers(guest_with(files)).value
    assert [one.server for one in found] == [
        "ntp.cloud.aliyuncs.com", "p.example", "10.0.0.1", "q.example", "a.example", "b.example",
    ]  # fmt: skip


def test_traces_of_an_instance_are_found():
    files = {
        "/etc/passwd": "root:x:0:0::/:/bin/sh\necs-user:x:1000:1000::/home/ecs-user:/bin/bash\n",
        "/etc/motd": "\nWelcome to Alibaba Cloud Elastic Compute Service !\n",
        "/etc/resolv.conf": "nameserver 100.100.2.136\nnameserver 100.100.2.138\n",
        "/etc/yum.repos.d/a.repo": "[a]\nbaseurl=http://mirrors.cloud.aliyuncs.com/x\n",
        "/etc/chrony.conf": "server ntp.cloud.aliyuncs.com\n",
    }
    assert [one.what for one in read_traces(guest_with(files)).value] == [
        "the user ecs-user",
        "a word of welcome",
        "a name server of Alibaba Cloud",
        "a repository of Alibaba's",
        "a time server of Alibaba's",
    ]


def test_nothing_there_is_absent():
    assert {fact.state for _, fact in facts_within(describe_cloud(guest_with({})))} == {FactState.ABSENT}
    assert read_traces(guest_with({"/etc/passwd": "root:x:0:0::/:/bin/sh\n"})).value == ()
