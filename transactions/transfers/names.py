"""Whether two ways of writing a name mean the same holder: what people type, and what a bank has."""

import re
import unicodedata

TITLES = frozenset(
    (
        "pt",
        "cv",
        "ud",
        "pd",
        "tbk",
        "bpk",
        "bp",
        "bapak",
        "ibu",
        "tn",
        "ny",
        "nn",
        "sdr",
        "sdri",
        "dr",
        "drg",
        "ir",
        "hj",
        "h",
    )
)
"""What stands before or behind names, and isn't part of them."""


def is_same(typed: str, held: str) -> bool:
    """Return whether the names agree: case, marks, titles and the order of nothing else matter.

    A bank may mask its name (SIT* RAHM****): what it shows has to agree, letter for letter.
    """
    ours, theirs = _words(typed), _words(held)
    return len(ours) == len(theirs) and all(_agrees(word, shown) for word, shown in zip(ours, theirs, strict=True))


def _words(name: str) -> list[str]:
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter))
    words = re.sub(r"[^\w*\s]", "", plain.casefold()).replace("_", " ").split()
    return [word for word in words if word not in TITLES] or words


def _agrees(word: str, shown: str) -> bool:
    if "*" not in shown:
        return word == shown
    # Stars stand for one letter each or for all that follows: banks differ.
    pattern = ".*".join(re.escape(part) for part in re.split(r"\*+", shown))
    return re.fullmatch(pattern, word) is not None
