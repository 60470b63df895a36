"""What was typed into a search box, read and checked; and for what an address takes its words."""

import unicodedata
from collections.abc import Sequence

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flipdash.histories.search import TEXT, SearchField, Text, digits_of
from flipdash.lines import without_marks
from flipdash.searchkeys import SHORTEST, bare, is_found_inside

LONGEST = 200
MOST_WORDS = 8
LONGEST_NUMBER = 34
"""Digits of the longest account number."""
NO_MEANING = gettext_lazy("This address takes a word for something that isn't searched here.")


def clean_term(text: str) -> str:
    """Return what was typed in one form of Unicode, without space around it, or raise ValidationError.

    More lenient than `clean_line`: marks that were pasted with a name are left out, as a person who sees the name
    expects to find it; and inner spaces stay, as numbers come in groups.
    """
    term = without_marks(text).strip()
    if any(unicodedata.category(c) in {"Cc", "Cs"} and c not in "\t\n\r" for c in term):
        raise ValidationError(_("This search contains a character that can't be searched for."))
    if len(term) > LONGEST:
        raise ValidationError(_("Please search with at most %d characters.") % LONGEST)
    if SHORTEST <= len(digits_of(term)) <= LONGEST_NUMBER or (term.isascii() and term.isdigit()):
        return term  # a number, in whatever groups it was pasted
    if len(term.split()) > MOST_WORDS:
        raise ValidationError(_("Please search with at most %d words.") % MOST_WORDS)
    return term


def clean_long_term(text: str) -> str:
    """Do so, and refuse words of which none is long enough to be found inside of others."""
    term = clean_term(text)
    if term and not digits_of(term) and max(map(len, term.split())) < SHORTEST:
        raise ValidationError(_("Please search with a word of at least %d characters.") % SHORTEST)
    return term


class SearchBox(forms.CharField):
    """Reads what was typed into the search box."""

    def clean(self, value: str | None) -> str:
        """Return the term in one form; raises ValidationError with words for the person."""
        term = clean_term(super().clean(value))
        if term and not any(is_found_inside(word) or bare(word) for word in term.split()):
            raise ValidationError(_("Please search with a letter or a digit."))
        return term


class TakenField(forms.MultipleChoiceField):
    """Reads for what words of the search are taken: text, for all of them, or amount:1850000 for one."""

    def __init__(self, search: Sequence[SearchField | Text]) -> None:
        super().__init__(required=False, error_messages={"invalid_choice": NO_MEANING})
        self.names = {TEXT, *(field.field for field in search if isinstance(field, SearchField))}

    def valid_value(self, value: str) -> bool:
        """Return whether it names something that words can be taken for here. The words may be gone since then."""
        name, _colon, words = value.partition(":")
        return value == TEXT or (name in self.names and bool(words))
