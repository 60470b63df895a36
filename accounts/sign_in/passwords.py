"""What a password must be: one rule (settings.AUTH_PASSWORD_VALIDATORS), one hint, one field for choosing one."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from flipdash.hashers import is_too_long

HINT = gettext_lazy("At least 12 characters. A few words in a row are easy to remember.")


class MostBytes:
    """Refuse a password that is longer than we hash."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError above 1,024 bytes."""
        if is_too_long(password):
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        return _("A password has at most 1,024 bytes.")


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
