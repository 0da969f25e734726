import pytest
import typer

from imgkit.cli.subjects import choose_subjects
from imgkit.model.subjects import EVERY_SUBJECT, Subject


def test_without_a_word_everything_is_looked_at():
    assert choose_subjects(None, None) == EVERY_SUBJECT


def test_words_may_be_joined_by_commas_or_repeated():
    assert choose_subjects(["boot, Identity"], None) == choose_subjects(["boot", "identity"], [])


def test_what_is_left_out_is_left_out_of_everything():
    assert choose_subjects(None, ["packages"]) == EVERY_SUBJECT - {Subject.PACKAGES}


@pytest.mark.parametrize(("only", "skip"), [(["storage"], None), (["boot"], ["boot"]), (None, ["nothing"])])
def test_what_makes_no_sense_is_a_usage_error(only, skip):
    with pytest.raises(typer.BadParameter):
        choose_subjects(only, skip)
