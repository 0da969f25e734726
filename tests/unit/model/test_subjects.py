from imgkit.model.subjects import EVERY_SUBJECT, SUBJECT_WORDS, Subject


def test_a_subject_is_found_by_its_name_and_says_what_it_is():
    assert Subject("accounts") is Subject.ACCOUNTS
    assert set(SUBJECT_WORDS) == EVERY_SUBJECT
