"""What FlipDash itself notes where people write in their own words: kept as a code, read in each reader's language.

    APPROVER_GONE = notes.declare("note:approver-gone", _("Whoever approved it may no longer approve"))

A worker has no reader: what it wrote out would be in English for everybody, for good.
"""

from flipdash.words import Words

_words: dict[str, Words] = {}


def declare(code: str, words: Words) -> str:
    """Make a note known, and return its code. Raises ValueError for one that another place has declared."""
    if code in _words:
        raise ValueError(f"declared twice: {code}")
    _words[code] = words
    return code


def is_ours(note: str) -> bool:
    """Return whether FlipDash noted this, and nobody wrote it."""
    return note in _words


def words_of(note: str) -> Words:
    """Return a note as people read it: what somebody wrote, as it is."""
    return _words.get(note, note)
