"""What a password must be: one rule (settings.AUTH_PASSWORD_VALIDATORS), one hint, one field for choosing one."""

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.auth.password_validation import CommonPasswordValidator, validate_password
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from zxcvbn_rs_py import Warning as Reason
from zxcvbn_rs_py import zxcvbn

from flipdash.hashers import is_too_long

HINT = gettext_lazy("At least 12 characters. Three or four unrelated words work well.")

LEAST_GUESSES = 8
"""How many tries a password has to withstand, as a power of ten: the least that zxcvbn's authors call safe."""

MOST_JUDGED = 72
"""How many characters are judged: the time grows faster than the length."""

LEAST_OF_OWN = 6
"""How many characters have to be left when what is known of the person is taken out."""

LOCAL_WORDS = [
    *("flipdash", "rahasia", "rahasiaku", "katasandi", "sandi", "sayang", "sayangku", "cinta", "bismillah"),
    *("alhamdulillah", "indonesia", "merdeka", "sukses", "persib", "persija", "bonek"),
    *("jakarta", "bandung", "surabaya", "semarang", "medan", "makassar"),
]
"""What passwords are made of here and zxcvbn, which knows English, doesn't have."""


class MostBytes:
    """Refuse a password that is longer than we hash."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError above 1,024 bytes."""
        if is_too_long(password):
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        return _("A password has at most 1,024 bytes.")


class NotGuessable(CommonPasswordValidator):
    """Refuse what is guessed first: the commonest passwords, repetitions, rows of keys and digits, dates."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError that says what to change."""
        if is_too_long(password):
            return  # which MostBytes says
        if password.lower().strip() in self.passwords:
            raise _guessable(Weakness.COMMON)
        if weakness := weakness_of(password):
            raise _guessable(weakness)

    def get_help_text(self) -> str:
        return str(HINT)


class Weakness(models.TextChoices):
    """Why a password is guessed soon, and what to change."""

    COMMON = "common", gettext_lazy("This is one of the commonest passwords. Three or four unrelated words work well.")
    REPEATED = "repeated", gettext_lazy("This password repeats itself. Use three or four different words.")
    ROW = (
        "row",
        gettext_lazy("Rows of keys, letters or digits are guessed first. Three or four unrelated words work well."),
    )
    DATE = "date", gettext_lazy("Dates and years are guessed first. Add three or four unrelated words.")
    SHORT = (
        "short",
        gettext_lazy("This password is guessed too soon. Add a word or two that have nothing to do with the rest."),
    )
    PERSONAL = (
        "personal",
        gettext_lazy(
            "This password is made of your name, your address or your business’s name. Use words that have nothing "
            "to do with you."
        ),
    )


_REASONS = {
    Weakness.REPEATED: (
        Reason.RepeatsLikeAaaAreEasyToGuess,
        Reason.RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess,
    ),
    Weakness.ROW: (
        Reason.StraightRowsOfKeysAreEasyToGuess,
        Reason.ShortKeyboardPatternsAreEasyToGuess,
        Reason.SequencesLikeAbcAreEasyToGuess,
    ),
    Weakness.DATE: (Reason.RecentYearsAreEasyToGuess, Reason.DatesAreOftenEasyToGuess),
    Weakness.COMMON: (
        Reason.ThisIsATop10Password,
        Reason.ThisIsATop100Password,
        Reason.ThisIsACommonPassword,
        Reason.ThisIsSimilarToACommonlyUsedPassword,
    ),
}
"""zxcvbn's words by ours; what it has others for, such as a name alone, is too short."""


def weakness_of(password: str, about: Iterable[str] = ()) -> Weakness | None:
    """Return why a password is guessed soon, None if it is not.

    `about` is what is known of the person: name, address, the business's name. It costs about 0.2 ms, a few dozen
    at most.
    """
    words = [*_words(about), *LOCAL_WORDS]
    shown = password[:MOST_JUDGED]
    plain = re.sub(r"[\s._/-]", "", shown)  # what stands between words makes nothing safer
    for judged in (shown, plain):
        entropy = zxcvbn(judged, words)
        if entropy.guesses_log10 < LEAST_GUESSES:
            if about and weakness_of(password) is None:
                return Weakness.PERSONAL
            reason = entropy.feedback.warning if entropy.feedback else None
            return next((ours for ours, theirs in _REASONS.items() if reason in theirs), Weakness.SHORT)
    if about and len(_without(words, plain.lower())) < LEAST_OF_OWN:
        return Weakness.PERSONAL
    return None


def _without(words: Iterable[str], text: str) -> str:
    """Return what is left of a text when the words are taken out, the longest first."""
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, "")
    return text


def refuse_personal(password: str, *about: str) -> str:
    """Return a password that has nothing to do with the person; raise ValidationError for another."""
    if weakness := weakness_of(password, about):
        raise _guessable(weakness)
    return password


def _guessable(weakness: Weakness) -> ValidationError:
    return ValidationError(weakness.label, code="password_guessable")


def _words(about: Iterable[str]) -> list[str]:
    """Return the words of names and addresses, each alone and all of one together."""
    found = []
    for known in about:
        parts = re.findall(r"\w+", known.lower())
        found += [part for part in (*parts, "".join(parts)) if len(part) > 2]
    return found


class PasswordField(forms.CharField):
    """The password that somebody has: asked, never judged by the rule. Spaces around it belong to it."""

    autocomplete = "current-password"

    def __init__(self, label: Any, **kwargs: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": self.autocomplete})
        super().__init__(label=label, strip=False, widget=widget, **kwargs)


class NewPasswordField(PasswordField):
    """The password that somebody chooses: held to the rule before anything hashes it (trust.md A3)."""

    autocomplete = "new-password"

    def __init__(self, label: Any, **kwargs: Any) -> None:
        super().__init__(label, help_text=HINT, **kwargs)

    def validate(self, value: str) -> None:
        """Raise ValidationError for what is missing, too short, too long or too common."""
        super().validate(value)
        validate_password(value)
