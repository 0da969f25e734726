"""Words of configuration lines: blanks and quotes as sshd and systemd have them."""

_ESCAPED = frozenset("\"'\\ ")


def split_words(line: str, *, comments: bool = False) -> list[str]:
    r"""Split at blanks outside of quotes; quotes go, and a backslash keeps a quote, a blank or a backslash.

    A quote that never closes reaches to the end. With `comments` a word that begins with `#` ends the line.
    """
    words: list[str] = []
    word: list[str] = []
    begun, quote = False, ""
    letters = iter(range(len(line)))
    for at in letters:
        letter = line[at]
        if letter == "\\" and line[at + 1 : at + 2] in _ESCAPED:
            word.append(line[next(letters)])
            begun = True
        elif letter == quote:
            quote = ""
        elif quote:
            word.append(letter)
        elif letter in "\"'":
            begun, quote = True, letter
        elif letter in " \t":
            words += ["".join(word)] if begun else []
            word, begun = [], False
        elif comments and letter == "#" and not begun:
            break
        else:
            word.append(letter)
            begun = True
    return [*words, "".join(word)] if begun else words
