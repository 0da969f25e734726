from imgkit.model.report import Diagnostic, DiagnosticLevel
from imgkit.render.standing_out import short_subject, standing_out


def remark(subject: str, message: str) -> Diagnostic:
    return Diagnostic(subject=subject, level=DiagnosticLevel.REMARK, message=message)


REMARKS = (
    remark("systems/system:1/logs/logs", "/var/log/wtmp is empty"),
    remark("systems/system:1/logs/logs", "/var/log/lastlog is empty"),
    remark("data_disks/xvdb:1/files", "1 hidden program: /.x"),
    remark("systems/system:1/persistence/loader", "/etc/ld.so.preload loads /x"),
)


def test_what_starts_by_itself_comes_first_and_no_fact_drowns_another():
    assert standing_out(REMARKS, lone_root="system:1") == [
        "persistence/loader: /etc/ld.so.preload loads /x",
        "data_disks/xvdb:1/files: 1 hidden program: /.x",
        "logs/logs: (2) /var/log/wtmp is empty",
    ]


def test_of_several_systems_each_is_named():
    assert standing_out(REMARKS)[-1] == "system:1/logs/logs: (2) /var/log/wtmp is empty"


def test_only_the_systems_own_subjects_are_shortened():
    assert short_subject("storage/system", lone_root="system") == "storage/system"
    assert short_subject("systems/system/mounts/fstab", lone_root="system") == "mounts/fstab"
