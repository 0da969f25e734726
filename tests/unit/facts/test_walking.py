from tests.unit.facts.tree import File, Shut, guest_with

from imgkit.facts.walking import walk_data, walk_system
from imgkit.model.fact import FactState
from imgkit.model.subjects import Subject

BOTH = {Subject.FILES, Subject.CONTENTS}


def test_one_walk_serves_both():
    found = walk_data(guest_with({"/a": File(b"12", mode=0o4755)}), BOTH)
    assert (found.contents.value.bytes_in_files, found.files.value.set_id.total) == (2, 1)


def test_what_was_not_asked_for_is_not_told_and_without_anybody_there_is_no_walk():
    assert walk_data(guest_with({b"/": Shut()}), {Subject.BOOT}) == walk_data(guest_with({}), set())
    assert walk_data(guest_with({"/a": b""}), {Subject.CONTENTS}).files is None


def test_a_tree_that_cannot_be_listed_is_undetermined_for_all():
    found = walk_data(guest_with({b"/": Shut("torn")}), BOTH)
    assert found.contents.state is found.files.state is FactState.UNDETERMINED
    assert "torn" in walk_system(guest_with({b"/": Shut("torn")})).reason
