from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.tree import Folder, Link, Shut, guest_with

from imgkit.facts.agents import read_agents
from imgkit.model.cloud import AgentKind
from imgkit.model.fact import FactState


def test_agents_are_told_by_their_folders_with_their_versions():
    files = {
        "/usr/local/share/aliyun-assist/2.2.3.857/aliyun-service": b"",
        "/usr/local/share/aliyun-assist/VERSION": "2.2.3.857\n",
        "/etc/systemd/system/aliyun.service": "",
        "/etc/systemd/system/multi-user.target.wants/aliyun.service": Link(b"../aliyun.service"),
        "/usr/local/aegis/aegis_client/aegis_client_12_85": Folder(),
        "/usr/local/aegis/aegis_update/AliYunDunUpdate": b"",
        "/usr/local/cloudmonitor/bin/argusagent": b"",
        "/usr/lib/systemd/system/cloudmonitor.service": "",
    }
    found = {one.kind: one for one in read_agents(guest_with(files)).value}
    assert set(found) == {AgentKind.ASSISTANT, AgentKind.MONITOR, AgentKind.SECURITY}
    assert (found[AgentKind.ASSISTANT].versions, found[AgentKind.ASSISTANT].enabled) == (("2.2.3.857",), True)
    assert (found[AgentKind.SECURITY].versions, found[AgentKind.SECURITY].enabled) == (("12.85",), None)
    assert (found[AgentKind.MONITOR].versions, found[AgentKind.MONITOR].enabled) == ((), False)


def test_none_is_absent_and_a_place_that_cannot_be_looked_at_is_not():
    assert read_agents(guest_with({})).state is FactState.ABSENT
    assert read_agents(guest_with({"/usr/local/aegis": Shut("torn")})).state is FactState.UNDETERMINED


@given(st.binary(max_size=40))
def test_any_version_file_is_borne(data):
    read_agents(guest_with({"/usr/local/share/aliyun-assist/VERSION": data}))
