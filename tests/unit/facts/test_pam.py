from hypothesis import given
from hypothesis import strategies as st
from tests.unit.facts.held import held
from tests.unit.facts.tree import guest_with

from imgkit.facts import pam
from imgkit.facts.pam import read_pam
from imgkit.model.fact import FactState

MODULES = {f"/usr/lib/x86_64-linux-gnu/security/{name}.so": "" for name in ("pam_unix", "pam_permit", "pam_exec")}


def test_lines_are_read_with_controls_and_arguments():
    stack = (
        "#%PAM-1.0\nauth [success=1 default=ignore] pam_unix.so nullok # why\n@include common-auth\n"
        "-session optional pam_gone.so\naccount \\\n  required pam_unix.so\npassword substack system-auth\n"
    )
    fact = read_pam(guest_with({"/etc/pam.d/sshd": stack, **MODULES}))
    assert [(line.line, line.type, line.control, line.module, line.arguments) for line in held(fact)] == [
        (2, "auth", "[success=1 default=ignore]", "pam_unix.so", "nullok"),
        (3, "", "include", "common-auth", ""),
        (4, "-session", "optional", "pam_gone.so", ""),
        (5, "account", "required", "pam_unix.so", ""),
        (7, "password", "substack", "system-auth", ""),
    ]
    assert (fact.remarks, fact.partial) == ((), False)
    assert {line.service for line in held(fact)} == {"sshd"}


def test_the_one_file_of_old_names_the_service_first():
    line = held(read_pam(guest_with({"/etc/pam.conf": "sshd auth required pam_unix.so\n"})))[0]
    assert (line.service, line.type) == ("sshd", "auth")


def test_what_stands_out_is_named():
    stack = (
        "auth sufficient pam_permit.so\nauth optional pam_exec.so /tmp/x\n"
        "auth required /opt/evil.so\nauth required pam_missing.so\nauth required /usr/lib64/security/pam_unix.so\n"
    )
    assert read_pam(guest_with({"/etc/pam.d/sshd": stack, **MODULES})).remarks == (
        "/etc/pam.d/sshd line 1: lets in without asking (auth sufficient pam_permit.so)",
        "/etc/pam.d/sshd line 2: pam_exec.so runs a program at log-in (/tmp/x)",
        "/etc/pam.d/sshd line 3: the module /opt/evil.so comes from an unusual folder",
        "/etc/pam.d/sshd line 4: the module pam_missing.so is in none of PAM's folders",
    )


def test_a_module_that_no_package_has_is_named():
    lists = {"/var/lib/dpkg/info/libpam.list": "/lib/x86_64-linux-gnu/security/pam_unix.so\n"}
    other = {"/var/lib/dpkg/info/zz.list": "/lib/x86_64-linux-gnu/security/pam_exec.so\n"}
    fact = read_pam(guest_with({"/etc/pam.d/x": "auth required pam_unix.so\n", **MODULES, **lists, **other}))
    assert fact.remarks == ("the PAM module /usr/lib/x86_64-linux-gnu/security/pam_permit.so belongs to no package",)
    assert [source.path for source in fact.sources] == [b"/etc/pam.d/x"]


def test_a_line_that_is_none_is_named():
    fact = read_pam(guest_with({"/etc/pam.d/x": "hello\nauth required\nother required x.so\n"}))
    assert [note.partition(":")[0] for note in fact.notes] == [f"/etc/pam.d/x line {number}" for number in (1, 2, 3)]


def test_nothing_of_it_is_absent():
    assert read_pam(guest_with({})).state is FactState.ABSENT


def test_lines_without_end_are_cut_and_that_is_said(monkeypatch):
    monkeypatch.setattr(pam, "MOST_LINES", 1)
    fact = read_pam(guest_with({"/etc/pam.d/x": "auth required a.so\nauth required b.so\n"}))
    assert (len(held(fact)), fact.partial) == (1, True)


@given(st.text(alphabet="auth required[]@\\\n #x.so"))
def test_any_text_is_borne(text):
    read_pam(guest_with({"/etc/pam.d/x": text, "/etc/pam.conf": text}))
