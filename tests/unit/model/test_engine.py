from imgkit.model.engine import Engine


def test_the_words_are_those_of_the_option():
    assert [engine.value for engine in Engine] == ["auto", "native", "guestfs", "both"]
