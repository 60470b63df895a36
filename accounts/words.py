"""What people call themselves and their business: a line without what can't be seen (trust.md V3)."""

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

UNSEEN = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
JOINERS = "\u200c\u200d"
"""Invisible, but part of words in some scripts."""


def clean_line(written: str) -> str:
    """Return the text in one normal form with single spaces; ValidationError when it holds what nobody sees."""
    text = " ".join(unicodedata.normalize("NFC", written).split())
    if any(unicodedata.category(letter) in UNSEEN and letter not in JOINERS for letter in text):
        raise ValidationError(_("This holds a character that can’t be seen. Type it again."))
    return text


class LineField(forms.CharField):
    """One line that people read."""

    def clean(self, value: Any) -> str:
        """Read what was typed."""
        written = super().clean(value)
        return clean_line(written) if written else written
