from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.held import held
from tests.unit.facts.tree import guest_with

from imgkit.facts.package_hooks import read_package_hooks
from imgkit.model.fact import FactState


def test_hooks_of_apt_are_read_on_one_line_and_on_several():
    conf = 'DPkg::Post-Invoke { "/bin/one \\"x\\""; "/tmp/two"; };\n'
    conf += 'APT::Update::Pre-Invoke {\n  "three";\n};\nAPT::Foo "x";\n'
    fact = read_package_hooks(guest_with({"/etc/apt/apt.conf.d/9": conf, "/etc/apt/apt.conf": '// "no"\n'}))
    assert [(line.kind, line.text) for line in held(fact)] == [
        ("apt Post-Invoke", '/bin/one "x"'),
        ("apt Post-Invoke", "/tmp/two"),
        ("apt Pre-Invoke", "three"),
    ]
    assert "/tmp" in fact.remarks[0]


def test_a_hook_may_be_a_single_string():
    fact = read_package_hooks(guest_with({"/etc/apt/apt.conf": 'DPkg::Pre-Install-Pkgs:: "/bin/x";\nA "y";\n'}))
    assert [line.text for line in held(fact)] == ["/bin/x"]


def test_actions_and_plugins_of_other_managers_are_told():
    fact = read_package_hooks(
        guest_with(
            {
                "/etc/dnf/plugins/post-transaction-actions.d/a.action": "bash:any:/bin/x\n",
                "/etc/yum/pluginconf.d/fast.conf": "[main]\nenabled = 1\n",
                "/etc/yum/pluginconf.d/off.conf": "[main]\nenabled=0\n",
                "/etc/dpkg/dpkg.cfg.d/h": "post-invoke=/bin/d\nno-debsig\n",
                "/etc/apk/commit_hooks.d/k": "",
            }
        )
    )
    assert [(line.kind, line.text) for line in held(fact)] == [
        ("dpkg hook", "post-invoke=/bin/d"),
        ("dnf action", "bash:any:/bin/x"),
        ("plugin", "fast"),
        ("plugin", "k"),
    ]


def test_nothing_of_it_is_absent():
    assert read_package_hooks(guest_with({})).state is FactState.ABSENT


@given(st.text(alphabet='Post-Invoke:{}";\\\n /'))
def test_any_text_is_borne(text):
    read_package_hooks(guest_with({"/etc/apt/apt.conf": text, "/etc/dpkg/dpkg.cfg": text}))
