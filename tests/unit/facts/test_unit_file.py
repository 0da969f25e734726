from hypothesis import given
from hypothesis import strategies as st

from imgkit.facts.unit_file import UnitText, parse_unit


def test_settings_belong_to_their_section():
    data = b"# comment\n[Unit]\nDescription = A b\n; other\n[Service]\nExecStart=/bin/x --a=b\nodd\n"
    assert list(parse_unit(data)) == [("Unit", "Description", "A b"), ("Service", "ExecStart", "/bin/x --a=b")]


def test_a_line_goes_on_past_comments():
    data = b"[Service]\nExecStart=/bin/x \\\n# not this\n  --a \\\n  --b\nUser=eve\n"
    assert list(parse_unit(data)) == [("Service", "ExecStart", "/bin/x  --a  --b"), ("Service", "User", "eve")]


def test_a_line_that_goes_on_into_nothing_counts():
    assert list(parse_unit(b"[A]\nx=1 \\")) == [("A", "x", "1")]


def test_an_empty_value_forgets_what_was_there():
    text = UnitText()
    text.add(b"[Service]\nExecStart=/a\nExecStart=/b\n")
    text.add(b"[Service]\nExecStart=\nExecStart=/c\n[Install]\nWantedBy=x.target y.target\n")
    assert text.all("Service", "ExecStart") == ["/c"]
    assert (text.last("Service", "User"), text.words("Install", "WantedBy")) == ("", ["x.target", "y.target"])


@given(st.binary() | st.text(alphabet="[]=\\\n#a ").map(str.encode))
def test_any_bytes_are_borne(data):
    UnitText().add(data)
