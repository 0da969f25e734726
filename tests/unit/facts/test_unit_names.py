import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgkit.facts.unit_names import drop_in_folders, is_template, is_unit, template_of


@pytest.mark.parametrize(
    ("name", "is_one"), [("a.service", True), ("a@b.timer", True), (".service", False), ("a.conf", False)]
)
def test_a_unit_is_known_by_its_ending(name, is_one):
    assert is_unit(name) is is_one


def test_an_instance_has_a_template_and_a_template_has_none():
    assert template_of("getty@tty1.service") == "getty@.service"
    assert (template_of("getty@.service"), template_of("cron.service")) == ("", "")
    assert (is_template("getty@.service"), is_template("getty@tty1.service")) == (True, False)


def test_more_special_folders_of_drop_ins_come_later():
    assert drop_in_folders("a-b-c@x.service") == (
        "service.d",
        "a-.service.d",
        "a-b-.service.d",
        "a-b-c@.service.d",
        "a-b-c@x.service.d",
    )


@given(st.text(max_size=300))
def test_any_name_is_borne(name):
    assert not (is_unit(name) and len(name) > 255)
    assert not is_template(template_of(name)) or "@" in name
    assert drop_in_folders(name)[-1] == f"{name}.d"
