"""A line of text: what it may hold, and in which form it is kept (trust.md V3).

What a person types into a form is held to `clean_line`: they see the answer and can type it again. Where nobody can,
because it was pasted, printed by a bank or written by another system long ago, the lenient pieces below are used.
"""

import re
import unicodedata
from itertools import pairwise

from django.utils.translation import gettext as _

MOST_BYTES = 2_000
"""Of a line in UTF-8, whatever it counts in characters: an index of the database takes 2,700."""

JOINERS = "\u200c\u200d"
"""Without width, but part of words in some scripts, and of emoji: unseen only where they join nothing."""
TURNS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
BLANKS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
"""Letters and signs that leave nothing, or a blank, on the screen."""
UNSEEN = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
JOINED = {"Lo", "Mc", "Me", "Mn", "Sk", "So"}
"""Categories of what a joiner may follow: letters without case, marks on letters, emoji."""


class NotALine(ValueError):
    """A text that can't be kept as one line; the message says why, in words for people."""


def clean_line(written: str) -> str:
    """Return what was typed in one normal form with single spaces; raises NotALine for what nobody could see in it,
    and for more than MOST_BYTES."""
    if len(written) > MOST_BYTES:
        raise NotALine(_("This is too long."))
    line = " ".join(unicodedata.normalize("NFC", written).split())
    if character := unseen(line):
        raise NotALine(_("This holds a character that can’t be seen: %s. Type it again.") % kind_of(character))
    if len(line.encode()) > MOST_BYTES:
        raise NotALine(_("This is too long."))
    return line


LINK = re.compile(r"://|\bwww\.|\bhttps?\b", re.IGNORECASE)


def clean_name(written: str) -> str:
    """Return the name of a person or business as it is kept; raises NotALine, for a link too.

    Names stand in mails to strangers: whoever could name themselves by a link could have us send it to anybody.
    """
    line = clean_line(written)
    if LINK.search(line):
        raise NotALine(_("A name can’t hold a link."))
    return line


def unseen(text: str, *, allowed: str = "") -> str:
    """Return the first character that nobody sees and that isn't allowed, or ""."""
    if text.isascii() and text.isprintable():
        return ""
    for before, character in pairwise(f" {text}"):
        if character in allowed or not is_unseen(character):
            continue
        if not (character in JOINERS and unicodedata.category(before) in JOINED):
            return character
    return ""


def is_unseen(character: str) -> bool:
    """Return whether nobody sees a character, joiners included."""
    return unicodedata.category(character) in UNSEEN or character in BLANKS


def without_marks(text: str) -> str:
    """Return a text in one normal form without marks of format, which come along when something is copied from a chat
    or a spreadsheet; for what nobody can type again."""
    if text.isascii():
        return text
    pasted = unicodedata.normalize("NFC", text)
    return "".join(letter for letter in pasted if unicodedata.category(letter) != "Cf" or letter in JOINERS)


def kind_of(character: str) -> str:
    """Name the kind of an unseen character, as a person may know it."""
    category = unicodedata.category(character)
    if character in TURNS:
        return _("a mark that turns the direction of writing")
    if category == "Cc":
        return _("a control character")
    if category in {"Co", "Cs"}:
        return _("a character that no font has")
    return _("a character without width")
